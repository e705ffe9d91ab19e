package pipelinegen

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// States of tasks and bodies.
const (
	succeeded = "succeeded"
	failed    = "failed"
	skipped   = "skipped"
)

// A file is an artifact: what a reader finds in it, or where it lies.
type file struct {
	content  string
	uri      string
	metadata map[string]any
}

// An outcome is how a task ended. Only a task that succeeded has values.
type outcome struct {
	state  string
	values map[string]any
}

// A frame is one execution of a body.
type frame struct {
	b      *body
	up     *frame
	inputs map[string]any
	item   any
	done   map[*task]outcome
	state  string
}

type interpreter struct {
	p    *plan
	want Want
}

func interpret(p *plan, args map[string]any) Want {
	in := &interpreter{p: p, want: Want{Tasks: map[string]string{}, Attempts: map[string]int{}, Outputs: map[string]any{}}}
	f := &frame{b: p.root, inputs: map[string]any{}}
	for _, port := range p.root.inputs {
		v := args[port.name]
		if v == nil {
			v = port.fallback
		}
		if v != nil {
			f.inputs[port.name] = v
		}
	}
	out := in.body(f, "")
	in.want.Failed = out.state == failed
	for _, o := range p.root.outputs {
		v, ok := out.values[o.name]
		switch {
		case !ok:
		case o.typ.kind == aList && o.typ.artifact():
			list := []any{}
			for range count(v) {
				list = append(list, Artifact{})
			}
			in.want.Outputs[o.name] = list
		default:
			in.want.Outputs[o.name] = visible(v)
		}
	}
	return in.want
}

// count is the number of artifacts in a list, and in lists in it: they are shown
// and handed on as one.
func count(v any) int {
	list, ok := v.([]any)
	if !ok {
		return 1
	}
	n := 0
	for _, x := range list {
		n += count(x)
	}
	return n
}

func visible(v any) any {
	switch v := v.(type) {
	case *file:
		return Artifact{}
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = visible(x)
		}
		return out
	}
	return v
}

// body runs the tasks of a frame's body and what follows finally.
func (in *interpreter) body(f *frame, path string) outcome {
	in.tasks(f, path)
	out := outcome{state: f.state}
	if f.state == succeeded {
		out.values = map[string]any{}
		for _, o := range f.b.outputs {
			v, err := in.eval(f, o.value)
			if err != nil {
				out = outcome{state: failed}
				f.state = failed
				break
			}
			if v != nil {
				out.values[o.name] = v
			}
		}
	}
	if f.b.finally != nil {
		exit := &frame{b: f.b.finally, up: f}
		in.tasks(exit, in.exitPath(f.b, path))
		in.want.BodyFailed = in.want.BodyFailed || out.state == failed && exit.state == succeeded
	}
	return out
}

// exitPath is where exit tasks appear: in KFP beside the group they follow.
func (in *interpreter) exitPath(b *body, path string) string {
	if in.p.dialect == KFP {
		parent, _ := cutLast(path)
		return parent
	}
	return path
}

