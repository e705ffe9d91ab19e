package ir

// All is every component of the pipeline, the root first.
func (p *Pipeline) All() []*Component {
	out := make([]*Component, 0, len(p.Components)+1)
	if p.Root != nil {
		out = append(out, p.Root)
	}
	return append(out, p.Components...)
}

// EachTask calls f for every task of the DAG in order, each followed by its
// exit task.
func (d *DAG) EachTask(f func(*Task)) {
	for _, t := range d.Tasks {
		f(t)
		if t.OnExit != nil {
			f(t.OnExit)
		}
	}
}

// Walk calls f for every task of every component, in order, with the component
// that holds it. Exit tasks follow the task they belong to.
func (p *Pipeline) Walk(f func(owner *Component, t *Task)) {
	for _, c := range p.All() {
		if d := c.bodyDAG(); d != nil {
			d.EachTask(func(t *Task) { f(c, t) })
		}
	}
}

// EachValue calls f for every value that stands directly in the task: its
// arguments, condition, loop items and settings, in this order, not those of
// its exit task. Values inside values are left to Visit.
func (t *Task) EachValue(f func(Value)) {
	for _, b := range t.Args {
		some(f, b.Value)
	}
	some(f, t.When)
	if t.ForEach != nil {
		some(f, t.ForEach.Items)
	}
	t.Settings.EachValue(f)
}

// EachValue calls f for every value that stands directly in the settings, in
// the order of the fields. It accepts nil settings.
func (s *Settings) EachValue(f func(Value)) {
	if s == nil {
		return
	}
	if s.Retry != nil {
		some(f, s.Retry.Limit)
	}
	if s.Cache != nil {
		some(f, s.Cache.Key)
	}
	for _, r := range s.Resources {
		some(f, r.Request)
		some(f, r.Limit)
	}
	if a := s.Accelerator; a != nil {
		some(f, a.Type)
		some(f, a.Count)
		some(f, a.Product)
	}
	eachPair(s.NodeSelector, f)
	some(f, s.NodeSelectorFrom)
	for _, v := range s.Affinity {
		some(f, v)
	}
	for _, v := range s.Tolerations {
		some(f, v)
	}
	some(f, s.SecurityContext)
	eachEnv(s.Env, f)
	for _, e := range s.EnvFrom {
		some(f, e.Secret)
		some(f, e.ConfigMap)
	}
	for _, v := range s.Volumes {
		some(f, v.Secret)
		some(f, v.ConfigMap)
		some(f, v.Claim)
	}
	some(f, s.ServiceAccount)
	eachPair(s.Labels, f)
	eachPair(s.Annotations, f)
	for _, v := range s.ImagePullSecrets {
		some(f, v)
	}
}

// EachValue calls f for every value that stands directly in the container:
// image, command, args and env.
func (c *Container) EachValue(f func(Value)) {
	some(f, c.Image)
	eachArg(c.Command, f)
	eachArg(c.Args, f)
	eachEnv(c.Env, f)
}

// EachValue calls f for every value that stands directly in the importer.
func (i *Importer) EachValue(f func(Value)) {
	some(f, i.URI)
	some(f, i.Metadata)
}

func some(f func(Value), v Value) {
	if v != nil {
		f(v)
	}
}

func eachPair(pairs []*SettingPair, f func(Value)) {
	for _, p := range pairs {
		some(f, p.Value)
	}
}

func eachEnv(env []*EnvVar, f func(Value)) {
	for _, e := range env {
		some(f, e.Value)
		for _, k := range [...]*KeyRef{e.Secret, e.ConfigMap} {
			if k != nil {
				some(f, k.Name)
				some(f, k.Key)
			}
		}
	}
}

func eachArg(args []Arg, f func(Value)) {
	for _, a := range args {
		switch a := a.(type) {
		case *TextArg:
			some(f, a.Value)
		case *IfArg:
			some(f, a.Cond)
			eachArg(a.Then, f)
			eachArg(a.Else, f)
		case *ConcatArg:
			eachArg(a.Items, f)
		}
	}
}

// VisitLeaves calls f for every value inside v that holds no others, v itself
// if it is one, without allocating.
func VisitLeaves(v Value, f func(Value)) {
	switch v := v.(type) {
	case nil:
	case *Expr:
		for _, x := range v.Vars {
			VisitLeaves(x.Value, f)
		}
	case *Template:
		visitAll(v.Parts, f)
	case *ListValue:
		visitAll(v.Items, f)
	case *StructValue:
		visitAll(v.Values, f)
		visitAll(v.Computed, f)
	case *Select:
		VisitLeaves(v.Of, f)
	case *OneOf:
		for _, x := range v.Alternatives {
			f(x)
		}
	default:
		f(v)
	}
}

func visitAll(vs []Value, f func(Value)) {
	for _, v := range vs {
		VisitLeaves(v, f)
	}
}
