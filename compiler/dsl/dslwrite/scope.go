package dslwrite

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A scope is a place in which tasks are written. The language is lexically
// scoped and the representation closed, so what a group's DAG reads through its
// inputs is written as what the group is wired to, from wherever that comes.
type scope struct {
	parent *scope
	comp   *ir.Component
	dag    *ir.DAG
	refs   map[string]*ref
	tasks  map[string]*ir.Task
	names  map[string]string // of tasks, as they are written
	taken  map[string]bool   // those names
	loop   string            // the loop variable that is declared here
	judged bool              // conditions have KFP's rules

	// body is the scope of the tasks whose end a finally sees, when this is
	// the scope of that finally or the one around both.
	body *scope
	exit *ir.Task // the task whose exit task is written here
}

// A ref is what an input of a DAG is written as.
type ref struct {
	text string
	typ  ir.Type
	mark func() // says that it was used, nil: nobody asks
}

func newScope(parent *scope, c *ir.Component, d *ir.DAG) *scope {
	s := &scope{parent: parent, comp: c, dag: d, refs: make(map[string]*ref, len(c.Inputs)), tasks: make(map[string]*ir.Task, len(d.Tasks)),
		names: make(map[string]string, len(d.Tasks)), taken: make(map[string]bool, len(d.Tasks))}
	if parent != nil {
		s.judged = parent.judged
	}
	for _, t := range d.Tasks {
		s.tasks[t.Name.Text] = t
		s.names[t.Name.Text] = unique(s.taken, fit(t.Name.Text))
		s.taken[s.names[t.Name.Text]] = true
	}
	return s
}

// closedScope is that of a pipeline or of a component that is one.
func (w *writer) closedScope(c *ir.Component) *scope {
	s := newScope(nil, c, c.DAG())
	for _, p := range c.Inputs {
		s.refs[p.Name.Text] = &ref{text: member("inputs", w.inputName(c, p.Name.Text)), typ: p.Type}
	}
	return s
}

// seen reports whether the name of a task or loop variable is taken here or
// outside.
func (s *scope) seen(name string) bool {
	for ; s != nil; s = s.parent {
		if s.taken[name] {
			return true
		}
	}
	return false
}

func (s *scope) loops(name string) bool {
	for ; s != nil; s = s.parent {
		if s.loop == name {
			return true
		}
	}
	return false
}

// output is an output of a task as it is written.
func (w *writer) output(s *scope, v *ir.OutputRef) (string, bool) {
	if s.body != nil && s.tasks[v.Task] != nil && s.tasks[v.Task].Component.DAG() == s.body.dag {
		return w.ofBody(s.body, v.Output)
	}
	t := s.tasks[v.Task]
	if t == nil {
		return "", false
	}
	return member(member("tasks", s.names[v.Task])+".outputs", w.outputName(t.Component, v.Output)), true
}

// ofBody is an output of the body of a finally: what it stands for.
func (w *writer) ofBody(body *scope, output string) (string, bool) {
	for _, o := range body.dag.Outputs {
		if o.Name.Text == output {
			return w.inner(body, o.Value)
		}
	}
	return "", false
}

// typeOf is what is known of the type of a value in the scope.
func (w *writer) typeOf(s *scope, v ir.Value) ir.Type {
	switch v := v.(type) {
	case *ir.InputRef:
		if r := s.refs[v.Name]; r != nil {
			return r.typ
		}
	case *ir.OutputRef:
		t := s.tasks[v.Task]
		if t == nil {
			return ir.Type{}
		}
		p := t.Component.Output(v.Output)
		if p == nil {
			return ir.Type{}
		}
		if t.ForEach != nil {
			return ir.ListOfSome(&p.Type)
		}
		return p.Type
	case *ir.Literal:
		return ir.TypeOf(v.V)
	case *ir.Template, *ir.RunRef:
		return ir.Type{Kind: ir.String}
	case *ir.StatusRef, *ir.StructValue:
		return ir.Type{Kind: ir.Struct}
	case *ir.ListValue:
		var elem *ir.Type
		for _, x := range v.Items {
			elem = ir.Join(elem, w.typeOf(s, x))
		}
		return ir.ListOfSome(elem)
	case *ir.Expr:
		return v.Program.Type()
	case *ir.OneOf:
		var t *ir.Type
		for _, a := range v.Alternatives {
			t = ir.Join(t, w.typeOf(s, a))
		}
		if t != nil {
			return *t
		}
	}
	return ir.Type{Kind: ir.Dynamic}
}

// member is a member of a path, in brackets where a dot does not do.
func member(path, name string) string {
	if dotted(name) {
		return path + "." + name
	}
	return path + "['" + name + "']"
}

// dotted reports whether a name can stand behind a dot: hyphens between letters
// and digits only.
func dotted(name string) bool {
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(name)-1 && name[i-1] != '_' && alnum(name[i-1]) && alnum(name[i+1]):
		default:
			return false
		}
	}
	return name != ""
}

func alnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

const maxName = 128

// valid is the language's rule for names.
func valid(s string) bool { return s != "" && fit(s) == s }

// fit makes a name of any text.
func fit(s string) string {
	ok := s != "" && len(s) <= maxName
	for i := range len(s) {
		c := s[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > 0 && (c >= '0' && c <= '9' || c == '-'))
	}
	if ok {
		return s
	}
	var b strings.Builder
	for i := range min(len(s), maxName-8) {
		c := s[i]
		switch {
		case alnum(c) || c == '_' || c == '-':
			if b.Len() == 0 && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_') {
				b.WriteByte('_')
			}
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if out := strings.TrimRight(b.String(), "-"); out != "" {
		return out
	}
	return "_"
}

// unique is name, with a number behind it if it is taken.
func unique(taken map[string]bool, name string) string {
	out := name
	for i := 2; taken[out]; i++ {
		out = name + "-" + itoa(i)
	}
	return out
}

// channel is KFP's prefix for what a group takes from outside and gives.
const channel = "pipelinechannel--"

// inputName and outputName are the names of a DAG's inputs and outputs: KFP's
// own for the plumbing of groups go without their prefix.
func (w *writer) inputName(c *ir.Component, name string) string {
	return w.portName(c, name, w.inputs, c.Inputs)
}

func (w *writer) outputName(c *ir.Component, name string) string {
	return w.portName(c, name, w.outputs, c.Outputs)
}

func (w *writer) portName(c *ir.Component, name string, known map[*ir.Component]map[string]string, ports []*ir.Port) string {
	if c.DAG() == nil || c == w.p.Root {
		return name
	}
	names := known[c]
	if names == nil {
		names = make(map[string]string, len(ports))
		known[c] = names
		taken := make(map[string]bool, len(ports))
		for _, p := range ports {
			short := fit(strings.TrimPrefix(p.Name.Text, channel))
			short = unique(taken, short)
			taken[short], names[p.Name.Text] = true, short
		}
	}
	if short, ok := names[name]; ok {
		return short
	}
	return fit(name)
}
