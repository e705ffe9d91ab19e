package dsl_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// TestSchema holds the JSON Schema and the reader together: pipelines without
// findings fit it, and what the reader's shapes refuse, it refuses.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	good, _ := filepath.Glob("testdata/ok/*.yaml")
	examples, _ := filepath.Glob("../../examples/*/pipeline.yaml")
	for _, name := range append(good, examples...) {
		if v := document(t, name, read(t, name)); v["pipeline"] != nil {
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	wrong := map[string]string{
		"unknown key":         "{tasks: {a: {component: a, colour: red}}}",
		"no tasks":            "{tasks: null}",
		"tasks as a list":     "{tasks: [a]}",
		"duration":            "{tasks: {}, timeout: soon}",
		"no unit":             "{tasks: {}, timeout: 30}",
		"word":                "{tasks: {a: {component: a, spot: always}}}",
		"boolean":             "{tasks: {}, inputs: {a: {type: string, optional: 'yes'}}}",
		"no type":             "{tasks: {}, inputs: {a: {default: 1}}}",
		"type":                "{tasks: {}, inputs: {a: {type: strin}}}",
		"name":                "{tasks: {'1a': {component: a}}}",
		"otherwise not empty": "{tasks: {a: {branches: [{otherwise: {}, tasks: {}}]}}}",
	}
	for what, text := range wrong {
		text = "{pipeline: p, " + text[1:]
		if schema.Validate(document(t, what, text)) == nil {
			t.Errorf("%s: the schema accepts %s", what, text)
		}
		if _, ds := parse(what, text); !diag.HasErrors(ds) {
			t.Errorf("%s: the reader accepts %s", what, text)
		}
	}
}

func TestSchemaIsStable(t *testing.T) {
	t.Parallel()
	first := dsl.Schema()
	for range 20 {
		if !bytes.Equal(first, dsl.Schema()) {
			t.Fatal("two calls differ")
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(dsl.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document is a document as an editor's YAML reader hands it to a schema.
func document(t *testing.T, name, text string) map[string]any {
	t.Helper()
	docs := tree.Parse(source.NewFile(name, []byte(text)), func(d diag.Diagnostic) { t.Error(name, d.Message) })
	m, _ := plainJSON(docs[0]).(map[string]any)
	return m
}

func plainJSON(n *tree.Node) any {
	switch {
	case n.IsNull():
		return nil
	case n.Kind == tree.Mapping:
		m := map[string]any{}
		for _, f := range n.Fields {
			m[f.Key.Scalar] = plainJSON(f.Value)
		}
		return m
	case n.Kind == tree.Sequence:
		l := []any{}
		for _, e := range n.Items {
			l = append(l, plainJSON(e))
		}
		return l
	case n.Kind == tree.Plain && (n.Scalar == "true" || n.Scalar == "false"):
		return n.Scalar == "true"
	case n.Kind == tree.Plain:
		if _, err := strconv.ParseFloat(n.Scalar, 64); err == nil && !strings.ContainsAny(n.Scalar, "xXnN_") {
			return json.Number(n.Scalar)
		}
	}
	return n.Scalar
}
