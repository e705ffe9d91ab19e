package pipelinegen

import (
	"encoding/json"
	"strings"
)

// A kfpWriter writes a plan as the KFP SDK would: closed DAGs whose inputs named
// pipelinechannel-- bring in what their tasks read from outside.
type kfpWriter struct {
	p          *plan
	r          *rand
	components object
	executors  object
	platform   object // settings of executors
	written    map[*component]bool
}

func writeKFP(p *plan, r *rand) []byte {
	w := &kfpWriter{p: p, r: r, written: map[*component]bool{}}
	root := w.dag(&kfpDAG{b: p.root}, nil)
	doc := object{
		{"components", object(shuffled(r, w.components))},
		{"deploymentSpec", object{{"executors", w.executors}}},
		{"pipelineInfo", object{{"name", p.name}}},
		{"root", root},
		{"schemaVersion", "2.1.0"},
		{"sdkVersion", "kfp-2.15.2"},
	}
	out := document(doc)
	if len(w.platform) > 0 {
		out = append(out, "---\n"...)
		out = append(out, document(object{{"platforms", object{{"kubernetes", object{{"deploymentSpec", object{{"executors", w.platform}}}}}}}})...)
	}
	return out
}

// text is a text as YAML can have it.
func (w *kfpWriter) text(s string) any {
	if w.r.chance(20) {
		return w.r.styled(s)
	}
	return s
}

// A kfpDAG is one DAG while it is written.
type kfpDAG struct {
	b    *body
	up   *kfpDAG // of the group's task
	item string  // the input that receives the item, "" outside loops

	parameters, artifacts           object // input definitions that captures add
	wiredParameters, wiredArtifacts object // the group's arguments
	names                           map[string]string
}

// A source is how a DAG reads something.
type source struct {
	spec     object
	producer string
	t        typ
}

func parameterType(t typ) string {
	return map[kind]string{aString: "STRING", anInteger: "NUMBER_INTEGER", aNumber: "NUMBER_DOUBLE", aBoolean: "BOOLEAN",
		aList: "LIST", aStruct: "STRUCT", anyKind: "STRING"}[t.kind]
}

func artifactType(t typ) object {
	for t.kind == aList {
		t = *t.elem
	}
	title := "system.Dataset"
	if t.kind == anImport {
		title = "system.Model"
	}
	return object{{"schemaTitle", title}, {"schemaVersion", "0.0.1"}}
}

func artifactPort(t typ) object {
	o := object{{"artifactType", artifactType(t)}}
	if t.kind == aList {
		o.add("isArtifactList", true)
	}
	return o
}

// resolve is how the tasks of a DAG read a reference, or a key of one.
func (w *kfpWriter) resolve(d *kfpDAG, r *ref, key string) source {
	b := d.b
	t := r.t
	if key != "" {
		t = typ{kind: aString}
	}
	switch {
	case r.kind == toOutput && r.task.in == b:
		kind, output := "taskOutputParameter", "outputParameterKey"
		if t.artifact() {
			kind, output = "taskOutputArtifact", "outputArtifactKey"
		}
		return source{object{{kind, object{{output, r.name}, {"producerTask", r.task.name}}}}, r.task.name, t}
	case r.kind == toInput && r.owner == b:
		return source{componentInput(r.name, t), "", t}
	case r.kind == toItem && r.owner == b:
		spec := componentInput(d.item, t)
		if key != "" {
			spec.add("parameterExpressionSelector", `parseJson(string_value)["`+key+`"]`)
		}
		return source{spec, "", t}
	}
	name := w.channel(d, r, key)
	if d.names == nil {
		d.names = map[string]string{}
	}
	if d.names[name] == "" {
		d.names[name] = name
		from := w.resolve(d.up, r, key)
		if t.artifact() {
			d.artifacts.add(name, artifactPort(t))
			d.wiredArtifacts.add(name, from.spec)
		} else {
			d.parameters.add(name, object{{"parameterType", parameterType(t)}})
			d.wiredParameters.add(name, from.spec)
		}
	}
	return source{componentInput(name, t), "", t}
}

