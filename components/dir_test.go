package components_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/components"
)

func TestDir(t *testing.T) {
	outer := t.TempDir()
	root := filepath.Join(outer, "project")
	for name, text := range map[string]string{"project/a.yaml": "a", "project/parts/b.yaml": "b", "secret.yaml": "s"} {
		file := filepath.Join(outer, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outer, "secret.yaml"), filepath.Join(root, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	load := components.Dir(root)
	from := func(name string) *source.File { return source.NewFile(filepath.Join(root, name), nil) }
	for _, c := range []struct {
		from, ref, text string
		err             error
	}{
		{"a.yaml", "parts/b.yaml", "b", nil},
		{"parts/b.yaml", "../a.yaml", "a", nil},
		{"a.yaml", "../secret.yaml", "", compiler.ErrOutside},
		{"parts/b.yaml", "../../secret.yaml", "", compiler.ErrOutside},
		{"a.yaml", "link.yaml", "", compiler.ErrOutside},
		{"a.yaml", "parts", "", compiler.ErrNoFile},
		{"a.yaml", "none.yaml", "", compiler.ErrNotFound},
	} {
		f, err := load(t.Context(), from(c.from), c.ref)
		if !errors.Is(err, c.err) {
			t.Errorf("%s from %s: %v, want %v", c.ref, c.from, err, c.err)
		}
		if err == nil && string(f.Text()) != c.text {
			t.Errorf("%s from %s holds %q", c.ref, c.from, f.Text())
		}
	}
}
