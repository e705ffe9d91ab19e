package check

import (
	"strings"
	"testing"
)

func TestKubernetesNames(t *testing.T) {
	for name, rule := range map[string]struct {
		ok        func(string) bool
		good, bad []string
	}{
		"object":    {isObjectName, []string{"a", "my-secret", "a.b-c.d", "1a", strings.Repeat("a", 253)}, []string{"", "A", "a_b", "-a", "a-", "a..b", ".a", strings.Repeat("a", 254), "a b", "ä"}},
		"label":     {isLabelValue, []string{"", "a", "A_b.c-D", strings.Repeat("a", 63)}, []string{"-a", "a-", "a b", "a/b", strings.Repeat("a", 64), "ä"}},
		"qualified": {isQualifiedName, []string{"app", "example.com/app", "nvidia.com/gpu", "cpu"}, []string{"", "/app", "a/b/c", "Example.com/app", "example.com/", "a b"}},
		"env":       {isEnvName, []string{"A", "_x", "a.b-c", "X1"}, []string{"", "1A", "A B", "A=B", "..x", "ä"}},
		"key":       {isConfigKey, []string{"a", "A.b_c-d", ".x"}, []string{"", ".", "..", "a/b", "a b"}},
		"image": {func(s string) bool { return imageFault(s) == "" },
			[]string{"busybox", "python:3.11", "acme/train:1.4", "localhost:5000/x/y", "a.b/c__d/e-f@sha256:" + strings.Repeat("a", 64), "x:5000/y:z", "REGISTRY.example.com/x"},
			[]string{"a b", "Busybox", "x:", "x@sha256:12", "x//y", "-x", "https://x/y", "x:t:u", "/x", "ä"}},
		"name": {isName, []string{"a", "_a", "A-1_"}, []string{"", "1a", "-a", "a b", "a.b", "ä"}},
		"zone": {zoneKnown, []string{"Europe/Berlin", "UTC", "Etc/GMT+1", "America/Argentina/Buenos_Aires"}, []string{"Europe/Berln", "berlin", "UTC\nGMT", "Europe"}},
	} {
		for _, s := range rule.good {
			if !rule.ok(s) {
				t.Errorf("%s: %q should be good", name, s)
			}
		}
		for _, s := range rule.bad {
			if rule.ok(s) {
				t.Errorf("%s: %q should be bad", name, s)
			}
		}
	}
}

func TestQuantity(t *testing.T) {
	for s, want := range map[string]float64{
		"1": 1, "500m": 0.5, "1.5": 1.5, "512Mi": 512 << 20, "2Gi": 2 << 30, "1e3": 1000, "1E3": 1000, "2E": 2e18, ".5": .5, "1.": 1, "+1": 1, "-1": -1, "100k": 1e5, "10n": 1e-8,
	} {
		if got, ok := quantity(s); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "x", "512MB", "1 Gi", "1gi", "0x10", "1e", "Inf", "NaN", "1_000", "--1", "m", "1KI"} {
		if got, ok := quantity(s); ok {
			t.Errorf("%q is no quantity, got %v", s, got)
		}
	}
	if h := quantityHint("512MB"); h != "write 512Mi" {
		t.Error(h)
	}
}

func TestCron(t *testing.T) {
	for _, s := range []string{"* * * * *", "0 2 * * *", "*/10 0-5 1,15 jan-mar MON", "@daily", "0 0 ? * 1-5/2"} {
		if bad := cronFault(s); bad != "" {
			t.Errorf("%q: %s", s, bad)
		}
	}
	for _, s := range []string{"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "*/0 * * * *", "5-1 * * * *", "@often", "TZ=UTC * * * * *", "a * * * *", "1- * * * *", "-1 * * * *"} {
		if cronFault(s) == "" {
			t.Errorf("%q should be refused", s)
		}
	}
}