func componentInput(name string, t typ) object {
	if t.artifact() {
		return object{{"componentInputArtifact", name}}
	}
	return object{{"componentInputParameter", name}}
}

// channel is the SDK's name for something from outside.
func (w *kfpWriter) channel(d *kfpDAG, r *ref, key string) string {
	name := "pipelinechannel--"
	switch r.kind {
	case toOutput:
		name += r.task.name + "-" + r.name
	case toItem:
		for up := d; up != nil; up = up.up {
			if up.b == r.owner {
				name = up.item
			}
		}
	default:
		name += r.name
	}
	if key != "" {
		name += "-subvar-" + key
	}
	return name
}

// dag writes the component of a DAG; loop is the task whose body it is, if that
// iterates.
func (w *kfpWriter) dag(d *kfpDAG, loop *task) object {
	var tasks object
	for _, t := range d.b.tasks {
		tasks.add(t.name, w.task(d, t))
		if t.body != nil && t.body.finally != nil {
			for _, exit := range t.body.finally.tasks {
				tasks.add(exit.name, w.exit(d, t, exit))
			}
		}
	}
	dag := object{{"tasks", object(shuffled(w.r, tasks))}}
	parameters, artifacts := w.inputs(d.b.inputs)
	parameters, artifacts = append(parameters, d.parameters...), append(artifacts, d.artifacts...)
	outDefs, outs := w.outputs(d.b, loop != nil)
	if len(outs) > 0 {
		dag.add("outputs", outs)
	}
	o := object{{"dag", dag}}
	if in := both(parameters, artifacts); len(in) > 0 {
		o.add("inputDefinitions", in)
	}
	if len(outDefs) > 0 {
		o.add("outputDefinitions", outDefs)
	}
	return o
}

func both(parameters, artifacts object) object {
	var o object
	if len(artifacts) > 0 {
		o.add("artifacts", artifacts)
	}
	if len(parameters) > 0 {
		o.add("parameters", parameters)
	}
	return o
}

func (w *kfpWriter) inputs(ports []*port) (parameters, artifacts object) {
	for _, p := range ports {
		if p.typ.artifact() {
			o := artifactPort(p.typ)
			if p.optional {
				o.add("isOptional", true)
			}
			artifacts.add(p.name, o)
			continue
		}
		o := object{{"parameterType", parameterType(p.typ)}}
		if p.fallback != nil {
			o.add("defaultValue", w.constant(p.fallback))
		}
		if p.fallback != nil || p.optional {
			o.add("isOptional", true)
		}
		parameters.add(p.name, o)
	}
	return parameters, artifacts
}

// constant writes integers now and then as the SDK does, as doubles.
func (w *kfpWriter) constant(v any) any {
	switch v := v.(type) {
	case int64:
		if w.r.chance(50) {
			return float64(v)
		}
	case string:
		return w.text(v)
	}
	return v
}

func (w *kfpWriter) outputs(b *body, loop bool) (defs, outs object) {
	var parameters, artifacts, fromParameters, fromArtifacts object
	for _, o := range b.outputs {
		t := o.typ
		if loop {
			t = listOf(t)
		}
		var selectors []any
		one, isOneOf := o.value.(*oneOf)
		if !isOneOf {
			one = &oneOf{refs: []*ref{o.value.(*ref)}}
		}
		if o.typ.artifact() {
			for _, r := range one.refs {
				selectors = append(selectors, object{{"outputArtifactKey", r.name}, {"producerSubtask", r.task.name}})
			}
			artifacts.add(o.name, artifactPort(t))
			fromArtifacts.add(o.name, object{{"artifactSelectors", selectors}})
			continue
		}
		for _, r := range one.refs {
			selectors = append(selectors, object{{"outputParameterKey", r.name}, {"producerSubtask", r.task.name}})
		}
		parameters.add(o.name, object{{"parameterType", parameterType(t)}})
		if isOneOf {
			fromParameters.add(o.name, object{{"valueFromOneof", object{{"parameterSelectors", selectors}}}})
		} else {
			fromParameters.add(o.name, object{{"valueFromParameter", selectors[0]}})
		}
	}
	return both(parameters, artifacts), both(fromParameters, fromArtifacts)
}

