package source

import (
	"testing"
	"unicode/utf8"
)

func TestPosition(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		offset       int
		line, column int
	}{
		{"start", "abc", 0, 1, 1},
		{"end", "abc", 3, 1, 4},
		{"second line", "a\nbc", 3, 2, 2},
		{"on the line break", "a\nbc", 1, 1, 2},
		{"CRLF", "a\r\nbc", 4, 2, 2},
		{"wide runes", "日本: x", 8, 1, 5},
		{"tab counts one", "\tx", 1, 1, 2},
		{"byte order mark", "\xef\xbb\xbfab", 4, 1, 2},
		{"behind the end", "ab", 99, 1, 3},
		{"before the start", "ab", -4, 1, 1},
		{"empty file", "", 0, 1, 1},
	} {
		f := NewFile("f", []byte(c.text))
		if got := f.Position(c.offset); got != (Position{c.line, c.column}) {
			t.Errorf("%s: %v, want %d:%d", c.name, got, c.line, c.column)
		}
	}
}

func TestLine(t *testing.T) {
	f := NewFile("f", []byte("one\r\ntwo\n\nlast"))
	for i, want := range []string{"one", "two", "", "last"} {
		if got := f.Line(i + 1); got != want {
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		}
	}
	if f.Line(0) != "" || f.Line(5) != "" {
		t.Error("lines outside the file are not empty")
	}
	if f.LineCount() != 4 {
		t.Errorf("%d lines", f.LineCount())
	}
}

func FuzzPositionRoundTrip(f *testing.F) {
	f.Add("a\nb\r\n日本\n", 5)
	f.Add("\xef\xbb\xbfx", 3)
	f.Fuzz(func(t *testing.T, text string, offset int) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		file := NewFile("f", []byte(text))
		if offset < 0 || offset > len(text) || offset < len(text) && !utf8.RuneStart(text[offset]) {
			t.Skip()
		}
		if len(text) >= 3 && text[:3] == "\xef\xbb\xbf" && offset < 3 {
			t.Skip() // inside the byte order mark there is no column
		}
		p := file.Position(offset)
		if got := file.Offset(p.Line, p.Column); got != offset {
			t.Errorf("offset %d is %v, which is offset %d", offset, p, got)
		}
	})
}

func TestSpan(t *testing.T) {
	f := NewFile("dir/f.yaml", []byte("one\ntwo three"))
	s := Span{f, 4, 7}
	if s.Text() != "two" || s.String() != "dir/f.yaml:2:1" {
		t.Errorf("%q at %s", s.Text(), s)
	}
	if j := Join(s, Span{f, 8, 13}); j.Text() != "two three" {
		t.Errorf("joined %q", j.Text())
	}
	if j := Join(Span{}, s); j != s {
		t.Errorf("joined with nowhere: %v", j)
	}
	if (Span{}).String() != "(nowhere)" || (Span{}).Text() != "" {
		t.Error("the zero span is somewhere")
	}
	if (Span{f, -5, 500}).Text() != "one\ntwo three" {
		t.Error("a span outside its file is not clamped")
	}
}

// A double-quoted scalar: a\tb é with an escape of two bytes, as a front end
// would build it.
func TestFragmentLeadsBack(t *testing.T) {
	text := `x: "a\tbc\u00e9d"`
	f := NewFile("f", []byte(text))
	b := NewFragment(f)
	b.Add("a", 4, 5)
	b.Add("\t", 5, 7)
	b.Add("bc", 7, 9)
	b.Add("é", 9, 15)
	b.Add("d", 15, 16)
	fr := b.Fragment()
	if fr.Text != "a\tbcéd" {
		t.Fatalf("text %q", fr.Text)
	}
	for _, c := range []struct {
		start, end int
		want       string
	}{
		{0, 1, "a"}, {1, 2, `\t`}, {2, 4, "bc"}, {3, 4, "c"}, {4, 6, `\u00e9`}, {6, 7, "d"},
		{0, 7, `a\tbc\u00e9d`}, {1, 4, `\tbc`}, {4, 7, `\u00e9d`},
	} {
		if got := fr.Span(c.start, c.end).Text(); got != c.want {
			t.Errorf("%d to %d is %q, want %q", c.start, c.end, got, c.want)
		}
		if got := fr.Slice(c.start, c.end).All().Text(); got != c.want {
			t.Errorf("slice %d to %d is %q, want %q", c.start, c.end, got, c.want)
		}
	}
}

func TestPlainFragment(t *testing.T) {
	f := NewFile("f", []byte("key: ${{ inputs.x }}"))
	fr := Plain(f, 5, "${{ inputs.x }}")
	if got := fr.Span(4, 12).Text(); got != "inputs.x" {
		t.Errorf("%q", got)
	}
	if got := fr.Slice(4, 12).Span(7, 8).Text(); got != "x" {
		t.Errorf("slice of a slice: %q", got)
	}
}
