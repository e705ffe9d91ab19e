package argo

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A place is where values of a DAG are read: by one of its tasks, by an exit
// task, or by its outputs.
type place struct {
	d       *dag
	r       *region
	task    *ir.Task               // the reader; nil: the DAG's outputs
	index   int                    // of the task in the DAG, -1 for exit tasks and outputs
	guard   bool                   // what is read may not have succeeded
	exits   *ir.Task               // the task whose exit task reads
	outputs bool                   // inside a DAG's outputs, where facts of the run are unknown
	facts   map[ir.RunField]string // inputs of the template that carry facts of the run
}

// value translates a value of the DAG's scope.
func (at *place) value(v ir.Value) value {
	switch v := v.(type) {
	case nil:
		return constant(nil)
	case *ir.Literal:
		return constant(v.V)
	case *ir.InputRef:
		return at.input(v)
	case *ir.OutputRef:
		return at.output(v)
	case *ir.StatusRef:
		return at.status(v)
	case *ir.RunRef:
		return at.runFact(v)
	case *ir.Expr:
		return at.expression(v)
	case *ir.Template:
		return at.template(v)
	case *ir.ListValue:
		items := make([]string, len(v.Items))
		for i, x := range v.Items {
			items[i] = at.value(x).decoded()
		}
		return value{typ: ir.Type{Kind: ir.List}, expr: listExpr(items)}
	case *ir.StructValue:
		return structValue(v, at.value)
	case *ir.Select:
		return selected(at.value(v.Of), v.Key)
	case *ir.OneOf:
		return at.oneOf(v)
	}
	return constant(nil)
}

func listExpr(items []string) string {
	out := "["
	for i, x := range items {
		if i > 0 {
			out += ", "
		}
		out += x
	}
	return out + "]"
}

func structExpr(keys, values []string) string {
	if len(keys) == 0 {
		return "fromJSON('{ }')"
	}
	out := "({"
	for i, k := range keys {
		if i > 0 {
			out += ", "
		}
		out += expr.ArgoString(k) + ": " + values[i]
	}
	return out + " })"
}

// structValue is a struct put together at run time.
func structValue(v *ir.StructValue, of func(ir.Value) value) value {
	typ := ir.Type{Kind: ir.Struct}
	values := make([]string, len(v.Values))
	for i, x := range v.Values {
		values[i] = of(x).decoded()
	}
	if v.Computed == nil {
		return value{typ: typ, expr: structExpr(v.Keys, values)}
	}
	pairs := make([]string, 0, 2*len(values))
	for i, x := range values {
		key := expr.ArgoString(v.Keys[i])
		if k := v.KeyAt(i); k != nil {
			key = of(k).text()
		}
		pairs = append(pairs, key, x)
	}
	return value{typ: typ, expr: "sprig.dict(" + strings.Join(pairs, ", ") + ")"}
}

// selected reads a key of a struct or of text that holds one as JSON; a key
// that is not there is an error, nothing has no keys.
func selected(of value, key string) value {
	k := expr.ArgoString(key)
	read := "filter([#],type(#) == 'map' and " + k + " in #)[0][" + k + "]"
	if of.absent {
		read = "# == nil ? nil : " + read
	}
	text := of.decoded()
	switch {
	case of.typ.Kind == ir.String && of.absent:
		text = "map([" + text + "],# == nil ? nil : fromJSON(#))[0]"
	case of.typ.Kind == ir.String:
		text = "fromJSON(" + text + ")"
	case of.typ.Kind != ir.Struct:
		text = "map([" + text + "],type(#) == 'string' ? fromJSON(#) : #)[0]"
	}
	return value{typ: ir.Type{Kind: ir.Dynamic}, absent: true, expr: "map([" + text + "]," + read + ")[0]"}
}

// escaped writes a text as the inside of a JSON string, so many times.
func escaped(text string, times int) string {
	for range times {
		text = "toJson(" + text + ")[1:-1]"
	}
	return text
}

