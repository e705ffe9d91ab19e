package follow

import "testing"

func TestAhead(t *testing.T) {
	asked, ended := 0, false
	seq := func(yield func(int, string) bool) {
		defer func() { ended = true }()
		for i, s := range []string{"a", "b", "c"} {
			asked++
			if !yield(i, s) {
				return
			}
		}
	}
	all := Ahead(seq)
	if asked != 1 {
		t.Errorf("%d elements were asked for", asked)
	}
	got := ""
	for i, s := range all {
		if got += s; i == 1 {
			break
		}
	}
	if got != "ab" || !ended {
		t.Errorf("%q, ended: %v", got, ended)
	}
	for range Ahead(func(func(int, string) bool) {}) {
		t.Error("an empty sequence has an element")
	}
}
