package ir

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/source"
)

// Dump prints the whole pipeline for people and goldens: stable, complete,
// without positions. Twins of one pipeline in two languages dump alike but for
// the dialect in the first line.
func Dump(p *Pipeline) string { return dump(p, false) }

// DumpSpans is Dump with the position of every named thing and value behind it.
func DumpSpans(p *Pipeline) string { return dump(p, true) }

func dump(p *Pipeline, spans bool) string {
	d := &dumper{spans: spans}
	d.pipeline(p)
	return d.b.String()
}

type dumper struct {
	b     strings.Builder
	depth int
	spans bool
}

func (d *dumper) line(at source.Span, words ...string) {
	for range d.depth {
		d.b.WriteString("  ")
	}
	first := true
	for _, w := range words {
		if w == "" {
			continue
		}
		if !first {
			d.b.WriteByte(' ')
		}
		first = false
		d.b.WriteString(w)
	}
	if d.spans && !at.IsZero() {
		fmt.Fprintf(&d.b, "  @%s", place(at))
	}
	d.b.WriteByte('\n')
}

func place(at source.Span) string {
	b, e := at.Begin(), at.Finish()
	return fmt.Sprintf("%d:%d-%d:%d", b.Line, b.Column, e.Line, e.Column)
}

func (d *dumper) text(key, v string) {
	if v != "" {
		d.line(source.Span{}, key, strconv.Quote(v))
	}
}

func (d *dumper) num(key string, v float64) {
	if v != 0 {
		d.line(source.Span{}, key, strconv.FormatFloat(v, 'g', -1, 64))
	}
}

func (d *dumper) flag(key string, v bool) {
	if v {
		d.line(source.Span{}, key)
	}
}

func (d *dumper) count(key string, v *int64) {
	if v != nil {
		d.line(source.Span{}, key, strconv.FormatInt(*v, 10))
	}
}

func (d *dumper) value(key string, v Value) {
	if v != nil {
		d.line(v.Span(), key, ValueText(v))
	}
}

func (d *dumper) json(key string, v any) {
	d.line(source.Span{}, key, literalText(v))
}

func (d *dumper) in(f func()) { d.depth++; f(); d.depth-- }

func (d *dumper) pipeline(p *Pipeline) {
	if p == nil {
		d.line(source.Span{}, "no pipeline")
		return
	}
	dialect := map[Dialect]string{DSL: "dsl", KFP: "kfp"}[p.Dialect]
	d.line(p.Name.At, "pipeline", strconv.Quote(p.Name.Text), dialect)
	d.in(func() {
		d.text("display-name", p.DisplayName)
		d.text("description", p.Description)
		d.text("artifact-root", p.ArtifactRoot)
		d.num("timeout", p.Timeout)
		d.num("parallelism", float64(p.Parallelism))
		d.ttl(p.TTL)
		d.text("pod-gc", p.PodGC)
		d.schedule(p.Schedule)
		d.slo(p.SLO)
		if w := p.Workspace; w != nil {
			d.line(w.At, "workspace", w.Size, storageClass(w.StorageClass), strings.Join(w.AccessModes, ","))
		}
		if p.Mutex.Text != "" {
			d.line(p.Mutex.At, "mutex", strconv.Quote(p.Mutex.Text))
		}
		if s := p.Semaphore; s != nil {
			d.line(s.At, "semaphore", strconv.Quote(s.Key), quoted("config-map", s.ConfigMap))
		}
		if p.ArgoSpec != nil {
			d.line(p.ArgoSpecAt, "argo-spec", literalText(p.ArgoSpec))
		}
		d.pairs("label", p.Labels)
		d.pairs("annotation", p.Annotations)
	})
	if p.Root != nil {
		d.component("root", p.Root)
	}
	for _, c := range p.Components {
		title := "component"
		if c != nil {
			title += " " + strconv.Quote(c.Name.Text)
		}
		d.component(title, c)
	}
}

func (d *dumper) ttl(t *TTL) {
	if t == nil {
		return
	}
	d.line(source.Span{}, "ttl")
	d.in(func() {
		d.count("completion", t.Completion)
		d.count("success", t.Success)
		d.count("failure", t.Failure)
	})
}

