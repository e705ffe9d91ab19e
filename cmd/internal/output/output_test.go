package output

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
)

func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "out.yaml")
	if err := File(name, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink("out.yaml", link); err != nil {
		t.Skip(err)
	}
	if err := File(link, []byte("two")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != "two" {
		t.Errorf("%q, %v: the link's target was not written", got, err)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is none any more")
	}
	if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("rights are %v, want those of the old file", st.Mode())
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d entries, want 2: something was left", len(entries))
	}
}

// A file that cannot be put in place leaves the old one and nothing else.
func TestFileFails(t *testing.T) {
	dir := t.TempDir()
	if err := Answer(filepath.Join(dir, "nowhere", "x"), []byte("x")); app.ExitCode(err) != app.ExitUsage {
		t.Errorf("got %v, want wrong usage", err)
	}
	if err := Answer(dir, []byte("x")); err == nil {
		t.Error("a folder was written over")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, map[string]string{"a": "<&>"}); err != nil || b.String() != "{\n  \"a\": \"<&>\"\n}\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}
