package argo

import (
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// flow knows, for every artifact input and output of every component, in which
// form it has to travel: as an Argo artifact (a file), as a record (a JSON
// parameter of name, type, uri and metadata), or both.
type flow struct {
	info     *check.Info
	byRecord map[*ir.Port]bool // inputs: what comes in may have no Argo artifact
	only     map[*ir.Port]bool // outputs: may have no Argo artifact
	file     map[*ir.Port]bool
	record   map[*ir.Port]bool
	changed  bool
	anything bool // there are artifacts at all
}

func newFlow(p *ir.Pipeline, info *check.Info, cacheAll bool) *flow {
	f := &flow{info: info, byRecord: map[*ir.Port]bool{}, only: map[*ir.Port]bool{}, file: map[*ir.Port]bool{}, record: map[*ir.Port]bool{}}
	if !hasArtifacts(p) {
		return f
	}
	f.anything = true
	for _, c := range p.All() {
		f.leaf(c)
	}
	p.Walk(func(_ *ir.Component, t *ir.Task) { f.cached(t, cacheAll) })
	for _, port := range p.Root.Inputs {
		if port.Type.IsArtifact() {
			f.byRecord[port] = true // a run is given URIs
		}
	}
	f.settle(p, f.forward)
	for _, port := range p.Root.Outputs {
		if port.Type.IsArtifact() {
			f.want(port, f.only[port] || p.Dialect == ir.KFP)
		}
	}
	f.settle(p, f.backward)
	return f
}

func hasArtifacts(p *ir.Pipeline) bool {
	for _, c := range p.All() {
		for _, ports := range [...][]*ir.Port{c.Inputs, c.Outputs} {
			for _, port := range ports {
				if port.Type.IsArtifact() {
					return true
				}
			}
		}
	}
	return false
}

// leaf sets what a component without tasks needs by itself.
func (f *flow) leaf(c *ir.Component) {
	switch body := c.Body.(type) {
	case *ir.Container:
		sdk, byURI := usesExecutorInput(body), pathsByURI(body)
		for _, p := range c.Inputs {
			if p.Type.IsArtifact() && (byURI || p.Type.Kind == ir.List) {
				f.byRecord[p] = true
			}
		}
		for _, p := range c.Outputs {
			if p.Type.IsArtifact() && (sdk || p.Type.Kind == ir.List) {
				f.only[p] = true
			}
		}
		body.EachValue(func(v ir.Value) { f.aspects(c, v) })
	case *ir.Importer:
		for _, p := range c.Outputs {
			f.only[p] = true
		}
	}
}

// cached: the key of a cache holds the URIs of artifacts.
func (f *flow) cached(t *ir.Task, all bool) {
	if t.Settings == nil || t.Settings.Cache == nil || !t.Settings.Cache.Asked && !all {
		return
	}
	for _, p := range t.Component.Inputs {
		if p.Type.IsArtifact() {
			f.record[p] = true
		}
	}
}

func (f *flow) aspects(c *ir.Component, v ir.Value) {
	ir.Visit(v, func(v ir.Value) {
		switch v := v.(type) {
		case *ir.PortRef:
			p := c.Input(v.Port)
			if v.Output || p == nil || !p.Type.IsArtifact() || v.Aspect == ir.AspectContent {
				return
			}
			// The path of what is absent is empty, which the record tells.
			if v.Aspect != ir.AspectPath || p.Optional {
				f.record[p] = true
			}
		case *ir.Present:
			if p := c.Input(v.Input); p != nil && p.Type.IsArtifact() {
				f.record[p] = true
			}
		}
	})
}

// pathsByURI reports whether a container's paths have to be those that the KFP
// SDK derives from URIs: its program may do so itself.
func pathsByURI(c *ir.Container) bool {
	if usesExecutorInput(c) {
		return true
	}
	if c.Contract != ir.KFPContract {
		return false
	}
	found := false
	c.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			if ref, ok := v.(*ir.PortRef); ok && (ref.Aspect == ir.AspectURI || ref.Aspect == ir.AspectWhole) {
				found = true
			}
		})
	})
	return found
}

func usesExecutorInput(c *ir.Container) bool {
	found := false
	c.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			switch v.(type) {
			case *ir.ExecutorInput, *ir.ExecutorOutputPath:
				found = true
			}
		})
	})
	return found
}

// settle repeats one step over all tasks until nothing changes.
func (f *flow) settle(p *ir.Pipeline, step func(owner *ir.Component, d *ir.DAG)) {
	all := p.All()
	for range len(all) + 2 {
		f.changed = false
		for _, c := range all {
			if d := c.DAG(); d != nil {
				step(c, d)
			}
		}
		if !f.changed {
			return
		}
	}
}

