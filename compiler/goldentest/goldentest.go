// Package goldentest compares what tests get with files that people read when
// they change: goldens. The flag -update of each test that uses it writes them.
package goldentest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write goldens and pages instead of comparing with them")

// Updating reports whether goldens are to be written.
func Updating() bool { return *update }

// File compares text with a file, or writes it.
func File[T string | []byte](t testing.TB, path string, got T) {
	t.Helper()
	text := []byte(got)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if !bytes.Equal(want, text) {
		t.Errorf("%s is out of date; write it with -update (`make docs` for all) and read the difference. %s", path, firstChange(string(want), string(text)))
	}
}

// context is how many lines are shown from the first that differs.
const context = 12

func firstChange(want, got string) string {
	old, now := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	at := 0
	for at < len(old) && at < len(now) && old[at] == now[at] {
		at++
	}
	part := func(lines []string) string { return strings.Join(lines[at:min(at+context, len(lines))], "") }
	return "Line " + strconv.Itoa(at+1) + " on was\n" + part(old) + "\nand is now\n" + part(now)
}
