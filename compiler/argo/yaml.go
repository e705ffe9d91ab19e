package argo

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sort"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kfp-go/kfp-go/compiler/yamltext"
)

// printYAML writes an API object as YAML: fields in the order of the struct,
// map keys sorted, whatever is empty left out unless it is a pointer that was
// set. The standard marshallers print status and empty maps, and are slow on
// ten thousand tasks.
func printYAML(object any) []byte {
	return newYAMLWriter().object(object)
}

func newYAMLWriter() *yamlWriter {
	return &yamlWriter{fields: map[reflect.Type][]fieldInfo{}, marshals: map[reflect.Type]bool{}}
}

// object writes a whole document. The bytes belong to the writer until it
// writes again.
func (w *yamlWriter) object(object any) []byte {
	w.buf.Reset()
	if t, ok := object.(interface {
		GroupVersionKind() schema.GroupVersionKind
	}); ok && t.GroupVersionKind().Kind != "" {
		gvk := t.GroupVersionKind()
		w.buf.WriteString("apiVersion: " + gvk.GroupVersion().String() + "\nkind: " + gvk.Kind + "\n")
		w.topLevel = true
	}
	w.value(reflect.ValueOf(object), 0, atLine)
	out := w.buf.Bytes()
	if len(out) == 0 || out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return out
}

// where says what stands before the value that is written next.
type where uint8

const (
	atLine where = iota // the beginning of a line, indented by the writer
	atKey               // behind "key:"
	atDash              // behind "- "
)

type yamlWriter struct {
	buf    bytes.Buffer
	fields map[reflect.Type][]fieldInfo
	// marshals remembers which types write their own JSON: asking reflection
	// for each value costs a tenth of a large compile.
	marshals map[reflect.Type]bool
	// topLevel: the kind was written already; the next mapping leaves it out.
	topLevel bool
	// bodies are templates without their names, written before at bodyIndent.
	bodies map[string][]byte
}

// bodyIndent is the indentation of what a template holds in a Workflow.
const bodyIndent = 4

// template writes a template without its name as it stands in a Workflow.
func (w *yamlWriter) template(t *wfv1.Template) []byte {
	w.buf.Reset()
	w.mapping(w.structEntries(reflect.ValueOf(t).Elem(), nil), bodyIndent, atLine)
	return w.buf.Bytes()
}

// entry is one key of a mapping about to be written.
type entry struct {
	key   string
	value reflect.Value
}

func (w *yamlWriter) value(v reflect.Value, indent int, at where) {
	v = w.deref(v)
	if !v.IsValid() {
		w.scalar("null", at)
		return
	}
	switch t := v.Type(); {
	case t == anyStringType:
		w.text(v.String(), indent, at)
		return
	case t == templateType && indent == bodyIndent && at == atDash && w.bodies != nil:
		name := v.FieldByName("Name").String()
		if body, ok := w.bodies[name]; ok {
			w.buf.WriteString("name: ")
			w.text(name, indent, atDash)
			w.buf.Write(body)
			return
		}
	case v.CanInterface() && w.isMarshaler(t):
		w.marshaler(v, indent, at)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.CanAddr() && w.isMarshaler(v.Addr().Type()) {
			w.marshaler(v.Addr(), indent, at)
			return
		}
		w.mapping(w.structEntries(v, nil), indent, at)
	case reflect.Map:
		w.mapping(mapEntries(v), indent, at)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			w.marshaler(v, indent, at)
			return
		}
		w.sequence(v, indent, at)
	case reflect.String:
		w.text(v.String(), indent, at)
	case reflect.Bool:
		w.scalar(strconv.FormatBool(v.Bool()), at)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.scalar(strconv.FormatInt(v.Int(), 10), at)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.scalar(strconv.FormatUint(v.Uint(), 10), at)
	case reflect.Float32, reflect.Float64:
		w.scalar(jsonNumber(v.Float()), at)
	default:
		w.scalar("null", at)
	}
}

func jsonNumber(f float64) string {
	b, err := json.Marshal(f)
	if err != nil {
		return "null"
	}
	return string(b)
}

func (w *yamlWriter) deref(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		if v.IsNil() {
			return reflect.Value{}
		}
		if v.Kind() == reflect.Pointer && w.isMarshaler(v.Type()) && !w.isMarshaler(v.Type().Elem()) {
			return v
		}
		v = v.Elem()
	}
	return v
}

