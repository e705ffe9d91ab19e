package kfpwrite

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Strategies of a trigger.
const completed = "ALL_UPSTREAM_TASKS_COMPLETED"

func (w *printer) dag(c *ir.Component, d *ir.DAG) mapping {
	s := &scope{owner: c, tasks: make(map[string]*ir.Task, len(d.Tasks))}
	for _, t := range d.Tasks {
		s.tasks[t.Name.Text] = t
	}
	tasks := make(mapping, 0, len(d.Tasks))
	for _, u := range w.inOrder(d) {
		tasks = append(tasks, field{u.task.Name.Text, w.task(s, u.task, u.host)})
	}
	return message(field{"outputs", w.results(c, d)}, field{"tasks", said{tasks}})
}

// A placed task is one of a DAG, or the exit task of host.
type placed struct{ task, host *ir.Task }

// inOrder puts exit tasks, which the format has beside the others, between
// them: by name when the others are, else so that components are first used in
// the order in which they are listed. Nothing that would be taken for the exit
// task in its stead comes before it.
func (w *printer) inOrder(d *ir.DAG) []placed {
	out := make([]placed, 0, len(d.Tasks))
	for _, t := range d.Tasks {
		out = append(out, placed{t, nil})
	}
	byName := func(a, b placed) int { return strings.Compare(a.task.Name.Text, b.task.Name.Text) }
	named := slices.IsSortedFunc(out, byName)
	for _, t := range d.Tasks {
		if t.OnExit == nil {
			continue
		}
		at := slices.IndexFunc(out, func(u placed) bool {
			return waitsOnlyFor(u.task, t.Name.Text) || named && u.task.Name.Text > t.OnExit.Name.Text ||
				!named && w.rank[u.task.Component] > w.rank[t.OnExit.Component]
		})
		if at < 0 {
			at = len(out)
		}
		out = slices.Insert(out, at, placed{t.OnExit, t})
	}
	return out
}

// waitsOnlyFor reports whether a task waits for the end of one other only.
func waitsOnlyFor(t *ir.Task, host string) bool {
	if t.Trigger != ir.Completed {
		return false
	}
	only := true
	for _, a := range t.After {
		only = only && a.Text == host
	}
	for _, b := range t.Args {
		producers(b.Value, func(name string) { only = only && name == host })
	}
	return only
}

func (w *printer) results(c *ir.Component, d *ir.DAG) mapping {
	var parameters, artifacts mapping
	for _, o := range d.Outputs {
		refs := alternatives(o.Value)
		selectors := make([]any, len(refs))
		if c.Output(o.Name.Text).Type.IsArtifact() {
			for i, r := range refs {
				selectors[i] = mapping{{"outputArtifactKey", r.Output}, {"producerSubtask", r.Task}}
			}
			artifacts = append(artifacts, field{o.Name.Text, mapping{{"artifactSelectors", selectors}}})
			continue
		}
		for i, r := range refs {
			selectors[i] = mapping{{"outputParameterKey", r.Output}, {"producerSubtask", r.Task}}
		}
		if _, one := o.Value.(*ir.OneOf); one {
			parameters = append(parameters, field{o.Name.Text, mapping{{"valueFromOneof", mapping{{"parameterSelectors", selectors}}}}})
		} else if len(selectors) > 0 {
			parameters = append(parameters, field{o.Name.Text, mapping{{"valueFromParameter", selectors[0]}}})
		}
	}
	return message(field{"artifacts", artifacts}, field{"parameters", parameters})
}

// alternatives are what a result is taken from.
func alternatives(v ir.Value) []*ir.OutputRef {
	switch v := v.(type) {
	case *ir.OutputRef:
		return []*ir.OutputRef{v}
	case *ir.OneOf:
		return v.Alternatives
	}
	return nil
}