func cutLast(path string) (parent, last string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

func (in *interpreter) tasks(f *frame, path string) {
	f.done = map[*task]outcome{}
	f.state = succeeded
	for _, t := range f.b.tasks {
		out := in.task(f, t, path)
		f.done[t] = out
		if out.state == failed {
			f.state = failed
		}
	}
}

func (in *interpreter) task(f *frame, t *task, path string) outcome {
	here := join(path, t.name)
	if !t.completed {
		for _, u := range t.upstream() {
			if f.done[u].state != succeeded {
				return in.ended(t, here, skipped)
			}
		}
	}
	if t.when != nil {
		yes, err := in.eval(f, t.when)
		if err != nil {
			return in.ended(t, here, failed)
		}
		if b, ok := yes.(bool); !ok {
			return in.ended(t, here, failed)
		} else if !b {
			return in.ended(t, here, skipped)
		}
	}
	switch {
	case t.uses != nil:
		return in.use(f, t, here)
	case t.forEach != nil:
		return in.loop(f, t, here)
	case t.body != nil:
		return in.body(&frame{b: t.body, up: f}, here)
	}
	return in.branches(f, t, here)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// ended records a task of a container or importer that did not run.
func (in *interpreter) ended(t *task, path, state string) outcome {
	if t.uses != nil && t.uses.sub == nil {
		in.want.Tasks[path] = state
	}
	return outcome{state: state}
}

func (in *interpreter) branches(f *frame, t *task, path string) outcome {
	for i, b := range t.branches {
		if b.when != nil {
			yes, err := in.eval(f, b.when)
			if err != nil {
				return outcome{state: failed}
			}
			if yes != true {
				continue
			}
		}
		return in.body(&frame{b: b.body, up: f}, path+"["+strconv.Itoa(i)+"]")
	}
	return outcome{state: succeeded, values: map[string]any{}}
}

func (in *interpreter) loop(f *frame, t *task, path string) outcome {
	v, err := in.eval(f, t.forEach)
	items, ok := v.([]any)
	if err != nil || !ok {
		return outcome{state: failed}
	}
	out := outcome{state: succeeded, values: map[string]any{}}
	for _, o := range t.body.outputs {
		out.values[o.name] = []any{}
	}
	for i, item := range items {
		one := outcome{state: failed}
		if item, err := convert(item, t.body.itemTyp); err == nil {
			one = in.body(&frame{b: t.body, up: f, item: item}, path+"["+strconv.Itoa(i)+"]")
		}
		if one.state != succeeded {
			out.state = failed
			continue
		}
		for name, v := range one.values {
			out.values[name] = append(out.values[name].([]any), v)
		}
	}
	if out.state == failed {
		out.values = nil
	}
	return out
}

// use runs a component.
func (in *interpreter) use(f *frame, t *task, path string) outcome {
	c := t.uses
	inputs, err := in.bind(f, t)
	if err != nil {
		return in.ended(t, path, failed)
	}
	switch {
	case c.sub != nil:
		return in.body(&frame{b: c.sub, inputs: inputs}, path)
	case c.uri != nil:
		in.want.Tasks[path] = succeeded
		return outcome{succeeded, map[string]any{c.outputs[0].name: &file{uri: c.text([]segment{*c.uri}, inputs), metadata: c.metadata}}}
	}
	attempt := 0
	for {
		attempt++
		in.want.Pods++
		values, ok := in.program(c, inputs, attempt)
		if ok {
			in.want.Tasks[path], in.want.Attempts[path] = succeeded, attempt
			return outcome{succeeded, values}
		}
		if attempt > t.retry {
			in.want.Tasks[path], in.want.Attempts[path] = failed, attempt
			return outcome{state: failed}
		}
	}
}

func (in *interpreter) bind(f *frame, t *task) (map[string]any, error) {
	inputs := map[string]any{}
	for _, p := range t.uses.inputs {
		var v any
		for _, a := range t.args {
			if a.name != p.name {
				continue
			}
			var err error
			if v, err = in.eval(f, a.value); err != nil {
				return nil, err
			}
		}
		if v == nil {
			v = p.fallback
		}
		if v == nil {
			if !p.optional {
				return nil, errors.New("no value")
			}
			continue
		}
		v, err := convert(v, p.typ)
		if err != nil {
			return nil, err
		}
		inputs[p.name] = v
	}
	for _, name := range t.uses.extras {
		for _, a := range t.args {
			if a.name != name {
				continue
			}
			v, err := in.eval(f, a.value)
			if err != nil {
				return nil, err
			}
			inputs[name] = v
		}
	}
	return inputs, nil
}

var errKind = errors.New("the kind of the value is another")

// convert: text takes anything by its text form; all else must be of its kind.
func convert(v any, t typ) (any, error) {
	ok := true
	switch t.kind {
	case aString:
		return textOf(v), nil
	case anInteger:
		switch x := v.(type) {
		case int64:
		case float64:
			if x != math.Trunc(x) || math.Abs(x) > maxInteger {
				return nil, errKind
			}
			return int64(x), nil
		default:
			ok = false
		}
	case aNumber:
		switch x := v.(type) {
		case int64:
			return float64(x), nil
		case float64:
		default:
			ok = false
		}
	case aBoolean:
		_, ok = v.(bool)
	case aList:
		_, ok = v.([]any)
	case aStruct:
		_, ok = v.(map[string]any)
	}
	if !ok {
		return nil, errKind
	}
	return v, nil
}

// textOf is the text form of a value.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// program is what a container does: its outputs, or false when it fails.
func (in *interpreter) program(c *component, inputs map[string]any, attempt int) (map[string]any, bool) {
	out := map[string]any{}
	if attempt <= c.flaky || c.silent {
		return nil, false
	}
	if x := c.fail; x != nil && (x.input == "" || c.text([]segment{{input: x.input}}, inputs) == x.equal) {
		return nil, false
	}
	for i, r := range c.rules {
		p := c.outputs[i]
		v, ok := in.output(c, r, p, inputs)
		if !ok {
			return nil, false
		}
		out[p.name] = v
	}
	return out, true
}

// written is a text as it is read from the file that it was written to: in our
// own language without a newline at its end.
func (in *interpreter) written(text string) string {
	if in.p.dialect == KFP {
		return text
	}
	return strings.TrimSuffix(text, "\n")
}

func (in *interpreter) output(c *component, r *rule, p *port, inputs map[string]any) (any, bool) {
	switch {
	case r.sum != nil:
		n := int64(1)
		for _, name := range r.sum {
			n += inputs[name].(int64)
		}
		return n, n <= maxInteger && n >= -maxInteger
	case r.copyOf != "":
		v := inputs[r.copyOf]
		if s, ok := v.(string); ok {
			return in.written(s), true
		}
		return v, true
	case r.segments == nil && r.executor:
		return r.constant, true
	case r.segments == nil:
		if s, ok := r.constant.(string); ok {
			return in.written(s), true
		}
		return r.constant, true
	}
	content := c.text(r.segments, inputs)
	if p.typ.kind == aString {
		return in.written(content), true
	}
	if r.folder {
		content += "second"
	}
	return &file{content: content, metadata: merged(p.metadata, r.metadata)}, true
}

// merged: what the program says of a key replaces what was there.
func merged(before, said map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{before, said} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// text is what a program makes of segments.
func (c *component) text(segments []segment, inputs map[string]any) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.literal)
		switch {
		case s.extra != "":
			b.WriteString(textOf(inputs[s.extra]))
		case s.variable != "":
			for _, v := range c.env {
				if v.name == s.variable {
					b.WriteString(v.text)
				}
			}
		case s.key != "":
			b.WriteString(textOf(inputs[s.input].(*file).metadata[s.key]))
		}
		if s.input == "" || s.key != "" {
			continue
		}
		switch v := inputs[s.input].(type) {
		case nil:
			b.WriteString(absentText(c.input(s.input).typ, c.style))
		case *file:
			b.WriteString(v.content + v.uri)
		case []any:
			if c.input(s.input).typ.artifact() {
				b.WriteString(strconv.Itoa(count(v)))
				continue
			}
			b.WriteString(textOf(v))
		default:
			b.WriteString(textOf(v))
		}
	}
	return b.String()
}

