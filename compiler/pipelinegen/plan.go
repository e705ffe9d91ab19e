package pipelinegen

// A plan is a pipeline before it is written down. Names are lexically scoped, as
// in our own language.
type plan struct {
	dialect    Dialect
	name       string
	root       *body
	components []*component
}

// kind is the kind of a type.
type kind uint8

const (
	aString kind = iota + 1
	anInteger
	aNumber
	aBoolean
	aList
	aStruct
	anArtifact
	anImport // an artifact that lies elsewhere
	anyKind  // known at run time only
)

// A typ is a type; elem is that of a list's elements, nil: not known.
type typ struct {
	kind kind
	elem *typ
	json bool // KFP: an item that is a text holds a struct as JSON
}

func listOf(t typ) typ {
	if t.kind == anyKind {
		return typ{kind: aList}
	}
	return typ{kind: aList, elem: &t}
}

func (t typ) artifact() bool {
	return t.kind == anArtifact || t.kind == anImport || t.kind == aList && t.elem != nil && t.elem.artifact()
}

func (t typ) equal(u typ) bool {
	if t.kind != u.kind || (t.elem == nil) != (u.elem == nil) {
		return false
	}
	return t.elem == nil || t.elem.equal(*u.elem)
}

// A port is an input or output.
type port struct {
	name     string
	typ      typ
	optional bool
	fallback any            // the default, nil: none
	metadata map[string]any // KFP: of an output artifact, before its task runs
}

// A body holds tasks: of the pipeline, a sub-pipeline, a group, a branch, or what
// follows finally.
type body struct {
	parent  *body // nil: closed
	owner   *task // the group whose body it is, nil for closed bodies
	inputs  []*port
	item    string // the loop variable, "" outside loops
	itemTyp typ
	tasks   []*task
	outputs []*output
	finally *body // nil: none; its parent is this body
	exit    bool  // it is a finally
}

// An output is what is seen of a body from outside.
type output struct {
	name  string
	value value
	typ   typ
	maybe bool // it may be absent although the body succeeded
}

// A task uses a component or is a group.
type task struct {
	name      string
	in        *body
	uses      *component // nil for groups
	args      []arg
	after     []*task
	when      value
	completed bool
	retry     int

	body        *body // of a group
	forEach     value
	parallelism int
	branches    []*branch
}

type arg struct {
	name  string
	value value
}

// A branch without when is the last one, otherwise.
type branch struct {
	when value
	body *body
}

// A value is one of the pointers below.
type value interface{ isValue() }

// A constant is a literal; embedded references may stand in its lists, structs
// and texts.
type constant struct {
	v any
	t typ
}

// A ref names an input, a loop variable, an output of a task, or the status.
type ref struct {
	kind  refKind
	owner *body // where an input, a loop variable or a status belongs
	task  *task
	name  string
	t     typ
	maybe bool // absent in some runs that come this far
}

type refKind uint8

const (
	toInput refKind = iota + 1
	toItem
	toOutput
	toStatus
)

// A member is one key of a struct or of an element of unknown type.
type member struct {
	of  *ref
	key string
	t   typ
}

// A text is put together from text forms.
type text struct{ parts []value }

// A call is an operation of our own language's expressions.
type call struct {
	fn   string
	args []value
	t    typ
}

// A oneOf is the first that has a value.
type oneOf struct {
	refs []*ref
	t    typ
}

func (*constant) isValue() {}
func (*ref) isValue()      {}
func (*member) isValue()   {}
func (*text) isValue()     {}
func (*call) isValue()     {}
func (*oneOf) isValue()    {}

func typeOf(v value) typ {
	switch v := v.(type) {
	case *constant:
		return v.t
	case *ref:
		return v.t
	case *member:
		return v.t
	case *call:
		return v.t
	case *oneOf:
		return v.t
	}
	return typ{kind: aString}
}

// refs calls f with each reference in a value.
func refs(v value, f func(*ref)) {
	switch v := v.(type) {
	case *ref:
		f(v)
	case *member:
		f(v.of)
	case *text:
		for _, p := range v.parts {
			refs(p, f)
		}
	case *call:
		for _, a := range v.args {
			refs(a, f)
		}
	case *oneOf:
		for _, r := range v.refs {
			f(r)
		}
	}
}

// refs calls f with each reference of a task, those of all tasks inside it
// included.
func (t *task) refs(f func(*ref)) {
	for _, a := range t.args {
		refs(a.value, f)
	}
	refs(t.when, f)
	refs(t.forEach, f)
	for _, b := range t.branches {
		refs(b.when, f)
		b.body.refs(f)
	}
	t.body.refs(f)
}

func (b *body) refs(f func(*ref)) {
	if b == nil {
		return
	}
	for _, t := range b.tasks {
		t.refs(f)
	}
	for _, o := range b.outputs {
		refs(o.value, f)
	}
	b.finally.refs(f)
}

// order calls f with each task that t or a task inside it is to come after.
func (t *task) order(f func(*task)) {
	for _, a := range t.after {
		f(a)
	}
	t.body.order(f)
	for _, b := range t.branches {
		b.body.order(f)
	}
}

func (b *body) order(f func(*task)) {
	if b == nil {
		return
	}
	for _, t := range b.tasks {
		t.order(f)
	}
	b.finally.order(f)
}

// upstream are the tasks of the same body that t waits for.
func (t *task) upstream() []*task {
	var out []*task
	seen := map[*task]bool{}
	add := func(u *task) {
		if u != nil && u != t && u.in == t.in && !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	t.refs(func(r *ref) { add(r.task) })
	t.order(add)
	return out
}

// skippable: the task may be skipped in a run that succeeds.
func (t *task) skippable() bool {
	if t.when != nil {
		return true
	}
	if t.completed {
		return false
	}
	for _, u := range t.upstream() {
		if u.skippable() {
			return true
		}
	}
	return false
}

// outputs are what siblings see of a task.
func (t *task) outputs() []*output {
	var out []*output
	switch {
	case t.uses != nil && t.uses.sub != nil:
		for _, o := range t.uses.sub.outputs {
			out = append(out, &output{name: o.name, typ: o.typ, maybe: o.maybe})
		}
	case t.uses != nil:
		for _, o := range t.uses.outputs {
			out = append(out, &output{name: o.name, typ: o.typ})
		}
	case t.forEach != nil:
		for _, o := range t.body.outputs {
			out = append(out, &output{name: o.name, typ: listOf(o.typ)})
		}
	case t.body != nil:
		out = append(out, t.body.outputs...)
	case len(t.branches) > 0:
		for i, o := range t.branches[0].body.outputs {
			maybe := t.branches[len(t.branches)-1].when != nil
			for _, b := range t.branches {
				maybe = maybe || b.body.outputs[i].maybe
			}
			out = append(out, &output{name: o.name, typ: o.typ, maybe: maybe})
		}
	}
	return out
}
