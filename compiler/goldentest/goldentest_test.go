package goldentest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A recorder is a test that goes on after its failures.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(f string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)            { r.Fatalf("%s", fmt.Sprint(args...)) }

// judge is what File says of text and a file of the given content.
func judge(t *testing.T, path, got string) string {
	r := &recorder{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() { File(r, path, got) })
	wg.Wait()
	return strings.Join(r.failures, "\n")
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "golden")
	if said := judge(t, path, "one\n"); !strings.Contains(said, "-update") {
		t.Errorf("without a golden: %q", said)
	}
	*update = true
	said := judge(t, path, "one\ntwo\nthree\n")
	*update = false
	if said != "" || judge(t, path, "one\ntwo\nthree\n") != "" {
		t.Errorf("just written: %q", said)
	}
	for _, got := range []string{"one\n2\nthree\n", "one\n", "one\ntwo\nthree\nfour\n", ""} {
		if judge(t, path, got) == "" {
			t.Errorf("%q passes", got)
		}
	}
	if said := judge(t, path, "one\n2\nthree\n"); !strings.Contains(said, "Line 2 on was\ntwo\nthree\n\nand is now\n2\nthree\n") {
		t.Errorf("of the second line: %q", said)
	}
}
