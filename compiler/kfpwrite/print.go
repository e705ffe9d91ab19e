package kfpwrite

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A printer prints a pipeline that is made of nothing but what KFP has.
type printer struct {
	p         *ir.Pipeline
	users     map[*ir.Component]*scope // the first task of each component
	looped    map[*ir.Component]bool   // components that some task runs in a loop
	rank      map[*ir.Component]int    // place among the components
	labels    map[string]bool          // of executors
	status    map[*ir.Port]bool        // inputs that receive a final status
	executors mapping
	platform  mapping
}

const schemaVersion = "2.1.0"

// sdkVersion says who wrote the file; nobody reads a meaning from it.
const sdkVersion = "kfp-go"

// printPipeline gives the whole file.
func printPipeline(p *ir.Pipeline) []byte {
	w := &printer{p: p, users: map[*ir.Component]*scope{}, rank: map[*ir.Component]int{}, looped: map[*ir.Component]bool{}, labels: map[string]bool{}}
	for i, c := range p.All() {
		w.rank[c] = i
		if d := c.DAG(); d != nil {
			w.uses(c, d)
		}
	}
	w.status = statusPorts(p)
	spec := w.spec()
	var b bytes.Buffer
	b.WriteString("# PIPELINE DEFINITION\n")
	writeYAML(&b, spec)
	if platform := w.platformSpec(); len(platform) > 0 {
		b.WriteString("---\n")
		writeYAML(&b, platform)
	}
	return b.Bytes()
}

func (w *printer) uses(owner *ir.Component, d *ir.DAG) {
	use := func(t, host *ir.Task) {
		if w.users[t.Component] == nil {
			w.users[t.Component] = &scope{owner: owner, task: t, host: host}
		}
	}
	for _, t := range d.Tasks {
		use(t, nil)
		w.looped[t.Component] = w.looped[t.Component] || t.ForEach != nil
		if t.OnExit != nil {
			use(t.OnExit, t)
		}
	}
}

func (w *printer) spec() mapping {
	var components mapping
	for _, c := range w.sorted() {
		components = append(components, field{c.Name.Text, w.component(c)})
	}
	return message(
		field{"components", components},
		field{"defaultPipelineRoot", w.p.ArtifactRoot},
		field{"deploymentSpec", said{message(field{"executors", w.executors})}},
		field{"pipelineInfo", message(
			field{"description", w.p.Description}, field{"displayName", w.p.DisplayName}, field{"name", w.p.Name.Text})},
		field{"root", w.component(w.p.Root)},
		field{"schemaVersion", schemaVersion},
		field{"sdkVersion", sdkVersion},
	)
}

// sorted are the components by name; those that no task uses come last and in
// their order, which means something when the file is read again.
func (w *printer) sorted() []*ir.Component {
	var used, unused []*ir.Component
	for _, c := range w.p.Components {
		if w.users[c] != nil {
			used = append(used, c)
		} else {
			unused = append(unused, c)
		}
	}
	slices.SortStableFunc(used, func(a, b *ir.Component) int { return strings.Compare(a.Name.Text, b.Name.Text) })
	return append(used, unused...)
}

func (w *printer) component(c *ir.Component) any {
	out := message(
		field{"inputDefinitions", w.ports(c, c.Inputs, true)},
		field{"outputDefinitions", w.ports(c, c.Outputs, false)},
	)
	if d := c.DAG(); d != nil {
		return append(mapping{{"dag", w.dag(c, d)}}, out...)
	}
	label := w.label(c)
	w.executors = append(w.executors, field{label, w.executor(c)})
	if s := w.users[c]; s != nil && s.task.Settings != nil {
		if platform := s.platform(s.task.Settings); len(platform) > 0 {
			w.platform = append(w.platform, field{label, platform})
		}
	}
	return append(mapping{{"executorLabel", label}}, out...)
}

