package rundiff

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUnified(t *testing.T) {
	for _, c := range []struct{ name, a, b, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"empty", "", "", ""},
		{"changed", "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
		{"from nothing", "", "a\n", "@@ -0,0 +1,1 @@\n+a\n"},
		{"to nothing", "a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
		{"two hunks", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
			"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
	} {
		if got, whole := unified(c.a, c.b); got != c.want || !whole {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, whole, got, c.want)
		}
	}
	many := strings.Repeat("x\n", 3000)
	if text, whole := unified(many, strings.ReplaceAll(many, "x", "y")); whole || text != "" {
		t.Error("3000 changed lines are told")
	}
	if text, whole := unified("", strings.Repeat("y\n", 900)); whole || strings.Count(text, "\n") != maxLines {
		t.Error("900 new lines are not cut short")
	}
}

// TestUnifiedApplies: patch(1), or failing that our own edits, make the second
// text of the first.
func TestUnifiedApplies(t *testing.T) {
	program, err := exec.LookPath("patch")
	rapid.Check(t, func(rt *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", "", "d"})
		a := strings.Join(rapid.SliceOfN(line, 1, 20).Draw(rt, "a"), "\n") + "\n"
		b := strings.Join(rapid.SliceOfN(line, 1, 20).Draw(rt, "b"), "\n") + "\n"
		edits, ok := shortest(splitLines(a), splitLines(b))
		if !ok {
			rt.Fatal("too long")
		}
		var x, y []string
		for _, e := range edits {
			if e.op != '+' {
				x = append(x, e.text)
			}
			if e.op != '-' {
				y = append(y, e.text)
			}
		}
		if strings.Join(x, "\n")+"\n" != a || strings.Join(y, "\n")+"\n" != b {
			rt.Fatalf("%q to %q: %v", a, b, edits)
		}
	})
	if err != nil {
		return
	}
	dir := t.TempDir()
	a, b := "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n3\n4\nnew\n5\n6\n7\n8\nnine\n"
	text, _ := unified(a, b)
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte(a), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-s", file)
	cmd.Stdin = strings.NewReader("--- a\n+++ b\n" + text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, text)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != b {
		t.Errorf("patch gives %q, %v", got, err)
	}
}
