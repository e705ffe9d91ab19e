package tree

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// The limits of a file, each far above what people write and low enough to
// keep a hostile file from using time or memory.
const (
	maxFile     = 32 << 20  // bytes
	maxScalar   = 4 << 20   // bytes of one scalar
	maxDepth    = 100       // collections inside one another
	maxExpanded = 1_000_000 // nodes once aliases are written out, where there are aliases
)

// Parse reads a file as YAML or JSON, one node per document. What is wrong is
// reported; a file that cannot be read at all gives nil.
func Parse(f *source.File, report diag.Reporter) []*Node {
	if d, bad := unreadable(f); bad {
		report(d)
		return nil
	}
	src := withoutHeader(text(f))
	start := strings.IndexFunc(strings.TrimPrefix(src, "\ufeff"), func(r rune) bool { return !strings.ContainsRune(" \t\r\n", r) })
	if start < 0 {
		report(emptyFile(source.Span{File: f}))
		return nil
	}
	start += len(src) - len(strings.TrimPrefix(src, "\ufeff"))
	var jsonError *diag.Diagnostic
	if src[start] == '{' {
		n, d, ok := readJSON(f, src, start, report)
		if ok && n == nil {
			return nil
		}
		if ok {
			return documents(f, []*Node{n}, report)
		}
		if strings.HasSuffix(strings.ToLower(f.Name()), ".json") {
			jsonError = d
		}
	}
	if docs, ok := readFast(f, src); ok {
		return documents(f, docs, report)
	}
	return documents(f, readYAML(f, src, jsonError, report), report)
}

// documents leaves out documents without content and reports when none is left.
func documents(f *source.File, docs []*Node, report diag.Reporter) []*Node {
	if docs == nil {
		return nil
	}
	kept := docs[:0]
	for _, n := range docs {
		if n != nil && !(n.IsNull() && n.Start == n.End) {
			kept = append(kept, n)
		}
	}
	if len(kept) == 0 {
		report(emptyFile(source.Span{File: f}))
		return nil
	}
	return kept
}

// unreadable finds what is no text at all.
func unreadable(f *source.File) (diag.Diagnostic, bool) {
	b := f.Text()
	at := func(i int) source.Span { return source.Span{File: f, Start: i, End: min(i+1, len(b))} }
	switch {
	case len(b) > maxFile:
		return tooBig(source.Span{File: f}, len(b)), true
	case bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")):
		return utf16File(source.Span{File: f, End: 2}), true
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return binaryFile(at(i)), true
	}
	if !utf8.Valid(b) {
		return badEncoding(at(invalidAt(b)), b[invalidAt(b)]), true
	}
	for i := header(text(f)); i < len(b); i++ {
		if c := b[i]; c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return controlCharacter(at(i), c), true
		}
	}
	return diag.Diagnostic{}, false
}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}
