package compiler_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

func argsPipeline() *ir.Pipeline {
	ten := 10.0
	port := func(name string, kind ir.Kind) *ir.Port {
		return &ir.Port{Name: ir.Ident{Text: name}, Type: ir.Type{Kind: kind}, Optional: true}
	}
	ints := ir.ListOf(ir.Type{Kind: ir.Integer})
	needed := port("needed", ir.Integer)
	needed.Optional = false
	token := port("token", ir.String)
	token.Secret = true
	limited := port("limited", ir.Number)
	limited.Limits = &ir.Limits{Maximum: &ten}
	return &ir.Pipeline{Name: ir.Ident{Text: "demo"}, Root: &ir.Component{Inputs: []*ir.Port{
		port("s", ir.String), port("i", ir.Integer), port("n", ir.Number), port("b", ir.Boolean), port("l", ir.List), port("o", ir.Struct),
		{Name: ir.Ident{Text: "ints"}, Type: ints, Optional: true}, needed, token, limited,
		{Name: ir.Ident{Text: "art"}, Type: ir.ArtifactType("system.Model"), Optional: true},
		{Name: ir.Ident{Text: "arts"}, Type: ir.ListOf(ir.ArtifactType("system.Model")), Optional: true},
	}}}
}

func TestArguments(t *testing.T) {
	files := func(name string) ([]byte, error) {
		if name == "f.json" {
			return []byte("[1, 2]\n"), nil
		}
		return nil, errors.New("no such file\x1b[31m")
	}
	for _, c := range []struct {
		arg, text string
		want      any
		complaint string
	}{
		{"s", "1.10", "1.10", ""},
		{"s", " spaces\n", " spaces\n", ""},
		{"s", `"quoted"`, `"quoted"`, ""},
		{"s", "", "", ""},
		{"s", "@@x", "@x", ""},
		{"s", strings.Repeat("x", 128<<10), strings.Repeat("x", 128<<10), ""},
		{"s", strings.Repeat("x", 128<<10+1), nil, `R705 input "s": it takes 131073 bytes, a parameter holds at most 131072`},
		{"s", "a\xffb", nil, `R705 input "s": it is no text in UTF-8`},
		{"s", "@f.json", "[1, 2]\n", ""},
		{"s", "@gone", nil, `R703 input "s": "gone" cannot be read: "no such file\x1b[31m"`},
		{"i", "42", int64(42), ""},
		{"i", "4.0", int64(4), ""},
		{"i", "4.5", nil, `R704 input "i" is of type integer, which "4.5" is not`},
		{"i", "four", nil, `R704 input "i" is of type integer, which "four" is not`},
		{"i", "9007199254740993", nil, "R704"},
		{"i", "1 2", nil, "R704"},
		{"n", "1", 1.0, ""},
		{"n", "1e3", 1000.0, ""},
		{"n", "1e999", nil, "R704"},
		{"n", "NaN", nil, "R704"},
		{"b", "true", true, ""},
		{"b", "True", nil, "R704"},
		{"b", "yes", nil, "R704"},
		{"l", `["a", 1]`, []any{"a", int64(1)}, ""},
		{"l", "@f.json", []any{int64(1), int64(2)}, ""},
		{"l", "a,b", nil, "R704"},
		{"o", `{"k": null}`, map[string]any{"k": nil}, ""},
		{"o", "[]", nil, "R704"},
		{"ints", "[1, 2.0]", []any{int64(1), int64(2)}, ""},
		{"ints", `[1, "x"]`, nil, "R704"},
		{"i", "null", nil, ""},
		{"needed", "null", nil, `R706 input "needed" is required, but is given null`},
		{"token", "registry/password", "registry/password", ""},
		{"token", "hunter2", nil, "R707"},
		{"limited", "11", nil, `R705 input "limited": 11 breaks maximum 10`},
		{"art", "s3://x", "s3://x", ""},
		{"art", "null", nil, ""},
		{"art", "", nil, `R704 input "art" is an artifact, which this is not`},
		{"art", `{"uri": "s3://x", "metadata": {"rows": 3}}`, map[string]any{"uri": "s3://x", "metadata": map[string]any{"rows": int64(3)}}, ""},
		{"art", `{"uri": "s3://x", "meta": {}}`, nil, "R704"},
		{"art", `{"uri": 3}`, nil, "R704"},
		{"arts", `["/a", {"uri": "/b"}]`, []any{"/a", map[string]any{"uri": "/b"}}, ""},
		{"arts", "/a", "/a", ""},
		{"arts", `["/a", 1]`, nil, "R704"},
		{"zz", "1", nil, `R701 pipeline "demo" has no input "zz"`},
		{"need", "1", nil, `R701 pipeline "demo" has no input "need"`},
	} {
		var got []string
		raw := []compiler.Argument{{Name: c.arg, Text: c.text}}
		if c.arg != "needed" {
			raw = append(raw, compiler.Argument{Name: "needed", Text: "1"})
		}
		args := compiler.Arguments(argsPipeline(), raw, files, func(d diag.Diagnostic) { got = append(got, string(d.Code)+" "+d.Message) })
		if c.complaint == "" && len(got) > 0 || c.complaint != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.complaint)) {
			t.Errorf("%s=%s: %q, want %q", c.arg, c.text, got, c.complaint)
		}
		if d := cmp.Diff(c.want, args[c.arg]); d != "" {
			t.Errorf("%s=%s: %s", c.arg, c.text, d)
		}
	}
}

func TestArgumentsTogether(t *testing.T) {
	var got []string
	compiler.Arguments(argsPipeline(), []compiler.Argument{{"i", "1"}, {"i", "2"}, {"s", "@x"}}, nil, func(d diag.Diagnostic) {
		got = append(got, fmt.Sprint(d.Code, " ", d.Message, " | ", d.Hint))
	})
	want := []string{
		`R702 input "i" is given twice | the last one does not silently win: leave one out`,
		`R703 input "s" cannot be read from a file here | write the value itself`,
		`R706 the required input "needed" (integer) has no value | -p needed=1`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for text, ok := range map[string]bool{"a=b": true, "a=": true, "a=b=c": true, "a": false, "=b": false, "": false} {
		if a, got := compiler.SplitArgument(text); got != ok || ok && a.Name != "a" {
			t.Errorf("%q: %v %v", text, a, got)
		}
	}
}