// absentText is what a program writes for an absent input.
func absentText(t typ, s style) string {
	switch {
	case t.kind == anArtifact:
		return "none"
	case t.kind == aList && t.artifact():
		return "0"
	case s == byScript || s == byEnv:
		return ""
	}
	return "absent"
}

var errAbsent = errors.New("a value is absent")

// frame finds the execution of a body that encloses f, or is f.
func (f *frame) of(b *body) *frame {
	for f != nil && f.b != b {
		f = f.up
	}
	return f
}

func (in *interpreter) read(f *frame, r *ref) any {
	switch r.kind {
	case toInput:
		return f.of(r.owner).inputs[r.name]
	case toItem:
		return f.of(r.owner).item
	case toStatus:
		return in.status(f.of(r.owner))
	}
	at := f.of(r.task.in)
	for g := f; g != at; g = g.up {
		if g.b.exit && g.up == at && at.state != succeeded {
			return nil // of a body that did not succeed nothing is seen
		}
	}
	return at.done[r.task].values[r.name]
}

func (in *interpreter) status(exit *frame) any {
	state := "SUCCEEDED"
	if exit.up.state != succeeded {
		state = "FAILED"
	}
	return map[string]any{"state": state}
}

func (in *interpreter) eval(f *frame, v value) (any, error) {
	switch v := v.(type) {
	case *constant:
		return v.v, nil
	case *ref:
		return in.read(f, v), nil
	case *member:
		return in.member(f, v)
	case *text:
		var b strings.Builder
		for _, p := range v.parts {
			x, err := in.eval(f, p)
			if err != nil {
				return nil, err
			}
			b.WriteString(textOf(x))
		}
		return b.String(), nil
	case *oneOf:
		for _, r := range v.refs {
			if x := in.read(f, r); x != nil {
				return x, nil
			}
		}
		return nil, nil
	case *call:
		return in.call(f, v)
	}
	return nil, nil
}

func (in *interpreter) member(f *frame, m *member) (any, error) {
	x := in.read(f, m.of)
	if text, ok := x.(string); ok && m.of.t.json {
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return nil, err
		}
	}
	s, ok := x.(map[string]any)
	if !ok {
		return nil, errKind
	}
	v, ok := s[m.key]
	if !ok {
		return nil, errAbsent
	}
	if in.p.dialect == KFP {
		return textOf(v), nil
	}
	return v, nil
}

