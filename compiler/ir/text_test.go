package ir_test

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{"iris": "iris", "My_Pipe line": "my-pipe-line", "--": "", "": "", "É": "", "a--b-": "a-b", "-2 Éa": "2-a"} {
		if got := ir.Slug(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