func (d *dumper) schedule(s *Schedule) {
	if s == nil {
		return
	}
	d.line(s.At, "schedule")
	d.in(func() {
		for _, c := range s.Cron {
			d.text("cron", c)
		}
		d.text("timezone", s.Timezone)
		d.text("concurrency", s.Concurrency)
		d.flag("suspend", s.Suspend)
		d.count("starting-deadline", s.StartingDeadlineSeconds)
		d.count("successful-history", s.SuccessfulHistory)
		d.count("failed-history", s.FailedHistory)
	})
}

func (d *dumper) slo(s *SLO) {
	if s == nil {
		return
	}
	d.line(s.At, "slo")
	d.in(func() {
		d.goal("success", s.Success)
		d.goal("duration", s.Duration)
		d.goal("quantile", s.Quantile)
		d.goal("window", s.Window)
	})
}

func (d *dumper) goal(key string, g *Goal) {
	if g != nil {
		d.line(g.At, key, literalText(g.Value))
	}
}

func (d *dumper) pairs(key string, ps []Pair) {
	for _, p := range ps {
		d.line(p.At, key, strconv.Quote(p.Key), strconv.Quote(p.Value))
	}
}

func (d *dumper) component(title string, c *Component) {
	if c == nil {
		d.line(source.Span{}, title, "missing")
		return
	}
	d.line(c.Name.At, title, bodyName(c.Body))
	d.in(func() {
		d.text("description", c.Description)
		for _, p := range c.Inputs {
			d.port("input", p)
		}
		for _, p := range c.Outputs {
			d.port("output", p)
		}
		switch b := c.Body.(type) {
		case *DAG:
			d.dag(b)
		case *Container:
			d.container(b)
		case *Importer:
			d.importer(b)
		}
	})
}

func bodyName(b Body) string {
	switch b := b.(type) {
	case *DAG:
		s := "dag"
		if b.Exclusive {
			s += " exclusive"
		}
		if b.Inline {
			s += " inline"
		}
		return s
	case *Container:
		if b.Contract == KFPContract {
			return "container kfp"
		}
		return "container"
	case *Importer:
		return "importer"
	case *Claim:
		if b.Delete {
			return "claim delete"
		}
		return "claim create"
	}
	return "without body"
}

func (d *dumper) port(kind string, p *Port) {
	words := []string{kind, strconv.Quote(p.Name.Text), typeText(p.Type)}
	if p.Optional {
		words = append(words, "optional")
	}
	if p.Secret {
		words = append(words, "secret")
	}
	if p.Captured {
		words = append(words, "captured")
	}
	if p.Default != nil {
		words = append(words, "=", literalText(p.Default.V))
	}
	d.line(p.Name.At, words...)
	d.in(func() {
		d.text("description", p.Description)
		d.limits(p.Limits)
		if p.Metadata != nil {
			d.json("metadata", p.Metadata)
		}
	})
}

// typeText is exact where Type.String is friendly: it tells schemas apart.
func typeText(t Type) string {
	switch {
	case t.Kind == List && t.Items != nil:
		return "list<" + typeText(*t.Items) + ">"
	case t.Kind == Artifact:
		s := t.Schema
		switch {
		case s.Title != "":
			return s.Title + "@" + s.Version
		case s.URI != "":
			return "schema-uri " + strconv.Quote(s.URI)
		}
		return "schema " + strconv.Quote(s.Instance)
	}
	return t.String()
}

func (d *dumper) limits(l *Limits) {
	if l == nil {
		return
	}
	var w []string
	num := func(key string, v *float64) {
		if v != nil {
			w = append(w, key, strconv.FormatFloat(*v, 'g', -1, 64))
		}
	}
	length := func(key string, v *int) {
		if v != nil {
			w = append(w, key, strconv.Itoa(*v))
		}
	}
	num("minimum", l.Minimum)
	num("maximum", l.Maximum)
	length("min-length", l.MinLength)
	length("max-length", l.MaxLength)
	if l.Enum != nil {
		w = append(w, "enum", literalText(l.Enum))
	}
	if l.Pattern != "" {
		w = append(w, "pattern", strconv.Quote(l.Pattern))
	}
	d.line(l.At, append([]string{"limits"}, w...)...)
}