// call is the meaning of an operation. Its arguments are there, or it fails.
func (in *interpreter) call(f *frame, c *call) (any, error) {
	switch c.fn {
	case "run":
		return true, nil
	case "has":
		return in.read(f, c.args[0].(*ref)) != nil, nil
	case "else":
		if v := in.read(f, c.args[0].(*ref)); v != nil {
			return v, nil
		}
		return in.eval(f, c.args[1])
	case "cond":
		yes, err := in.eval(f, c.args[0])
		if err != nil {
			return nil, err
		}
		if yes == true {
			return in.some(f, c.args[1])
		}
		return in.some(f, c.args[2])
	}
	args := make([]any, len(c.args))
	for i, a := range c.args {
		v, err := in.some(f, a)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	return operate(c, args)
}

// some is a value that must be there.
func (in *interpreter) some(f *frame, v value) (any, error) {
	x, err := in.eval(f, v)
	if err == nil && x == nil {
		err = errAbsent
	}
	return x, err
}

var wholeNumber = regexp.MustCompile(`^[+-]?0*[0-9]{1,16}$`)

func operate(c *call, a []any) (any, error) {
	switch c.fn {
	case "and":
		return a[0].(bool) && a[1].(bool), nil
	case "or":
		return a[0].(bool) || a[1].(bool), nil
	case "not":
		return !a[0].(bool), nil
	case "eq":
		return same(a[0], a[1]), nil
	case "ne":
		return !same(a[0], a[1]), nil
	case "lt", "le", "gt", "ge":
		return ordered(c.fn, a[0], a[1]), nil
	case "in":
		return slices.ContainsFunc(a[1].([]any), func(x any) bool { return same(x, a[0]) }), nil
	case "contains":
		return strings.Contains(a[0].(string), a[1].(string)), nil
	case "size":
		if s, ok := a[0].(string); ok {
			return int64(utf8.RuneCountInString(s)), nil
		}
		return int64(len(a[0].([]any))), nil
	case "string":
		return textOf(a[0]), nil
	case "double":
		return float64(a[0].(int64)), nil
	case "int":
		s := a[0].(string)
		if !wholeNumber.MatchString(s) {
			return nil, errKind
		}
		n, err := strconv.ParseInt(s, 10, 64)
		return inRange(n, err)
	case "index":
		list, i := a[0].([]any), a[1].(int64)
		if i >= int64(len(list)) {
			return nil, errAbsent
		}
		return list[i], nil
	case "each":
		var out []any
		for _, x := range a[0].([]any) {
			n, err := inRange(x.(int64)+a[1].(int64), nil)
			if err != nil {
				return nil, err
			}
			out = append(out, n)
		}
		return slices.Clip(append([]any{}, out...)), nil
	case "without":
		out := []any{}
		for _, x := range a[0].([]any) {
			if !same(x, a[1]) {
				out = append(out, x)
			}
		}
		return out, nil
	}
	return arithmetic(c.fn, a[0], a[1])
}

func arithmetic(fn string, a, b any) (any, error) {
	switch x := a.(type) {
	case string:
		return x + b.(string), nil
	case []any:
		return append(append([]any{}, x...), b.([]any)...), nil
	case float64:
		return x + b.(float64), nil
	case int64:
		y := b.(int64)
		switch fn {
		case "add":
			return inRange(x+y, nil)
		case "sub":
			return inRange(x-y, nil)
		}
		if f := float64(x) * float64(y); math.Abs(f) > 2*maxInteger {
			return nil, errKind
		}
		return inRange(x*y, nil)
	}
	return nil, errKind
}

func inRange(n int64, err error) (any, error) {
	if err != nil || n > maxInteger || n < -maxInteger {
		return nil, errKind
	}
	return n, nil
}

// same: numbers are equal by value, all else by kind and value.
func same(a, b any) bool {
	x, y := number(a), number(b)
	if x != nil && y != nil {
		return *x == *y
	}
	if x != nil || y != nil {
		return false
	}
	switch a.(type) {
	case string, bool:
		return a == b
	}
	p, _ := json.Marshal(a)
	q, _ := json.Marshal(b)
	return string(p) == string(q)
}

func number(v any) *float64 {
	switch v := v.(type) {
	case int64:
		f := float64(v)
		return &f
	case float64:
		return &v
	}
	return nil
}

func ordered(fn string, a, b any) bool {
	var d int
	if s, ok := a.(string); ok {
		d = strings.Compare(s, b.(string))
	} else {
		x, y := *number(a), *number(b)
		switch {
		case x < y:
			d = -1
		case x > y:
			d = 1
		}
	}
	switch fn {
	case "lt":
		return d < 0
	case "le":
		return d <= 0
	case "gt":
		return d > 0
	}
	return d >= 0
}