// A kfpTask is one task while it is written.
type kfpTask struct {
	w                     *kfpWriter
	d                     *kfpDAG
	parameters, artifacts object
	producers             []any
	seen                  map[string]bool
}

func (k *kfpTask) after(name string) {
	if name == "" || k.seen["after "+name] {
		return
	}
	if k.seen == nil {
		k.seen = map[string]bool{}
	}
	k.seen["after "+name] = true
	k.producers = append(k.producers, name)
}

// bring gives the task an extra input, which its component need not declare, and
// is its name.
func (k *kfpTask) bring(r *ref, key string) string {
	from := k.w.resolve(k.d, r, key)
	name := k.w.channel(k.d, r, key)
	if !k.seen["in "+name] {
		if k.seen == nil {
			k.seen = map[string]bool{}
		}
		k.seen["in "+name] = true
		k.parameters.add(name, from.spec)
	}
	k.after(from.producer)
	return name
}

// wire gives an input its value.
func (k *kfpTask) wire(name string, v value) {
	switch v := v.(type) {
	case *constant:
		k.parameters.add(name, object{{"runtimeValue", object{{"constant", k.w.constant(v.v)}}}})
	case *ref:
		from := k.w.resolve(k.d, v, "")
		k.after(from.producer)
		if v.t.artifact() {
			k.artifacts.add(name, from.spec)
		} else {
			k.parameters.add(name, from.spec)
		}
	case *member:
		from := k.w.resolve(k.d, v.of, v.key)
		k.after(from.producer)
		k.parameters.add(name, from.spec)
	case *text:
		var b strings.Builder
		for _, p := range v.parts {
			if c, ok := p.(*constant); ok {
				b.WriteString(c.v.(string))
				continue
			}
			b.WriteString("{{$.inputs.parameters['" + k.bring(p.(*ref), "") + "']}}")
		}
		k.parameters.add(name, object{{"runtimeValue", object{{"constant", k.w.text(b.String())}}}})
	}
}

func (w *kfpWriter) task(d *kfpDAG, t *task) object {
	k := &kfpTask{w: w, d: d}
	o := object{{"taskInfo", object{{"name", t.name}}}}
	for _, a := range t.args {
		k.wire(a.name, a.value)
	}
	name := ""
	var in *kfpDAG
	switch {
	case t.uses == nil:
		in = &kfpDAG{b: t.body, up: d}
		name = "comp-" + t.name
		w.loop(&o, k, in, t)
	case t.uses.sub != nil:
		name = "comp-" + t.uses.name
		w.components.add(name, w.dag(&kfpDAG{b: t.uses.sub}, nil))
	default:
		name = w.leaf(t.uses)
	}
	condition := ""
	if t.when != nil {
		condition = w.condition(t.when, func(r *ref) string {
			if in == nil {
				return k.bring(r, "")
			}
			// The condition of a group reads inputs of the group.
			w.resolve(in, r, "")
			return w.channel(in, r, "")
		})
	}
	if in != nil {
		comp := w.dag(in, loopOnly(t))
		w.components.add(name, comp)
		k.parameters = append(k.parameters, in.wiredParameters...)
		k.artifacts = append(k.artifacts, in.wiredArtifacts...)
		for _, u := range t.upstream() {
			k.after(u.name)
		}
	}
	for _, u := range t.after {
		k.after(u.name)
	}
	o.add("componentRef", object{{"name", name}})
	w.finish(&o, k, t, condition)
	return o
}

func loopOnly(t *task) *task {
	if t.forEach != nil {
		return t
	}
	return nil
}

