package dsl

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

func plain(s string) *tree.Node { return &tree.Node{Kind: tree.Plain, Scalar: s} }

func TestScalars(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]float64{
		"0": 0, "30s": 30, "1.5h": 5400, "1h30m": 5400, "7d": 604800, "1d1h1m1s": 90061, "500ms": 0.5, "2m500ms": 120.5,
	} {
		if got, ok := readDuration(plain(s)); !ok || got != want {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "30", "-1s", "1s1h", "1h1h", "h", "1 h", "1w", "1e9s", "s1", "1.s.", "9999999d", "+1s"} {
		if got, ok := readDuration(plain(s)); ok {
			t.Errorf("%q is read as %v s", s, got)
		}
	}
	for s, want := range map[string]int64{"0": 0, "-7": -7, "+7": 7, "9007199254740991": 9007199254740991} {
		if got, ok := readInt(plain(s)); !ok || got != want {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "-", "010", "1.0", "1e3", "0x10", "1_000", "9007199254740992", "99999999999999999999", "٣"} {
		if got, ok := readInt(plain(s)); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	for s, want := range map[string]float64{"1": 1, "-.5": -0.5, "1.": 1, "1e3": 1000, "1E-2": 0.01, "0.10": 0.1} {
		if got, ok := readNumber(plain(s)); !ok || got != want {
			t.Errorf("%s: %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", ".", "e3", "1e", ".inf", "NaN", "1e999", "1_0", "01.5", "0x1p3"} {
		if got, ok := readNumber(plain(s)); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	for _, s := range []string{"yes", "on", "True", "TRUE", "1", "y"} {
		if _, ok := readBool(plain(s)); ok {
			t.Errorf("%q is read as a boolean", s)
		}
	}
}

func TestHasExpression(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"": false, "${{": true, "$${{ x }}": false, "$${{ ${{": true, "a${{": true, "{{x}}": false, "$$${{": false} {
		if hasExpression(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

// TestMergePatch holds mergePatch against RFC 7396's own rules on JSON values.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	value := rapid.Deferred(func() *rapid.Generator[any] { return jsonValue(3) })
	rapid.Check(t, func(t *rapid.T) {
		base, patch := value.Draw(t, "base"), value.Draw(t, "patch")
		want, _ := json.Marshal(rfc7396(base, patch))
		got, _ := json.Marshal(jsonOf(mergePatch(nodeOf(t, base), nodeOf(t, patch))))
		if string(got) != string(want) {
			t.Fatalf("got %s want %s", got, want)
		}
	})
}

func jsonValue(depth int) *rapid.Generator[any] {
	leaf := rapid.SampledFrom([]any{nil, "x", "y", true, []any{"z"}})
	if depth == 0 {
		return leaf
	}
	object := rapid.Custom(func(t *rapid.T) any {
		m := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "size") {
			m[rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")] = jsonValue(depth-1).Draw(t, "value")
		}
		return m
	})
	return rapid.OneOf(leaf, object, object)
}

func rfc7396(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if t, ok := target.(map[string]any); ok {
		for k, v := range t {
			out[k] = v
		}
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = rfc7396(out[k], v)
		}
	}
	return out
}

func nodeOf(t *rapid.T, v any) *tree.Node {
	b, _ := json.Marshal(map[string]any{"v": v})
	docs := tree.Parse(source.NewFile("v.json", b), func(d diag.Diagnostic) { t.Fatal(d.Message) })
	return docs[0].Get("v")
}

func jsonOf(n *tree.Node) any {
	return rawJSON(n)
}
