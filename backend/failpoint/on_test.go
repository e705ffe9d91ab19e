//go:build failpoints

package failpoint

import (
	"errors"
	"syscall"
	"testing"
)

func TestRules(t *testing.T) {
	p, err := parse("a.b.2:error,c.1+:enospc")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		name string
		want error
	}{
		{"a.b", nil}, {"a", nil}, {"a.b", ErrInjected}, {"a.b", nil},
		{"c", syscall.ENOSPC}, {"c", syscall.ENOSPC},
	} {
		if err := p.hit(c.name, ""); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("hit %d of %s: %v, want %v", i, c.name, err, c.want)
		}
	}
	for _, bad := range []string{"a", "a.1", "a:kill", "a.0:kill", "a.x:kill", "a.1:explode"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