func (at *place) input(v *ir.InputRef) value {
	p := at.d.owner.Input(v.Name)
	if p == nil {
		return constant(nil)
	}
	record := p.Type.IsArtifact()
	if record && !at.d.l.flow.record[p] {
		return constant(nil)
	}
	name := at.inputName(p, record)
	return value{typ: recordType(p.Type), wire: inputParam(name), absent: at.d.l.mayLack(p)}
}

// inputName is the name, here, of the parameter that carries an input.
func (at *place) inputName(p *ir.Port, record bool) string {
	l := link{task: -1, port: p.Name.Text, record: record}
	if at.r != nil && at.r.up != nil {
		at.r.bringDown(l, nil)
		return at.d.linkName(l)
	}
	return at.d.inputName(p.Name.Text, record)
}

// recordType is the type of what travels for an artifact: its record.
func recordType(t ir.Type) ir.Type {
	if !t.IsArtifact() {
		return t
	}
	if t.Kind == ir.List {
		return ir.Type{Kind: ir.List}
	}
	return ir.Type{Kind: ir.Struct}
}

func (at *place) output(v *ir.OutputRef) value {
	i, ok := at.d.scope.Index(v.Task)
	if !ok {
		return constant(nil)
	}
	t := at.d.dag.Tasks[i]
	p := t.Component.Output(v.Output)
	if p == nil {
		return constant(nil)
	}
	typ := recordType(at.d.scope.TypeOf(v, at.task))
	optional := at.d.l.info.OptionalOutput(t.Component, v.Output) && t.ForEach == nil
	where := at.d.regionOf(i)
	if where == at.r {
		out := at.native(i, p, typ)
		out.absent = out.absent || optional
		return out
	}
	l := link{task: i, port: v.Output, record: p.Type.IsArtifact()}
	connect(l, where, at.r)
	out := at.linked(l, typ)
	out.absent = out.absent || optional || at.guard || at.outputs && at.d.scope.Skippable(i)
	return out
}

// linked reads a value that was produced in another region of the DAG.
func (at *place) linked(l link, typ ir.Type) value {
	if kid := at.r.kidWith(at.d.pos[l.task]); kid != nil {
		ref := outputParam(kid.name, at.d.linkName(l))
		if at.guard {
			ref = "(" + guardedOutput(kid.name, at.d.linkName(l)) + " ?? 'null')"
		}
		return value{typ: typ, json: ref}
	}
	return value{typ: typ, wire: inputParam(at.d.linkName(l))}
}

// native reads an output of a task of the same Argo DAG.
func (at *place) native(i int, p *ir.Port, typ ir.Type) value {
	t, name := at.d.dag.Tasks[i], at.d.names[i]
	u := at.d.units[i]
	unsure := at.guard || at.outputs && at.d.scope.Skippable(i)
	read := func(port string) string {
		if at.guard {
			return guardedOutput(name, port)
		}
		return outputParam(name, port)
	}
	out := at.d.l.read(t, u, p, typ, read)
	if !unsure {
		return out
	}
	ok := "tasks['" + name + "'].status == 'Succeeded'"
	if out.json != "" && !at.guard {
		return value{typ: typ, absent: true, json: "(" + ok + " ? " + out.json + " : 'null')"}
	}
	return value{typ: typ, absent: true, expr: "(" + ok + " ? " + out.decoded() + " : nil)"}
}

// read decodes an output as the producer's template gives it.
func (l *lowerer) read(t *ir.Task, u *unit, p *ir.Port, typ ir.Type, read func(port string) string) value {
	if p.Type.IsArtifact() {
		return l.readRecord(t, u, p, typ, read)
	}
	ref := read(portName(p.Name.Text))
	switch u.outs[p.Name.Text] {
	case outName:
		return value{typ: typ, expr: ref}
	case outFile:
		return fromFile(typ, ref)
	case outSDK:
		eo := "fromJSON(" + read(executorOutput) + ").parameterValues?.[" + expr.ArgoString(p.Name.Text) + "]"
		if typ.Kind == ir.String { // of the others, noValue is no value anyway
			ref = "filter([" + ref + "],# != '" + noValue + "')[0]"
		}
		return value{typ: typ, expr: "(" + eo + " ?? " + fromFile(typ, ref).decoded() + ")"}
	}
	return value{typ: typ, json: ref}
}