func (w *kfpWriter) finish(o *object, k *kfpTask, t *task, condition string) {
	if in := both(k.parameters, k.artifacts); len(in) > 0 {
		o.add("inputs", in)
	}
	// Those that write by hand leave the producers of data out.
	if len(k.producers) > 0 && (len(t.after) > 0 || w.r.chance(85)) {
		o.add("dependentTasks", k.producers)
	}
	var trigger object
	if condition != "" {
		trigger.add("condition", w.text(condition))
	}
	if t.completed {
		trigger.add("strategy", "ALL_UPSTREAM_TASKS_COMPLETED")
	}
	if len(trigger) > 0 {
		o.add("triggerPolicy", trigger)
	}
	if t.retry > 0 {
		o.add("retryPolicy", object{{"backoffDuration", "0s"}, {"backoffFactor", 1.0}, {"maxRetryCount", t.retry}})
	}
	if t.uses != nil && w.r.chance(50) {
		o.add("cachingOptions", object{})
	}
	*o = shuffled(w.r, *o)
}

func (w *kfpWriter) loop(o *object, k *kfpTask, in *kfpDAG, t *task) {
	if t.forEach == nil {
		return
	}
	iterator := "parameterIterator"
	var items object
	switch v := t.forEach.(type) {
	case *constant:
		in.item = "pipelinechannel--" + t.name + "-loop-item-param"
		raw, err := json.Marshal(v.v)
		if err != nil {
			panic(err)
		}
		items.add("raw", string(raw))
	case *ref:
		if v.t.artifact() {
			iterator = "artifactIterator"
			from := w.resolve(k.d, v, "")
			name := w.channel(k.d, v, "")
			k.artifacts.add(name, from.spec)
			k.after(from.producer)
			in.artifacts.add(name, artifactPort(v.t))
			in.item = name + "-" + t.name + "-loop-item"
			items.add("inputArtifact", name)
			in.names = map[string]string{name: name}
			break
		}
		name := k.bring(v, "")
		in.parameters.add(name, object{{"parameterType", parameterType(v.t)}})
		in.names = map[string]string{name: name}
		in.item = name + "-" + t.name + "-loop-item"
		items.add("inputParameter", name)
	}
	if t.body.itemTyp.artifact() {
		in.artifacts.add(in.item, artifactPort(t.body.itemTyp))
	} else {
		in.parameters.add(in.item, object{{"parameterType", parameterType(t.body.itemTyp)}})
	}
	o.add(iterator, object{{"itemInput", in.item}, {"items", items}})
	if t.parallelism > 0 {
		o.add("iteratorPolicy", object{{"parallelismLimit", t.parallelism}})
	}
}

// exit writes a task that follows a group however that ended.
func (w *kfpWriter) exit(d *kfpDAG, group, t *task) object {
	k := &kfpTask{w: w, d: d}
	o := object{{"taskInfo", object{{"name", t.name}}}}
	for _, a := range t.args {
		if r, ok := a.value.(*ref); ok && r.kind == toStatus {
			k.parameters.add(a.name, object{{"taskFinalStatus", object{{"producerTask", group.name}}}})
			continue
		}
		k.wire(a.name, a.value)
	}
	k.after(group.name)
	o.add("componentRef", object{{"name", w.leaf(t.uses)}})
	if in := both(k.parameters, k.artifacts); len(in) > 0 {
		o.add("inputs", in)
	}
	o.add("dependentTasks", []any{group.name})
	o.add("triggerPolicy", object{{"strategy", "ALL_UPSTREAM_TASKS_COMPLETED"}})
	return o
}

// condition is the SDK's CEL.
func (w *kfpWriter) condition(v value, name func(*ref) string) string {
	c := v.(*call)
	switch c.fn {
	case "not":
		return "!(" + w.condition(c.args[0], name) + ")"
	case "and":
		return w.condition(c.args[0], name) + " && " + w.condition(c.args[1], name)
	}
	r := c.args[0].(*ref)
	left := "inputs.parameter_values['" + name(r) + "']"
	right := c.args[1].(*constant).v
	switch x := right.(type) {
	case string:
		return left + " " + infix[c.fn] + " " + singleQuoted(x)
	case int64:
		return "int(" + left + ") " + infix[c.fn] + " " + flow(x)
	}
	return left + " " + infix[c.fn] + " " + flow(right)
}