func (w *printer) label(c *ir.Component) string {
	base := "exec-" + strings.TrimPrefix(c.Name.Text, "comp-")
	label := base
	for i := 2; w.labels[label]; i++ {
		label = base + "-" + strconv.Itoa(i)
	}
	w.labels[label] = true
	return label
}

// ports are the inputs or outputs of a component.
func (w *printer) ports(c *ir.Component, ports []*ir.Port, input bool) mapping {
	var parameters, artifacts mapping
	for _, p := range ports {
		switch {
		case p.Captured && supplied(c, p): // by tasks, not declared
		case p.Type.IsArtifact():
			artifacts = append(artifacts, field{p.Name.Text, artifact(p, w.list(c, p, input))})
		default:
			parameters = append(parameters, field{p.Name.Text, w.parameter(p, w.list(c, p, input))})
		}
	}
	return message(field{"artifacts", artifacts}, field{"parameters", parameters})
}

// supplied knows a captured input of a container that its tasks give it although
// it is not declared.
func supplied(c *ir.Component, p *ir.Port) bool {
	return c.Container() != nil && (p.Type.Kind == ir.Dynamic || p.Type.IsArtifact())
}

// list reports whether the port is declared as a list: the outputs of a loop's
// component are declared as siblings of the loop see them.
func (w *printer) list(c *ir.Component, p *ir.Port, input bool) bool {
	return p.Type.Kind == ir.List || !input && c.DAG() != nil && w.looped[c]
}

func (w *printer) parameter(p *ir.Port, list bool) mapping {
	out := message(
		field{"description", p.Description},
		field{"isOptional", p.Optional || p.Default != nil},
		field{"parameterType", w.parameterType(p, list)},
	)
	if p.Limits != nil && len(p.Limits.Enum) > 0 {
		out = append(out, field{"literals", constant(p.Limits.Enum)})
	}
	if p.Default != nil {
		out = append(out, field{"defaultValue", constant(p.Default.V)})
	}
	return out.sorted()
}

func (w *printer) parameterType(p *ir.Port, list bool) string {
	if list {
		return "LIST"
	}
	switch p.Type.Kind {
	case ir.Integer:
		return "NUMBER_INTEGER"
	case ir.Number:
		return "NUMBER_DOUBLE"
	case ir.Boolean:
		return "BOOLEAN"
	case ir.Struct:
		if w.status[p] {
			return "TASK_FINAL_STATUS"
		}
		return "STRUCT"
	}
	return "STRING"
}

func artifact(p *ir.Port, list bool) mapping {
	t := p.Type
	for t.Kind == ir.List && t.Items != nil {
		t = *t.Items
	}
	out := message(
		field{"artifactType", artifactType(t)},
		field{"description", p.Description},
		field{"isArtifactList", list},
		field{"isOptional", p.Optional},
	)
	if p.Metadata != nil {
		out = append(out, field{"metadata", constant(p.Metadata)})
	}
	return out
}

func artifactType(t ir.Type) mapping {
	s := t.Schema
	return message(field{"instanceSchema", s.Instance}, field{"schemaTitle", s.Title}, field{"schemaUri", s.URI}, field{"schemaVersion", s.Version})
}

// statusPorts are the inputs that receive a final status, through groups too.
func statusPorts(p *ir.Pipeline) map[*ir.Port]bool {
	out := map[*ir.Port]bool{}
	for again := true; again; {
		again = false
		p.Walk(func(owner *ir.Component, t *ir.Task) {
			for _, b := range t.Args {
				port := t.Component.Input(b.Name.Text)
				if port != nil && !out[port] && port.Type.Kind == ir.Struct && isStatus(owner, b.Value, out) {
					out[port], again = true, true
				}
			}
		})
	}
	return out
}

func isStatus(owner *ir.Component, v ir.Value, known map[*ir.Port]bool) bool {
	switch v := v.(type) {
	case *ir.StatusRef:
		return true
	case *ir.InputRef:
		p := owner.Input(v.Name)
		return p != nil && known[p]
	}
	return false
}