// noValue is what Argo gives for the file of an output that was not written; a
// KFP program may have given the value otherwise.
const noValue = "<kfp-go:none>"

// fromFile decodes what stood in an output's file: text as it is, numbers and
// booleans as Go reads them, anything else JSON of its kind. No error may quote
// the data: Argo waits for ever when it reads in one that something is missing.
func fromFile(typ ir.Type, ref string) value {
	switch typ.Kind {
	case ir.String, ir.Dynamic, ir.Invalid:
		return value{typ: typ, expr: ref}
	case ir.Integer:
		return value{typ: typ, expr: "filter([float(int(filter([trim(" + ref + ")],# matches '^[+-]?0*[0-9]{1,16}$')[0]))],abs(#) <= 9007199254740991)[0]"}
	case ir.Number:
		return value{typ: typ, expr: "filter([float(filter([trim(" + ref + ")],# matches '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$')[0])],# == # and abs(#) <= 1.7976931348623157e308)[0]"}
	case ir.Boolean:
		return value{typ: typ, expr: "map([trim(" + ref + ")],# in ['1','t','T','TRUE','true','True'] ? true : (# in ['0','f','F','FALSE','false','False'] ? false : fromJSON('')))[0]"}
	}
	return value{typ: typ, expr: "filter([fromJSON(" + ref + ")],type(#) == '" + exprKind(typ) + "')[0]"}
}

// readRecord decodes the record of an artifact.
func (l *lowerer) readRecord(t *ir.Task, u *unit, p *ir.Port, typ ir.Type, read func(port string) string) value {
	ref := read(recordName(p.Name.Text))
	if u.outs[p.Name.Text] != outSDK {
		return value{typ: typ, json: ref}
	}
	said := "fromJSON(" + read(executorOutput) + ").artifacts?.[" + expr.ArgoString(p.Name.Text) + "]?.artifacts?.[0]"
	return value{typ: typ, expr: l.meant(amended("fromJSON("+ref+")", said))}
}

// amended is a record with what a program said of it: a URI, unless that is
// empty, and keys of metadata, whatever their values. sprig.merge would go deeper
// and would not take 0, false and empty texts for values.
func amended(record, said string) string {
	meta := "reduce(toPairs(" + said + "?.metadata ?? fromJSON('{ }')),sprig.set(#acc,#[0],#[1])," + record + ".metadata)"
	return "sprig.merge(sprig.pick(" + said + " ?? fromJSON('{ }'),'uri'),sprig.set(" + record + ",'metadata'," + meta + "))"
}

// recordName is the parameter that carries the record of an artifact.
func recordName(port string) string { return portName(port) + "--artifact" }

// status is KFP's final status of a task.
func (at *place) status(v *ir.StatusRef) value {
	name, task := "", v.Task
	if at.exits != nil {
		i, _ := at.d.scope.Index(at.exits.Name.Text)
		name = at.d.names[i]
		if task == "" {
			task = at.exits.Name.Text
		}
	} else if i, ok := at.d.scope.Index(v.Task); ok && at.d.regionOf(i) == at.r {
		name = at.d.names[i]
	} else {
		return constant(nil)
	}
	s := "tasks['" + name + "'].status"
	state := "(" + s + " == 'Succeeded' ? '" + at.d.l.opt.SuccessState + "' : (" + s + " in ['Skipped','Omitted'] ? 'SKIPPED' : 'FAILED'))"
	return value{typ: ir.Type{Kind: ir.Struct}, expr: structExpr(
		[]string{"error", "pipelineJobResourceName", "pipelineTaskName", "state"},
		[]string{"fromJSON('{ }')", "workflow.name", expr.ArgoString(task), state})}
}

func (at *place) runFact(v *ir.RunRef) value {
	text := ir.Type{Kind: ir.String}
	if name := at.facts[v.Field]; name != "" {
		return value{typ: text, wire: inputParam(name)}
	}
	switch v.Field {
	case ir.WorkspacePath:
		return constant(workspacePath)
	case ir.PipelineRoot:
		return constant(at.d.l.rootText)
	case ir.TaskName:
		if at.task != nil {
			return constant(at.task.Name.Text)
		}
	}
	if at.outputs {
		at.d.l.cannot(msgOutputRunFact(v.At))
		return constant(nil)
	}
	if v.Field == ir.TaskID && at.task != nil {
		return value{typ: text, expr: at.taskID()}
	}
	return value{typ: text, expr: runFactExpr(v.Field)}
}