var (
	marshalerType = reflect.TypeFor[json.Marshaler]()
	anyStringType = reflect.TypeFor[wfv1.AnyString]()
	templateType  = reflect.TypeFor[wfv1.Template]()
)

func (w *yamlWriter) isMarshaler(t reflect.Type) bool {
	is, known := w.marshals[t]
	if !known {
		is = t.Implements(marshalerType)
		w.marshals[t] = is
	}
	return is
}

// marshaler writes what a type's own JSON says.
func (w *yamlWriter) marshaler(v reflect.Value, indent int, at where) {
	b, err := json.Marshal(v.Interface())
	if err != nil {
		w.scalar("null", at)
		return
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var x any
	if d.Decode(&x) != nil {
		w.scalar("null", at)
		return
	}
	if n, ok := x.(json.Number); ok {
		w.scalar(n.String(), at)
		return
	}
	w.value(reflect.ValueOf(x), indent, at)
}

func (w *yamlWriter) mapping(entries []entry, indent int, at where) {
	w.topLevel = false
	if len(entries) == 0 {
		w.scalar("{}", at)
		return
	}
	if at == atKey {
		w.buf.WriteByte('\n')
	}
	for i, e := range entries {
		if i > 0 || at != atDash {
			w.indent(indent)
		}
		w.key(e.key)
		w.buf.WriteByte(':')
		v := w.deref(e.value)
		step := 2
		if v.IsValid() && v.Kind() == reflect.Slice {
			step = 0 // dashes stand below the key
		}
		w.value(e.value, indent+step, atKey)
	}
}

func (w *yamlWriter) sequence(v reflect.Value, indent int, at where) {
	if v.Len() == 0 {
		w.scalar("[]", at)
		return
	}
	if at == atKey {
		w.buf.WriteByte('\n')
	}
	for i := range v.Len() {
		if i > 0 || at != atDash {
			w.indent(indent)
		}
		w.buf.WriteString("- ")
		w.value(v.Index(i), indent+2, atDash)
	}
}

func (w *yamlWriter) scalar(s string, at where) {
	if at == atKey {
		w.buf.WriteByte(' ')
	}
	w.buf.WriteString(s)
	w.buf.WriteByte('\n')
}

func (w *yamlWriter) key(s string) { yamltext.Key(&w.buf, s) }

func (w *yamlWriter) text(s string, indent int, at where) {
	if at == atKey {
		w.buf.WriteByte(' ')
	}
	yamltext.Text(&w.buf, s, indent)
}

func (w *yamlWriter) indent(n int) { yamltext.Indent(&w.buf, n) }

type fieldInfo struct {
	index  int
	name   string
	inline bool
}

func (w *yamlWriter) fieldsOf(t reflect.Type) []fieldInfo {
	if f, ok := w.fields[t]; ok {
		return f
	}
	var out []fieldInfo
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && (f.Anonymous || strings.Contains(options, "inline")):
			out = append(out, fieldInfo{index: i, inline: true})
		case name == "":
			out = append(out, fieldInfo{index: i, name: f.Name})
		default:
			out = append(out, fieldInfo{index: i, name: name})
		}
	}
	w.fields[t] = out
	return out
}

func (w *yamlWriter) structEntries(v reflect.Value, out []entry) []entry {
	for _, f := range w.fieldsOf(v.Type()) {
		x := v.Field(f.index)
		if f.inline {
			if x = w.deref(x); x.IsValid() && x.Kind() == reflect.Struct {
				out = w.structEntries(x, out)
			}
			continue
		}
		if f.name == "status" || w.topLevel && (f.name == "kind" || f.name == "apiVersion") || w.empty(x) {
			continue
		}
		out = append(out, entry{f.name, x})
	}
	return out
}

func mapEntries(v reflect.Value) []entry {
	keys := v.MapKeys()
	out := make([]entry, 0, len(keys))
	for _, k := range keys {
		out = append(out, entry{k.String(), v.MapIndex(k)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].key < out[j].key })
	return out
}

// empty reports whether leaving the field out says the same.
func (w *yamlWriter) empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		if v.IsZero() {
			return true
		}
		if v.CanInterface() {
			if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
				return z.IsZero()
			}
		}
		if w.isMarshaler(v.Type()) || v.CanAddr() && w.isMarshaler(v.Addr().Type()) {
			return false
		}
		return len(w.structEntries(v, nil)) == 0
	default:
		return v.IsZero()
	}
}
