package dsl

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const reference = "../../docs/dsl.md"

// TestReference keeps the tables of the reference equal to the shapes that the
// reader checks documents by.
func TestReference(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name, o := range objects() {
		begin, end := "<!-- keys of "+name+" -->\n", "<!-- end -->"
		i := strings.Index(text, begin)
		if i < 0 {
			t.Errorf("the reference has no table of %q", name)
			continue
		}
		j := strings.Index(text[i:], end)
		if j < 0 {
			t.Fatalf("the table of %q does not end", name)
		}
		text = text[:i+len(begin)] + table(o) + text[i+j:]
	}
	if u := flag.Lookup("update"); u != nil && u.Value.String() == "true" {
		if err := os.WriteFile(reference, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != string(b) {
		t.Error("docs/dsl.md is stale: go test ./compiler/dsl -update")
	}
}

// objects are the mappings that have a table of their own: all with known keys.
func objects() map[string]*object {
	out := map[string]*object{}
	var visit func(o *object)
	var see func(s *shape)
	see = func(s *shape) {
		if s == nil {
			return
		}
		if s.items != s {
			see(s.items)
		}
		if s.object != nil {
			visit(s.object)
		}
	}
	seen := map[*object]bool{}
	visit = func(o *object) {
		if seen[o] {
			return
		}
		seen[o] = true
		if len(o.keys) > 0 {
			out[o.name] = o
		}
		for i := range o.keys {
			see(o.keys[i].shape)
		}
		see(o.rest)
	}
	visit(language().document)
	visit(language().settings)
	return out
}

func table(o *object) string {
	var b strings.Builder
	b.WriteString("| key | value | default | |\n|---|---|---|---|\n")
	for i := range o.keys {
		k := &o.keys[i]
		if o != language().settings && o.name != "retry" && language().settings.key(k.name) != nil && (o.name == "task" || o.name == "component") {
			continue // in the table of settings
		}
		fallback := k.fallback
		switch {
		case k.required:
			fallback = "**required**"
		case fallback == "":
			fallback = "—"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.name, valueOf(k.shape), cell(fallback), cell(k.doc))
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// valueOf says in a few words what a key takes.
func valueOf(s *shape) string {
	var out []string
	switch s.scalar {
	case noScalar:
	case textScalar:
		if s.doc != "" && s.doc != "expression" {
			out = append(out, s.doc)
		} else if !s.exprs {
			out = append(out, "text")
		}
	case enumScalar:
		out = append(out, "`"+strings.Join(s.values, "` `")+"`")
	case boolScalar:
		out = append(out, "`true` `false`")
	case intScalar:
		out = append(out, "whole number")
	case numberScalar:
		out = append(out, "number")
	case durationScalar:
		out = append(out, "duration")
	case typeScalar:
		out = append(out, "type")
	}
	switch {
	case s.any:
		out = append(out, "any value")
	case s.items != nil:
		out = append(out, "list")
	}
	if o := s.object; o != nil {
		switch {
		case len(o.keys) > 0:
			out = append(out, "[mapping](#"+strings.ToLower(o.name)+")")
		default:
			out = append(out, "mapping")
		}
	}
	if s.exprs && !s.any && s.object == nil {
		out = append(out, "expression")
	}
	if len(out) == 0 {
		return "nothing"
	}
	return cell(strings.Join(out, ", "))
}