func (d *dumper) dag(g *DAG) {
	for _, t := range g.Tasks {
		d.task("task", t)
	}
	for _, o := range g.Outputs {
		if o.Value == nil {
			d.line(o.Name.At, "result", strconv.Quote(o.Name.Text), "missing")
			continue
		}
		d.line(o.Name.At, "result", strconv.Quote(o.Name.Text), "=", ValueText(o.Value))
	}
}

func (d *dumper) task(kind string, t *Task) {
	component := "missing"
	if t.Component != nil {
		component = strconv.Quote(t.Component.Name.Text)
	}
	d.line(t.Name.At, kind, strconv.Quote(t.Name.Text), "of", component)
	d.in(func() {
		d.text("display-name", t.DisplayName)
		for _, b := range t.Args {
			d.line(b.Name.At, "arg", strconv.Quote(b.Name.Text), "=", ValueText(b.Value))
		}
		for _, a := range t.After {
			d.line(a.At, "after", strconv.Quote(a.Text))
		}
		d.flag("trigger completed", t.Trigger == Completed)
		d.value("when", t.When)
		if l := t.ForEach; l != nil {
			d.line(l.At, "for-each", strconv.Quote(l.Item.Text), "in", ValueText(l.Items))
			d.in(func() { d.num("parallelism", float64(l.Parallelism)) })
		}
		d.settings(t.Settings)
		if t.OnExit != nil {
			d.task("on-exit", t.OnExit)
		}
	})
}

func (d *dumper) container(c *Container) {
	d.value("image", c.Image)
	d.args("command", c.Command)
	d.args("arg", c.Args)
	d.env(c.Env)
	d.text("workdir", c.WorkDir)
}

func (d *dumper) args(key string, args []Arg) {
	for _, a := range args {
		switch a := a.(type) {
		case *TextArg:
			d.value(key, a.Value)
		case *IfArg:
			d.line(a.At, key, "if", ValueText(a.Cond))
			d.in(func() { d.args("then", a.Then); d.args("else", a.Else) })
		case *ConcatArg:
			d.line(a.At, key, "concat")
			d.in(func() { d.args("item", a.Items) })
		default:
			d.line(source.Span{}, key, "missing")
		}
	}
}

func (d *dumper) env(env []*EnvVar) {
	for _, e := range env {
		w := []string{"env", e.Name.Text}
		switch {
		case e.Secret != nil:
			w = append(w, "secret", keyText(e.Secret))
		case e.ConfigMap != nil:
			w = append(w, "config-map", keyText(e.ConfigMap))
		case e.FieldPath != "":
			w = append(w, "field", e.FieldPath)
		case e.SecretInput != "":
			w = append(w, "secret-input", strconv.Quote(e.SecretInput))
		default:
			w = append(w, "=", ValueText(e.Value))
		}
		d.line(e.Name.At, w...)
	}
}

func keyText(k *KeyRef) string {
	return ValueText(k.Name) + "/" + ValueText(k.Key) + optionalText(k.Optional)
}

func optionalText(b *bool) string {
	if b == nil {
		return ""
	}
	return " optional=" + strconv.FormatBool(*b)
}

func (d *dumper) importer(i *Importer) {
	d.value("uri", i.URI)
	d.value("metadata", i.Metadata)
	d.line(source.Span{}, "type", typeText(i.Type))
	d.flag("reimport", i.Reimport)
	d.flag("to-workspace", i.ToWorkspace)
	d.text("into", i.Output)
}