// instance is the input of a DAG's template that carries the name of its node,
// which no other DAG of the run has, nor another iteration of the same.
const instance = hiddenValue + "node"

// taskID is a token for the task: the same for all its attempts.
func (at *place) taskID() string {
	at.r.instance = true
	return "sprig.trunc(32,sprig.sha256sum(workflow.uid + " + inputParam(instance) + " + " + expr.ArgoString("/"+at.task.Name.Text) + "))"
}

// runFactExpr reads a fact of the run wherever Argo's globals are known.
func runFactExpr(f ir.RunField) string {
	switch f {
	case ir.RunID:
		return "workflow.uid"
	case ir.RunCreateTime:
		return "workflow.creationTimestamp.RFC3339"
	case ir.RunScheduleTime:
		// Only runs of a CronWorkflow have one.
		return "(get(workflow,'scheduledTime') ?? workflow.creationTimestamp.RFC3339)"
	}
	return "workflow.name"
}

// expression prints a checked expression with its variables bound.
func (at *place) expression(v *ir.Expr) value {
	return at.d.l.program(v, func(x ir.Value) value { return at.value(x) })
}

func (l *lowerer) program(v *ir.Expr, bind func(ir.Value) value) value {
	p, ok := v.Program.(*expr.Program)
	if !ok || p == nil {
		return constant(nil)
	}
	texts := make(map[string]string, len(v.Vars))
	for _, x := range v.Vars {
		texts[x.Name] = bind(x.Value).decoded()
	}
	text, err := p.Argo(func(name string) string {
		if t, ok := texts[name]; ok {
			return t
		}
		return "nil"
	})
	if err != nil {
		l.cannot(msgExpression(v.At, p.Source(), err))
		return constant(nil)
	}
	return value{typ: p.Type(), expr: text, absent: p.Type().Kind == ir.Null || p.Type().Kind == ir.Dynamic}
}

func (at *place) template(v *ir.Template) value {
	parts := make([]string, 0, len(v.Parts))
	literal := true
	text := ""
	for _, x := range v.Parts {
		p := at.value(x)
		literal = literal && p.isConst
		text += ir.Text(p.constant)
		parts = append(parts, p.text())
	}
	if literal {
		return constant(ir.EscapeText(text, v.Escape))
	}
	return value{typ: ir.Type{Kind: ir.String}, expr: escaped(concat(parts), v.Escape)}
}

// oneOf is the first alternative whose task ran.
func (at *place) oneOf(v *ir.OneOf) value {
	if len(v.Alternatives) == 0 {
		return constant(nil)
	}
	last := len(v.Alternatives) - 1
	sure := !at.d.scope.Optional(v, nil)
	out := "'null'"
	var typ ir.Type
	for i := last; i >= 0; i-- {
		ref := v.Alternatives[i]
		k, ok := at.d.scope.Index(ref.Task)
		if !ok {
			continue
		}
		one := *at
		one.outputs = false // the status is asked for here
		x := one.output(ref)
		typ = x.typ
		if i == last && sure && at.d.dag.Exclusive {
			out = x.jsonText()
			continue
		}
		out = "(" + at.succeeded(k) + " ? " + x.jsonText() + " : " + out + ")"
	}
	return value{typ: typ, json: out, absent: !sure}
}

// succeeded tests whether a task of the DAG ran to success.
func (at *place) succeeded(i int) string {
	if where := at.d.regionOf(i); where != at.r {
		l := link{task: i, ran: true}
		connect(l, where, at.r)
		if kid := at.r.kidWith(at.d.pos[i]); kid != nil {
			return outputParam(kid.name, at.d.linkName(l)) + " == 'true'"
		}
		return inputParam(at.d.linkName(l)) + " == 'true'"
	}
	return "tasks['" + at.d.names[i] + "'].status == 'Succeeded'"
}
