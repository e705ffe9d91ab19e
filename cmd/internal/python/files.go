package python

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// files are the Python files that places lie in, by their absolute names.
type files struct {
	main   *source.File
	folder string // of main, absolute
	known  map[string]*source.File
}

func newFiles(main *source.File) *files {
	abs, err := filepath.Abs(main.Name())
	if err != nil {
		abs = main.Name()
	}
	return &files{main: main, folder: filepath.Dir(abs), known: map[string]*source.File{abs: main}}
}

// maxImported bounds a file that the pipeline's file imports.
const maxImported = 4 << 20

// get is a file, nil when it cannot be shown. Its name is told as that of the
// main file was.
func (f *files) get(abs string) *source.File {
	if file, ok := f.known[abs]; ok {
		return file
	}
	f.known[abs] = nil
	text, err := readRegular(abs, maxImported)
	if err != nil || !Is(abs) {
		return nil
	}
	name := abs
	if rel, err := filepath.Rel(f.folder, abs); err == nil && !strings.HasPrefix(rel, "..") {
		name = filepath.Join(filepath.Dir(f.main.Name()), rel)
	}
	f.known[abs] = source.NewFile(name, text)
	return f.known[abs]
}

// span is a place as findings have it: on one line, and without the blanks
// before it. The zero span is for a place that cannot be shown.
func (f *files) span(p *place) source.Span {
	if p == nil || p.Line < 1 {
		return source.Span{}
	}
	file := f.get(p.File)
	if file == nil || p.Line > file.LineCount() {
		return source.Span{}
	}
	start := file.LineStart(p.Line)
	line := file.Text()[start:file.LineStart(p.Line+1)]
	line = bytes.TrimRight(line, " \t\r\n")
	from, to := min(max(p.Column, 0), len(line)), len(line)
	if p.EndLine == p.Line && p.EndColumn > from {
		to = min(p.EndColumn, len(line))
	}
	if p.EndLine == 0 && p.Column == 0 {
		from = len(line) - len(bytes.TrimLeft(line, " \t\f\xef\xbb\xbf"))
	}
	return source.Span{File: file, Start: start + from, End: start + max(from, to)}
}
