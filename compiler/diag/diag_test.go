package diag

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/source"
)

func TestListSortsAndDropsRepetitions(t *testing.T) {
	f := source.NewFile("f", []byte("0123456789"))
	at := func(i int) source.Span { return source.Span{File: f, Start: i, End: i + 1} }
	var l List
	l.Report(Diagnostic{Code: "B", Severity: Error, Message: "late", Span: at(7)})
	l.Report(Diagnostic{Code: "A", Severity: Warning, Message: "early", Span: at(1)})
	l.Report(Diagnostic{Code: "B", Severity: Error, Message: "late", Span: at(7)})
	l.Report(Diagnostic{Code: "C", Severity: Error, Message: "same place", Span: at(1)})
	l.Report(Diagnostic{Code: "D", Severity: Note, Message: "nowhere"})
	got := ""
	for _, d := range l.Sorted() {
		got += string(d.Code) + " "
	}
	if got != "D C A B " {
		t.Errorf("order %s", got)
	}
	if !l.Errors() || l.Len() != 5 {
		t.Errorf("errors %v, length %d", l.Errors(), l.Len())
	}
}

func TestNearest(t *testing.T) {
	known := []string{"inputs", "outputs", "components", "for-each", "retry"}
	for name, want := range map[string]string{
		"input": "inputs", "ouputs": "outputs", "component": "components", "foreach": "for-each",
		"rerty": "retry", "zebra": "", "": "", "INPUTS": "inputs", "x": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

func TestHint(t *testing.T) {
	if got := Hint("zzz", []string{"a", "b"}); got != "known: a, b" {
		t.Errorf("%q", got)
	}
	if got := Hint("trian", []string{"train"}); got != `did you mean "train"?` {
		t.Errorf("%q", got)
	}
}
