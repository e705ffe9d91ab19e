package dslwrite_test

import (
	"bytes"
	"reflect"
	"sort"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// unwritten are the fields that a document does not show, and why.
var unwritten = map[string]string{"Pipeline.File": "where it came from"}

// TestEveryField takes away each field of the representation in turn, wherever a
// pipeline at hand has it, and looks whether the document changes: a field that
// is new, or that no pipeline has, is told.
func TestEveryField(t *testing.T) {
	shown, tries := map[string]bool{}, map[string]int{}
	ps := pipelines(t)
	names := make([]string, 0, len(ps))
	for name := range ps {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		p := ps[name]
		want := attempt(p)
		eachField(reflect.ValueOf(p), map[any]bool{}, func(name string, f reflect.Value) {
			if shown[name] || tries[name] > 40 || f.IsZero() || !f.CanSet() {
				return
			}
			tries[name]++
			old := reflect.ValueOf(f.Interface())
			f.SetZero()
			if !bytes.Equal(attempt(p), want) {
				shown[name] = true
			}
			f.Set(old)
		})
	}
	for _, name := range allFields() {
		if _, known := unwritten[name]; !known && !shown[name] {
			t.Errorf("%s is not written: taken away in %d places, it changed no document. Let dslwrite write it, with an example in testdata/all.yaml", name, tries[name])
		}
	}
}

// attempt is what is written, nothing after a finding or a panic.
func attempt(p *ir.Pipeline) (out []byte) {
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	var list diag.List
	out = dslwrite.Write(p, list.Report)
	if list.Len() > 0 {
		return nil
	}
	return out
}

var (
	irPath = reflect.TypeOf(ir.Pipeline{}).PkgPath()
	span   = reflect.TypeOf(source.Span{})
)

// eachField visits every field of every struct of the representation once.
func eachField(v reflect.Value, seen map[any]bool, f func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().PkgPath() != irPath && v.Type().Elem().Kind() == reflect.Struct || seen[v.Interface()] {
			return
		}
		seen[v.Interface()] = true
		eachField(v.Elem(), seen, f)
	case reflect.Interface:
		if !v.IsNil() {
			eachField(v.Elem(), seen, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachField(v.Index(i), seen, f)
		}
	case reflect.Struct:
		if v.Type().PkgPath() != irPath {
			return
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.Type != span {
				f(v.Type().Name()+"."+field.Name, v.Field(i))
				eachField(v.Field(i), seen, f)
			}
		}
	}
}

// allFields are the fields of all types of the representation.
func allFields() []string {
	var out []string
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t.PkgPath() != irPath || seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Type != span && f.IsExported() && !strings.HasSuffix(f.Name, "At") {
				out = append(out, t.Name()+"."+f.Name)
			}
			visit(f.Type)
		}
	}
	for _, x := range []any{ir.Pipeline{}, ir.DAG{}, ir.Container{}, ir.Importer{}, ir.Claim{}, ir.Literal{}, ir.InputRef{}, ir.OutputRef{}, ir.StatusRef{}, ir.RunRef{}, ir.Expr{}, ir.Template{}, ir.ListValue{}, ir.StructValue{}, ir.OneOf{}, ir.Select{}, ir.Present{}, ir.PortRef{}, ir.ExecutorInput{}, ir.ExecutorOutputPath{}, ir.TextArg{}, ir.IfArg{}, ir.ConcatArg{}} {
		visit(reflect.TypeOf(x))
	}
	return out
}