// singleQuoted is a text of CEL in single quotes.
func singleQuoted(s string) string {
	s = quoted(s)
	s = strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range s {
		if c == '\'' {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	b.WriteByte('\'')
	return b.String()
}

// leaf writes a component that is no DAG, once, and is its name.
func (w *kfpWriter) leaf(c *component) string {
	name := "comp-" + c.name
	if w.written[c] {
		return name
	}
	w.written[c] = true
	o := object{{"executorLabel", "exec-" + c.name}}
	if in := both(w.inputs(c.inputs)); len(in) > 0 {
		o.add("inputDefinitions", in)
	}
	var parameters, artifacts object
	for _, p := range c.outputs {
		if p.typ.artifact() {
			o := artifactPort(p.typ)
			if p.metadata != nil {
				o.add("metadata", p.metadata)
			}
			artifacts.add(p.name, o)
		} else {
			parameters.add(p.name, object{{"parameterType", parameterType(p.typ)}})
		}
	}
	if out := both(parameters, artifacts); len(out) > 0 {
		o.add("outputDefinitions", out)
	}
	w.components.add(name, o)
	executor := object{{"container", w.container(c)}}
	if c.uri != nil {
		uri := object{{"constant", c.uri.literal}}
		if c.uri.input != "" {
			uri = object{{"runtimeParameter", c.uri.input}}
		}
		importer := object{{"artifactUri", uri}, {"typeSchema", artifactType(typ{kind: anImport})}}
		if c.metadata != nil {
			importer.add("metadata", c.metadata)
		}
		executor = object{{"importer", importer}}
	} else if w.r.chance(25) {
		w.platform.add("exec-"+c.name, w.settings())
	}
	w.executors.add("exec-"+c.name, executor)
	return name
}

func (w *kfpWriter) container(c *component) object {
	if c.uri != nil {
		return nil
	}
	var args []any
	words := positions{args: &args}
	s := &shell{c: c, text: word}
	s.in = func(p *port) string { return words.word("in "+p.name, func() any { return w.given(p) }) }
	s.out = func(p *port) string {
		place := "{{$.outputs.parameters['" + p.name + "'].output_file}}"
		if p.typ.artifact() {
			place = "{{$.outputs.artifacts['" + p.name + "'].path}}"
		}
		return words.word("out "+p.name, func() any { return place })
	}
	s.told = func() string { return words.word("told", func() any { return "{{$}}" }) }
	s.meta = func(p *port, key string) string {
		return words.word("meta "+p.name+" "+key, func() any { return "{{$.inputs.artifacts['" + p.name + "'].metadata['" + key + "']}}" })
	}
	if c.literal {
		s.text = func(text string) string { return words.word("text "+text, func() any { return w.text(text) }) }
	}
	s.made = func() string {
		return words.word("executor", func() any { return "{{$.outputs.output_file}}" })
	}
	o := object{{"image", "busybox:1"}, {"command", []any{"sh", "-ec", w.text(s.program()), "sh"}}}
	var env []any
	for _, v := range c.env {
		env = append(env, object{{"name", v.name}, {"value", w.text(v.text)}})
	}
	if env != nil {
		o.add("env", env)
	}
	if len(args) > 0 {
		o.add("args", args)
	}
	return o
}

// given is an argument that tells a program of an input.
func (w *kfpWriter) given(p *port) string {
	place := "{{$.inputs.parameters['" + p.name + "']}}"
	switch {
	case p.typ.kind == anArtifact:
		place = "{{$.inputs.artifacts['" + p.name + "'].path}}"
	case p.typ.kind == anImport:
		place = "{{$.inputs.artifacts['" + p.name + "'].uri}}"
	case p.typ.artifact():
		place = "{{$.inputs.artifacts['" + p.name + "']}}"
	}
	if !p.optional {
		if w.r.chance(15) {
			return `{"Concat": ["", "` + place + `"]}`
		}
		return place
	}
	not := "absent"
	if p.typ.kind == anArtifact || p.typ.kind == aList && p.typ.artifact() {
		not = ""
	}
	present := `{"IfPresent": {"InputName": "` + p.name + `", "Then": ["` + place + `"], "Else": ["` + not + `"]}}`
	if w.r.chance(25) {
		present = `{"Concat": [{"IfPresent": {"InputName": "` + p.name + `", "Then": "` + place + `", "Else": "` + not + `"}}]}`
	}
	return present
}