// task prints a task; host is the task whose exit handler it is, nil for none.
func (w *printer) task(s *scope, t, host *ir.Task) mapping {
	s.task, s.host = t, host
	label := t.DisplayName
	if label == "" {
		label = t.Name.Text
	}
	out := message(
		field{"componentRef", mapping{{"name", t.Component.Name.Text}}},
		field{"dependentTasks", w.dependentTasks(t, host)},
		field{"inputs", w.arguments(s)},
		field{"retryPolicy", retryPolicy(t.Settings)},
		field{"taskInfo", mapping{{"name", label}}},
		field{"triggerPolicy", triggerPolicy(t, host)},
	)
	if t.Component.Container() != nil {
		out = append(out, field{"cachingOptions", cachingOptions(t.Settings)})
	}
	if t.ForEach != nil {
		out = append(out, w.iterator(s)...)
	}
	return out.sorted()
}

// dependentTasks lists, like the SDK, what a task waits for, whether for data or
// not.
func (w *printer) dependentTasks(t, host *ir.Task) []any {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, a := range t.After {
		add(a.Text)
	}
	inOrder := slices.IsSorted(names)
	if host != nil {
		add(host.Name.Text)
	}
	for _, b := range t.Args {
		producers(b.Value, add)
	}
	if inOrder {
		slices.Sort(names)
	}
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}

// producers calls f with each sibling task that a value reads.
func producers(v ir.Value, f func(name string)) {
	ir.VisitLeaves(v, func(v ir.Value) {
		switch v := v.(type) {
		case *ir.OutputRef:
			f(v.Task)
		case *ir.StatusRef:
			if v.Task != "" {
				f(v.Task)
			}
		}
	})
}

func triggerPolicy(t, host *ir.Task) mapping {
	strategy := ""
	if t.Trigger == ir.Completed || host != nil {
		strategy = completed
	}
	condition := ""
	if e, ok := t.When.(*ir.Expr); ok {
		condition = e.Program.Source()
	}
	return message(field{"condition", condition}, field{"strategy", strategy})
}

// cachingOptions says whether results may be reused; the SDK writes it for each
// container.
func cachingOptions(set *ir.Settings) mapping {
	if set == nil || set.Cache == nil {
		return mapping{}
	}
	c := set.Cache
	key := ""
	if l, ok := c.Key.(*ir.Literal); ok {
		key = ir.Text(l.V)
	}
	return message(field{"cacheKey", key}, field{"enableCache", true})
}

func retryPolicy(set *ir.Settings) any {
	if set == nil || set.Retry == nil {
		return nil
	}
	r := set.Retry
	out := mapping{{"backoffDuration", duration(r.Duration)}, {"backoffFactor", r.Factor}, {"backoffMaxDuration", duration(r.Max)}}
	if l, ok := r.Limit.(*ir.Literal); ok {
		out = append(out, field{"maxRetryCount", l.V})
	}
	return out
}

// duration is protobuf's form of seconds.
func duration(seconds float64) string { return ir.Text(seconds) + "s" }

// iterator prints the loop of a task.
func (w *printer) iterator(s *scope) mapping {
	loop := s.task.ForEach
	artifacts := false
	if p := s.task.Component.Input(loop.Item.Text); p != nil {
		artifacts = p.Type.IsArtifact()
	}
	var out mapping
	items := mapping{{"raw", jsonText(literalOf(loop.Items))}}
	name, bound := s.nameOf(loop.Items)
	switch {
	case artifacts:
		out = mapping{{"artifactIterator", mapping{{"itemInput", loop.Item.Text}, {"items", mapping{{"inputArtifact", name}}}}}}
	case bound:
		items = mapping{{"inputParameter", name}}
		fallthrough
	default:
		out = mapping{{"parameterIterator", mapping{{"itemInput", loop.Item.Text}, {"items", items}}}}
	}
	if loop.Parallelism > 0 {
		out = append(out, field{"iteratorPolicy", mapping{{"parallelismLimit", int64(loop.Parallelism)}}})
	}
	return out
}

func literalOf(v ir.Value) any {
	if l, ok := v.(*ir.Literal); ok {
		return l.V
	}
	return nil
}

// arguments prints the sources of a task's inputs.
func (w *printer) arguments(s *scope) mapping {
	var parameters, artifacts mapping
	for _, b := range s.task.Args {
		if s.isArtifact(b) {
			artifacts = append(artifacts, field{b.Name.Text, artifactSource(b.Value)})
		} else {
			parameters = append(parameters, field{b.Name.Text, s.source(b.Value)})
		}
	}
	return message(field{"artifacts", artifacts}, field{"parameters", parameters})
}