// ValueText prints a value on one line, for dumps and messages to developers.
func ValueText(v Value) string {
	switch v := v.(type) {
	case nil:
		return "missing"
	case *Literal:
		return literalText(v.V)
	case *InputRef:
		return "inputs." + name(v.Name)
	case *OutputRef:
		return "tasks." + name(v.Task) + ".outputs." + name(v.Output)
	case *StatusRef:
		if v.Task == "" {
			return "status"
		}
		return "tasks." + name(v.Task) + ".status"
	case *RunRef:
		return runText(v.Field)
	case *Expr:
		return exprText(v)
	case *Template:
		if v.Escape > 0 {
			return "escaped(" + strconv.Itoa(v.Escape) + ", " + valuesText(v.Parts) + ")"
		}
		return "text(" + valuesText(v.Parts) + ")"
	case *ListValue:
		return "list(" + valuesText(v.Items) + ")"
	case *StructValue:
		parts := make([]string, len(v.Keys))
		for i, k := range v.Keys {
			key := strconv.Quote(k)
			if c := v.KeyAt(i); c != nil {
				key = ValueText(c)
			}
			parts[i] = key + ": " + ValueText(v.Values[i])
		}
		return "struct(" + strings.Join(parts, ", ") + ")"
	case *OneOf:
		parts := make([]string, len(v.Alternatives))
		for i, a := range v.Alternatives {
			parts[i] = ValueText(a)
		}
		return "one-of(" + strings.Join(parts, ", ") + ")"
	case *Select:
		return "select(" + ValueText(v.Of) + ", " + strconv.Quote(v.Key) + ")"
	case *Present:
		return "has(inputs." + name(v.Input) + ")"
	case *PortRef:
		return portText(v)
	case *ExecutorInput:
		return "executor-input"
	case *ExecutorOutputPath:
		return "executor-output-path"
	}
	return "unknown value"
}

func valuesText(vs []Value) string {
	parts := make([]string, len(vs))
	for i, v := range vs {
		parts[i] = ValueText(v)
	}
	return strings.Join(parts, ", ")
}

func exprText(e *Expr) string {
	if e.Program == nil {
		return "expr(missing)"
	}
	var b strings.Builder
	b.WriteString("expr(" + strconv.Quote(e.Program.Source()) + ": " + typeText(e.Program.Type()))
	for _, x := range e.Vars {
		text := ValueText(x.Value)
		if text != x.Name {
			text = x.Name + " is " + text
		}
		b.WriteString(", " + text)
	}
	return b.String() + ")"
}

var runFields = [...]string{
	RunName: "run.name", RunID: "run.id", RunResourceName: "run.resource-name", RunCreateTime: "run.create-time",
	RunScheduleTime: "run.schedule-time", TaskName: "task.name", TaskID: "task.id",
	WorkspacePath: "workspace-path", PipelineRoot: "pipeline-root",
}

func runText(f RunField) string {
	if int(f) < len(runFields) && runFields[f] != "" {
		return runFields[f]
	}
	return "run.unknown"
}

func portText(v *PortRef) string {
	s := "inputs."
	if v.Output {
		s = "outputs."
	}
	s += name(v.Port)
	switch v.Aspect {
	case AspectPath:
		return s + ".path"
	case AspectURI:
		return s + ".uri"
	case AspectMetadata:
		if v.Key != "" {
			return s + ".metadata[" + strconv.Quote(v.Key) + "]"
		}
		return s + ".metadata"
	case AspectWhole:
		return s + ".whole"
	case AspectContent:
		return s + ".content"
	}
	return s + ".unknown"
}

// name quotes what would not read as one word.
func name(s string) string {
	if s == "" || strings.ContainsAny(s, " .,()[]\"'\n\t") {
		return strconv.Quote(s)
	}
	return s
}

// literalText is JSON with sorted keys in which whole floats keep a fraction,
// so that 1 and 1.0 look different.
func literalText(v any) string {
	var b strings.Builder
	writeLiteral(&b, v)
	return b.String()
}

func writeLiteral(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		b.WriteString(s)
		if v == math.Trunc(v) && !strings.ContainsAny(s, "eIN") {
			b.WriteString(".0")
		}
	case string:
		b.WriteString(strconv.Quote(v))
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeLiteral(b, x)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(strconv.Quote(k) + ": ")
			writeLiteral(b, v[k])
		}
		b.WriteByte('}')
	default:
		fmt.Fprintf(b, "(%T)", v)
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
