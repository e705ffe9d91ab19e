package docgen

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

func page(t *testing.T, name, text string) {
	t.Helper()
	goldentest.File(t, filepath.Join("../../../docs", name), text)
}

func TestCLI(t *testing.T) {
	s, _ := iostreams.Test()
	root := command.Root(&app.App{IO: s, LookupEnv: func(string) (string, bool) { return "", false }})
	text := CLI(root)
	page(t, "cli.md", text)
	for _, c := range commands(root) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: its short help is %q", c.CommandPath(), c.Short)
		}
		if !strings.Contains(text, "## "+c.CommandPath()+"\n") {
			t.Errorf("%s is missing", c.CommandPath())
		}
	}
}

func TestJSON(t *testing.T) {
	text, err := JSON()
	if err != nil {
		t.Fatal(err)
	}
	page(t, "json.md", text)
	for _, s := range Shapes() {
		for _, field := range fields(reflect.TypeOf(s.Example), map[reflect.Type]bool{}) {
			if !strings.Contains(text, `"`+field+`":`) {
				t.Errorf("%s: no example shows %q", s.Title, field)
			}
		}
	}
}

// fields are the JSON names of a type and of all that it holds.
func fields(t reflect.Type, seen map[reflect.Type]bool) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fields(t.Elem(), seen)
	}
	if t.Kind() != reflect.Struct || seen[t] || t.PkgPath() == "time" {
		return nil
	}
	seen[t] = true
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		out = append(append(out, name), fields(f.Type, seen)...)
	}
	return out
}
