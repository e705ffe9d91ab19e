package taskpath

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCompare(t *testing.T) {
	sorted := []string{"", "a", "a-b", "a[0]/x", "a[2]", "a[2]/x", "a[010]", "a[10]", "b", "b/c"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got, want := Compare(a, b), cmpInt(i, j); got != want {
				t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[a0-9\[]{0,5}`)
		a, b, c := path.Draw(t, "a"), path.Draw(t, "b"), path.Draw(t, "c")
		if Compare(a, b) != -Compare(b, a) || (a == b) != (Compare(a, b) == 0) {
			t.Fatalf("%q %q: no order", a, b)
		}
		if Compare(a, b) < 0 && Compare(b, c) < 0 && Compare(a, c) >= 0 {
			t.Fatalf("%q %q %q: not transitive", a, b, c)
		}
	})
}

func cmpInt(i, j int) int {
	switch {
	case i < j:
		return -1
	case i > j:
		return 1
	}
	return 0
}