func (f *flow) set(m map[*ir.Port]bool, p *ir.Port) {
	if p != nil && !m[p] {
		m[p] = true
		f.changed = true
	}
}

// forward carries "there may be no Argo artifact" from producers to consumers.
func (f *flow) forward(owner *ir.Component, d *ir.DAG) {
	d.EachTask(func(t *ir.Task) {
		for _, b := range t.Args {
			p := t.Component.Input(b.Name.Text)
			if p != nil && p.Type.IsArtifact() && f.recordOnly(owner, d, b.Value, t) {
				f.set(f.byRecord, p)
			}
		}
		if t.ForEach != nil {
			if p := t.Component.Input(t.ForEach.Item.Text); p != nil && p.Type.IsArtifact() {
				f.set(f.byRecord, p)
			}
		}
	})
	for _, o := range d.Outputs {
		p := owner.Output(o.Name.Text)
		if p != nil && p.Type.IsArtifact() && (p.Type.Kind == ir.List || f.recordOnly(owner, d, o.Value, nil)) {
			f.set(f.only, p)
		}
	}
}

func (f *flow) recordOnly(owner *ir.Component, d *ir.DAG, v ir.Value, t *ir.Task) bool {
	switch v := v.(type) {
	case *ir.InputRef:
		p := owner.Input(v.Name)
		return p != nil && (f.byRecord[p] || p.Type.Kind == ir.List)
	case *ir.OutputRef:
		producer := f.producer(d, v.Task)
		if producer == nil {
			return false
		}
		if producer.ForEach != nil || t != nil && (t.Trigger == ir.Completed || !f.member(d, t)) {
			return true
		}
		return f.only[producer.Component.Output(v.Output)]
	case *ir.OneOf:
		for _, a := range v.Alternatives {
			if f.recordOnly(owner, d, a, t) {
				return true
			}
		}
	}
	return false
}

func (f *flow) producer(d *ir.DAG, name string) *ir.Task {
	if s := f.info.Scope(d); s != nil {
		return s.Task(name)
	}
	return d.Task(name)
}

// member reports whether t is one of the DAG's tasks, not an exit task.
func (f *flow) member(d *ir.DAG, t *ir.Task) bool { return f.producer(d, t.Name.Text) == t }

func (f *flow) want(p *ir.Port, record bool) {
	if record {
		f.set(f.record, p)
	} else {
		f.set(f.file, p)
	}
}

// needs says how a consumer's input has to be served.
func (f *flow) needs(p *ir.Port, leaf bool) (file, record bool) {
	if leaf {
		return !f.byRecord[p], f.byRecord[p] || f.record[p]
	}
	return f.file[p], f.record[p]
}

// backward carries demand from consumers to producers.
func (f *flow) backward(owner *ir.Component, d *ir.DAG) {
	d.EachTask(func(t *ir.Task) {
		leaf := t.Component.DAG() == nil
		for _, b := range t.Args {
			p := t.Component.Input(b.Name.Text)
			if p == nil || !p.Type.IsArtifact() {
				continue
			}
			file, record := f.needs(p, leaf)
			f.demand(owner, d, b.Value, file, record)
		}
		if t.ForEach != nil {
			if p := t.Component.Input(t.ForEach.Item.Text); p != nil && p.Type.IsArtifact() {
				f.demand(owner, d, t.ForEach.Items, false, true)
				f.set(f.record, p)
			}
		}
	})
	for _, o := range d.Outputs {
		if p := owner.Output(o.Name.Text); p != nil && p.Type.IsArtifact() {
			f.demand(owner, d, o.Value, f.file[p], f.record[p])
		}
	}
}

func (f *flow) demand(owner *ir.Component, d *ir.DAG, v ir.Value, file, record bool) {
	var p *ir.Port
	switch v := v.(type) {
	case *ir.InputRef:
		p = owner.Input(v.Name)
	case *ir.OutputRef:
		t := f.producer(d, v.Task)
		if t == nil {
			return
		}
		p = t.Component.Output(v.Output)
		if t.ForEach != nil {
			file, record = false, file || record
		}
	case *ir.OneOf:
		for _, a := range v.Alternatives {
			f.demand(owner, d, a, file, record)
		}
		return
	default:
		return
	}
	if p == nil {
		return
	}
	if file {
		f.set(f.file, p)
	}
	if record {
		f.set(f.record, p)
	}
}
