package kfpspec

import (
	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// taskParts are the nodes of a task that are read once its arguments are.
type taskParts struct {
	component, inputs, after, caching, condition *tree.Node
	parameters, artifacts, policy, retry         *tree.Node
	iteratorKey                                  *tree.Node
}

func (p *taskParts) iterates() bool { return p.parameters != nil || p.artifacts != nil }

// read reads one task as far as it can stand alone.
func (s *scope) read(raw *rawTask, entry tree.Field) {
	t := raw.task
	t.Name = ir.Ident{Text: entry.Key.Scalar, At: entry.Key.Span()}
	t.At = t.Name.At
	s.taskFields(raw, entry.Value)
	constants := s.inputs(raw)
	raw.entry = s.componentRef(raw)
	own := s.retryPolicy(raw.parts.retry)
	if own == nil {
		own = s.retry
	}
	if raw.entry != nil {
		t.Component = s.component(raw.entry, t, own)
	}
	for _, name := range raw.ofItem {
		if p := inputOf(t.Component, name); p != nil {
			p.Optional = true
		}
	}
	for _, b := range t.Args {
		if l, ok := b.Value.(*ir.Literal); ok {
			if p := inputOf(t.Component, b.Name.Text); p != nil {
				asNumber(l, p.Type)
			}
		}
	}
	for _, c := range constants {
		s.constantArg(raw, c)
	}
	s.after(raw)
	if t.Component != nil {
		if _, ok := t.Component.Body.(*ir.Container); ok {
			t.Settings = &ir.Settings{Retry: own, Cache: s.cache(raw.parts.caching)}
		}
	}
}

func (s *scope) taskFields(raw *rawTask, n *tree.Node) {
	p := &raw.parts
	for _, f := range s.fields(n, "a task") {
		if f.Value.IsNull() {
			continue
		}
		switch camel(f.Key.Scalar) {
		case "taskInfo":
			for _, i := range s.fields(f.Value, "taskInfo") {
				if i.Key.Scalar != "name" {
					s.unknown(i.Key, "taskInfo", "name")
				} else if name := s.str(i.Value, "name"); name != raw.task.Name.Text {
					raw.task.DisplayName = name
				}
			}
		case "componentRef":
			for _, i := range s.fields(f.Value, "componentRef") {
				if i.Key.Scalar != "name" {
					s.unknown(i.Key, "componentRef", "name")
				} else {
					p.component = i.Value
				}
			}
		case "inputs":
			p.inputs = f.Value
		case "dependentTasks":
			p.after = f.Value
		case "cachingOptions":
			p.caching = f.Value
		case "triggerPolicy":
			s.trigger(raw, f.Value)
		case "parameterIterator":
			p.parameters, p.iteratorKey = f.Value, f.Key
		case "artifactIterator":
			if p.parameters != nil {
				s.add(twoOf("parameterIterator", "artifactIterator", f.Key.Span(), p.iteratorKey.Span()))
				continue
			}
			p.artifacts, p.iteratorKey = f.Value, f.Key
		case "iteratorPolicy":
			p.policy = f.Value
		case "retryPolicy":
			p.retry = f.Value
		default:
			s.unknown(f.Key, "a task", "taskInfo", "componentRef", "inputs", "dependentTasks", "cachingOptions",
				"triggerPolicy", "parameterIterator", "artifactIterator", "iteratorPolicy", "retryPolicy")
		}
	}
}

func (s *scope) trigger(raw *rawTask, n *tree.Node) {
	for _, f := range s.fields(n, "triggerPolicy") {
		switch f.Key.Scalar {
		case "condition":
			if s.str(f.Value, "condition") != "" {
				raw.parts.condition = f.Value
			}
		case "strategy":
			switch v := s.str(f.Value, "strategy"); v {
			case "ALL_UPSTREAM_TASKS_COMPLETED":
				raw.completed = true
				raw.task.Trigger = ir.Completed
			case "", "TRIGGER_STRATEGY_UNSPECIFIED", "ALL_UPSTREAM_TASKS_SUCCEEDED":
			default:
				s.add(unknownStrategy(v, f.Value.Span()))
			}
		default:
			s.unknown(f.Key, "triggerPolicy", "condition", "strategy")
		}
	}
}

func (s *scope) componentRef(raw *rawTask) *entry {
	n := raw.parts.component
	name := s.str(n, "componentRef.name")
	if name == "" {
		s.add(missing("componentRef.name", raw.task.At))
		return nil
	}
	e := s.entries[name]
	if e == nil {
		s.add(unknownComponent(name, n.Span(), offerSorted(s.reader, s.entries)))
	}
	return e
}

// after reads what orders without data; the SDK lists producers of data too,
// which the arguments say already.
func (s *scope) after(raw *rawTask) {
	items := s.items(raw.parts.after, "dependentTasks")
	if len(items) == 0 {
		return
	}
	known := make(map[string]bool, len(items))
	for _, b := range raw.task.Args {
		producers(b.Value, func(name string) { known[name] = true })
	}
	for _, item := range items {
		id := s.ident(item, "dependentTasks")
		if id.Text != "" && !known[id.Text] {
			known[id.Text] = true
			raw.task.After = append(raw.task.After, id)
		}
	}
}

// finish reads what needs the types of sibling tasks.
func (s *scope) finish(raw *rawTask) {
	if raw.parts.condition != nil {
		s.condition(raw)
	}
	if raw.parts.iterates() {
		s.iterator(raw)
	} else if raw.parts.policy != nil && len(raw.parts.policy.Fields) > 0 {
		s.add(policyWithoutIterator(head(raw.parts.policy)))
	}
	if raw.task.Settings != nil {
		x := s.executorOf(raw.entry)
		s.machine(raw, x)
		s.platformSettings(raw, x)
		s.taskConfig(raw, x)
	}
}

// condition compiles a CEL condition over the task's own inputs.
func (s *scope) condition(raw *rawTask) {
	n := raw.parts.condition
	prog := expr.CompileKFP(n.Fragment(), func(name string) (ir.Type, bool) {
		if raw.task.Component != nil {
			if p := raw.task.Component.Input(name); p != nil {
				return p.Type, true
			}
		}
		return ir.Type{Kind: ir.Dynamic}, raw.task.Arg(name) != nil || raw.task.Component == nil
	}, s.report)
	if prog == nil {
		return
	}
	e := &ir.Expr{Program: prog, At: n.Span()}
	for _, v := range prog.Vars() {
		e.Vars = append(e.Vars, ir.ExprVar{Name: v.Name, Value: s.taskInput(raw.task, v.Name, n)})
	}
	raw.task.When = e
}

// taskInput is the value that an input of the task has, seen from its DAG.
func (s *scope) taskInput(t *ir.Task, name string, at *tree.Node) ir.Value {
	var port *ir.Port
	if t.Component != nil {
		port = t.Component.Input(name)
	}
	b := t.Arg(name)
	switch {
	case b != nil && port != nil && port.Type.Kind == ir.String:
		// An input of type STRING gets the text form of whatever is wired to it.
		if k := s.typeOf(b.Value).Kind; k != ir.String && k != ir.Invalid {
			return &ir.Template{Parts: []ir.Value{b.Value}, At: b.Value.Span()}
		}
		return b.Value
	case b != nil:
		return b.Value
	case port != nil && port.Default != nil:
		return port.Default
	}
	return &ir.Literal{At: at.Span()}
}

func (s *scope) iterator(raw *rawTask) {
	n, itemsKey := raw.parts.parameters, "inputParameter"
	if n == nil {
		n, itemsKey = raw.parts.artifacts, "inputArtifact"
	}
	loop := &ir.Loop{At: raw.parts.iteratorKey.Span()}
	for _, f := range s.fields(n, "an iterator") {
		switch camel(f.Key.Scalar) {
		case "itemInput":
			loop.Item = s.ident(f.Value, "itemInput")
		case "items":
			loop.Items = s.loopItems(raw, f, itemsKey)
		default:
			s.unknown(f.Key, "an iterator", "itemInput", "items")
		}
	}
	for _, f := range s.fields(raw.parts.policy, "iteratorPolicy") {
		if camel(f.Key.Scalar) == "parallelismLimit" {
			loop.Parallelism = int(max(0, min(s.integer(f.Value, "parallelismLimit"), 1<<31-1)))
		} else {
			s.unknown(f.Key, "iteratorPolicy", "parallelismLimit")
		}
	}
	if loop.Item.Text == "" {
		s.add(missing("itemInput", raw.parts.iteratorKey.Span()))
	} else if c := raw.task.Component; c != nil && c.Input(loop.Item.Text) == nil {
		s.add(unknownInput(loop.Item.Text, loop.Item.At, s.offer(portNames(c.Inputs))))
		loop.Item.Text = ""
	}
	if loop.Items == nil {
		loop.Items = &ir.Literal{V: []any{}, At: loop.At}
	}
	if loop.Item.Text != "" {
		raw.task.ForEach = loop
	}
}

func (s *scope) loopItems(raw *rawTask, items tree.Field, key string) (v ir.Value) {
	for _, f := range s.fields(items.Value, "items") {
		switch name := camel(f.Key.Scalar); {
		case name == "raw" && key == "inputParameter":
			v = s.rawItems(f.Value)
		case name == key:
			want := s.str(f.Value, key)
			if b := raw.task.Arg(want); b != nil {
				v = b.Value
			} else if p := inputOf(raw.task.Component, want); p != nil {
				v = s.taskInput(raw.task, want, f.Value)
			} else {
				s.add(unknownInput(want, f.Value.Span(), s.offer(argNames(raw.task))))
				v = &ir.Literal{V: []any{}, At: f.Value.Span()}
			}
		default:
			s.unknown(f.Key, "items", "raw", key)
		}
	}
	if v == nil {
		s.add(missing("raw or "+key, items.Key.Span()))
	}
	return v
}

func inputOf(c *ir.Component, name string) *ir.Port {
	if c == nil {
		return nil
	}
	return c.Input(name)
}

func argNames(t *ir.Task) []string {
	names := make([]string, len(t.Args))
	for i, b := range t.Args {
		names[i] = b.Name.Text
	}
	return names
}

func (s *scope) rawItems(n *tree.Node) ir.Value {
	list, err := ir.ParseJSON(s.str(n, "raw"))
	items, ok := list.([]any)
	if err != nil || !ok {
		s.add(badItems(n.Span()))
		items = []any{}
	}
	return &ir.Literal{V: wholeNumbers(items), At: n.Span()}
}

// wholeNumbers gives 5.0 the form 5, as everywhere in KFP.
func wholeNumbers(v any) any {
	switch v := v.(type) {
	case float64:
		return whole(v)
	case []any:
		for i := range v {
			v[i] = wholeNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = wholeNumbers(v[k])
		}
	}
	return v
}

func (s *scope) cache(n *tree.Node) *ir.Cache {
	var c *ir.Cache
	var key *tree.Node
	for _, f := range s.fields(n, "cachingOptions") {
		switch camel(f.Key.Scalar) {
		case "enableCache":
			if s.boolean(f.Value, "enableCache") {
				c = &ir.Cache{At: f.Key.Span()}
			}
		case "cacheKey":
			key = f.Value
		default:
			s.unknown(f.Key, "cachingOptions", "enableCache", "cacheKey")
		}
	}
	if text := s.str(key, "cacheKey"); c != nil && text != "" {
		c.Key = &ir.Literal{V: text, At: key.Span()}
	}
	return c
}

func (s *scope) retryPolicy(n *tree.Node) *ir.Retry {
	if n.IsNull() {
		return nil
	}
	p := &ir.Retry{Factor: 2, Max: 3600, At: head(n)}
	for _, f := range s.fields(n, "retryPolicy") {
		switch camel(f.Key.Scalar) {
		case "maxRetryCount":
			p.Limit = &ir.Literal{V: s.integer(f.Value, "maxRetryCount"), At: f.Value.Span()}
		case "backoffDuration":
			p.Duration = s.seconds(f.Value, "backoffDuration")
		case "backoffFactor":
			p.Factor = s.number(f.Value, "backoffFactor")
		case "backoffMaxDuration":
			p.Max = s.seconds(f.Value, "backoffMaxDuration")
		default:
			s.unknown(f.Key, "retryPolicy", "maxRetryCount", "backoffDuration", "backoffFactor", "backoffMaxDuration")
		}
	}
	return p
}
