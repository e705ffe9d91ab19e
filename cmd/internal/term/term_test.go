package term

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

func TestTable(t *testing.T) {
	s, b := iostreams.Test()
	table := NewTable("NAME", "EMPTY", "VALUE")
	table.Row("日本", "", "1")
	table.Row("ascii", "", "two words")
	if err := table.Write(s.Out, OutTheme(s)); err != nil {
		t.Fatal(err)
	}
	want := "NAME   VALUE\n日本   1\nascii  two words\n"
	if b.Out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.Out, want)
	}
}

// Painted cells are as wide as they look.
func TestTableWithColour(t *testing.T) {
	s, b := iostreams.Test()
	s.SetColor(iostreams.Always)
	theme := OutTheme(s)
	table := NewTable("STATE", "X")
	table.Row(theme.State("failed", "failed"), "1")
	table.Row("ok", "2")
	if err := table.Write(s.Out, theme); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.Out.String(), "\x1b[") {
		t.Error("nothing is painted")
	}
	for i, line := range strings.Split(strings.TrimSpace(b.Out.String()), "\n")[1:] {
		if got := screen(line); !strings.HasPrefix(got[len(got)-1][8:], []string{"1", "2"}[i]) {
			t.Errorf("column 2 begins elsewhere in %q", got)
		}
	}
}

// The widest of the columns that give way are cut, and only as far as needed.
func TestTableFit(t *testing.T) {
	for cells, want := range map[int]string{
		0:  "NAME                   KIND               N\na-name-of-twenty-two-  a-kind-of-sixteen  1\n",
		50: "NAME                   KIND               N\na-name-of-twenty-two-  a-kind-of-sixteen  1\n",
		38: "NAME              KIND               N\na-name-of-twent…  a-kind-of-sixteen  1\n",
		35: "NAME             KIND             N\na-name-of-twen…  a-kind-of-sixt…  1\n",
		9:  "NAME          KIND          N\na-name-of-t…  a-kind-of-s…  1\n",
	} {
		s, b := iostreams.Test()
		table := NewTable("NAME", "KIND", "N")
		table.Row("a-name-of-twenty-two-", "a-kind-of-sixteen", "1")
		table.Fit(cells, 0, 1)
		if err := table.Write(s.Out, OutTheme(s)); err != nil {
			t.Fatal(err)
		}
		if b.Out.String() != want {
			t.Errorf("%d cells: got\n%s\nwant\n%s", cells, b.Out, want)
		}
	}
}

func TestCleanLog(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain\r\n", "plain"},
		{"10%\r50%\r100%", "100%"},
		{"\x1b[31mred\x1b[0m", "red"},
		{"\x1b]0;title\x07text", "text"},
		{"a\tb", "a    b"},
		{"nul\x00bell\x07", "nul␀bell␇"},
		{"\u202egnp.exe", `\u{202e}gnp.exe`},
		{"\xff", "\ufffd"},
		{"", ""},
	} {
		if got := CleanLog(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzCleanLog(f *testing.F) {
	for _, s := range []string{"a", "\x1b[2J\x1b]52;c;Zm9v\x07", "\x1bP+q\x1b\\", "\x9b1m", "x\ry"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanLog(s)
		for _, r := range got {
			if r < 0x20 || r >= 0x7f && r < 0xa0 {
				t.Fatalf("%q holds %U", got, r)
			}
		}
	})
}

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{-1, ""}, {0, "0.0s"}, {1500 * time.Millisecond, "1.5s"}, {42 * time.Second, "42s"},
		{185 * time.Second, "3m05s"}, {2*time.Hour + 9*time.Minute, "2h09m"}, {76 * time.Hour, "3d4h"},
	} {
		if got := Duration(tt.d); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.d, got, tt.want)
		}
	}
	for n, want := range map[int64]string{-1: "", 0: "0 B", 1 << 10: "1.0 KiB", 3 << 19: "1.5 MiB", 1 << 30: "1.0 GiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// What a terminal shows in the end: the printed lines in order, the last block
// below them, nothing of the blocks before.
func TestLive(t *testing.T) {
	var out bytes.Buffer
	l := NewLive(&out, func() int { return 20 })
	l.Draw([]string{"one running", "two running"})
	l.Print("one is done")
	l.Draw([]string{"two running, and this line is far too wide"})
	l.Draw([]string{"a", "b", "c"})
	got := screen(out.String())
	want := []string{"one is done", "a", "b", "c"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the screen shows %q, want %q", got, want)
	}
	l.Clear()
	if got := screen(out.String()); strings.Join(got, "|") != "one is done" {
		t.Errorf("after Clear: %q", got)
	}
	if strings.Contains(out.String(), "far too wide") {
		t.Error("a line of the block is wider than the terminal")
	}
}

// screen is a small model of a terminal: lines, cursor up, erase.
func screen(s string) []string {
	lines := [][]rune{{}}
	row, col := 0, 0
	for i := 0; i < len(s); {
		rest := s[i:]
		switch {
		case strings.HasPrefix(rest, "\x1b["):
			end := strings.IndexAny(rest[2:], "ABCDHJKm")
			arg, op := rest[2:2+end], rest[2+end]
			n := 1
			if arg != "" && arg[0] >= '0' && arg[0] <= '9' {
				n = 0
				for _, d := range arg {
					if d >= '0' && d <= '9' {
						n = n*10 + int(d-'0')
					}
				}
			}
			switch op {
			case 'A':
				row = max(0, row-n)
			case 'J':
				lines = lines[:row+1]
				lines[row] = lines[row][:min(col, len(lines[row]))]
			case 'K':
				lines[row] = lines[row][:min(col, len(lines[row]))]
			}
			i += 3 + end
			continue
		case rest[0] == '\r':
			col = 0
		case rest[0] == '\n':
			row, col = row+1, 0
			if row == len(lines) {
				lines = append(lines, nil)
			}
		default:
			r := []rune(rest)[0]
			for len(lines[row]) <= col {
				lines[row] = append(lines[row], ' ')
			}
			lines[row][col] = r
			col++
			i += len(string(r)) - 1
		}
		i++
	}
	var out []string
	for _, l := range lines {
		out = append(out, strings.TrimRight(string(l), " "))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
