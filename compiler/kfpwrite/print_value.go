package kfpwrite

import (
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A scope is where a value stands: the DAG's component, its tasks and the task
// that the value belongs to.
type scope struct {
	owner *ir.Component
	tasks map[string]*ir.Task
	task  *ir.Task
	host  *ir.Task // of an exit task
}

// isArtifact says which of the two kinds of inputs an argument is.
func (s *scope) isArtifact(b *ir.Binding) bool {
	if p := s.task.Component.Input(b.Name.Text); p != nil {
		return p.Type.IsArtifact()
	}
	return s.typeOf(b.Value).IsArtifact()
}

func (s *scope) typeOf(v ir.Value) ir.Type {
	switch v := v.(type) {
	case *ir.InputRef:
		if p := s.owner.Input(v.Name); p != nil {
			return p.Type
		}
	case *ir.OutputRef:
		if t := s.tasks[v.Task]; t != nil {
			if p := t.Component.Output(v.Output); p != nil && t.ForEach != nil {
				return ir.ListOf(p.Type)
			} else if p != nil {
				return p.Type
			}
		}
	}
	return ir.Type{Kind: ir.Dynamic}
}

func artifactSource(v ir.Value) mapping {
	switch v := v.(type) {
	case *ir.InputRef:
		return mapping{{"componentInputArtifact", v.Name}}
	case *ir.OutputRef:
		return mapping{{"taskOutputArtifact", mapping{{"outputArtifactKey", v.Output}, {"producerTask", v.Task}}}}
	}
	return nil
}

// source prints where a parameter's value comes from.
func (s *scope) source(v ir.Value) mapping {
	switch v := v.(type) {
	case *ir.InputRef:
		return mapping{{"componentInputParameter", v.Name}}
	case *ir.OutputRef:
		return mapping{{"taskOutputParameter", mapping{{"outputParameterKey", v.Output}, {"producerTask", v.Task}}}}
	case *ir.StatusRef:
		task := v.Task
		if task == "" && s.host != nil {
			task = s.host.Name.Text
		}
		return mapping{{"taskFinalStatus", mapping{{"producerTask", task}}}}
	case *ir.Select:
		return append(mapping{{"parameterExpressionSelector", "parseJson(string_value)[" + strconv.Quote(v.Key) + "]"}}, s.source(v.Of)...)
	}
	return mapping{{"runtimeValue", mapping{{"constant", said{s.constant(v)}}}}}
}

// constant prints a constant with references to other inputs of the task.
func (s *scope) constant(v ir.Value) any {
	switch v := v.(type) {
	case *ir.Literal:
		return constant(v.V)
	case *ir.ListValue:
		out := make([]any, len(v.Items))
		for i, x := range v.Items {
			out[i] = said{s.constant(x)}
		}
		return out
	case *ir.StructValue:
		out := make(mapping, len(v.Keys))
		for i, k := range v.Keys {
			out[i] = field{k, said{s.constant(v.Values[i])}}
		}
		return out
	}
	return text(v, s.placeholder)
}

// placeholder is a reference to an input of the task that has the given value.
func (s *scope) placeholder(v ir.Value) string {
	name, _ := s.nameOf(v)
	return inputParameter(name)
}

// nameOf is the input of the task that has a value: the very same one, else
// one that reads alike.
func (s *scope) nameOf(v ir.Value) (name string, ok bool) {
	for _, b := range s.task.Args {
		if b.Value == v {
			return b.Name.Text, true
		}
	}
	for _, p := range s.task.Component.Inputs {
		if p.Default != nil && ir.Value(p.Default) == v && s.task.Arg(p.Name.Text) == nil {
			return p.Name.Text, true
		}
	}
	if l, literal := v.(*ir.Literal); literal {
		if l.V == nil {
			return s.unwired()
		}
		return "", false
	}
	return argumentNamed(s.task, v)
}

// argumentNamed is the argument of a task that reads like v.
func argumentNamed(t *ir.Task, v ir.Value) (name string, ok bool) {
	if l, literal := v.(*ir.Literal); literal && l.V != nil {
		return "", false
	}
	want := ir.ValueText(v)
	for _, b := range t.Args {
		if ir.ValueText(b.Value) == want {
			return b.Name.Text, true
		}
	}
	return "", false
}

// unwired is an input of the task's component that has no value.
func (s *scope) unwired() (name string, ok bool) {
	for _, p := range s.task.Component.Inputs {
		if p.Default == nil && !p.Type.IsArtifact() && s.task.Arg(p.Name.Text) == nil {
			return p.Name.Text, true
		}
	}
	return "", false
}

// text prints a text with references; ref prints those that are not the run's.
func text(v ir.Value, ref func(ir.Value) string) string {
	switch v := v.(type) {
	case *ir.Literal:
		return ir.Text(v.V)
	case *ir.RunRef:
		return "{{$." + runFields[v.Field] + "}}"
	case *ir.Template:
		if v.Escape > 0 { // of one placeholder: of others express does not let it stand
			inside := strings.TrimSuffix(text(v.Parts[0], ref), "}}")
			return inside + ".json_escape[" + strconv.Itoa(v.Escape) + "]}}"
		}
		var b strings.Builder
		for _, p := range v.Parts {
			if l, literal := p.(*ir.Literal); literal {
				if t, ok := l.V.(string); ok {
					b.WriteString(t)
					continue
				}
				b.WriteString(ref(p))
				continue
			}
			b.WriteString(text(p, ref))
		}
		return b.String()
	}
	return ref(v)
}

var runFields = map[ir.RunField]string{
	ir.RunName: "pipeline_job_name", ir.RunResourceName: "pipeline_job_resource_name", ir.RunID: "pipeline_job_uuid",
	ir.TaskName: "pipeline_task_name", ir.TaskID: "pipeline_task_uuid", ir.RunCreateTime: "pipeline_job_create_time_utc",
	ir.RunScheduleTime: "pipeline_job_schedule_time_utc", ir.PipelineRoot: "pipeline_root", ir.WorkspacePath: "workspace_path",
}

func inputParameter(name string) string { return "{{$.inputs.parameters[" + quoted(name) + "]}}" }

// quoted is a name within a placeholder.
func quoted(name string) string {
	if strings.ContainsRune(name, '\'') {
		return `"` + name + `"`
	}
	return "'" + name + "'"
}

// componentRef prints a reference that stands in a component.
func componentRef(v ir.Value) string {
	switch v := v.(type) {
	case *ir.InputRef:
		return inputParameter(v.Name)
	case *ir.ExecutorInput:
		return "{{$}}"
	case *ir.ExecutorOutputPath:
		return "{{$.outputs.output_file}}"
	case *ir.PortRef:
		return portRef(v)
	}
	return ""
}

// portRef prints a placeholder of an artifact or of the file of an output.
// Whether an output is a parameter is known by its own place only.
func portRef(v *ir.PortRef) string {
	side := "inputs"
	if v.Output {
		side = "outputs"
	}
	out := "{{$." + side + ".artifacts[" + quoted(v.Port) + "]"
	switch v.Aspect {
	case ir.AspectPath:
		out += ".path"
	case ir.AspectURI:
		out += ".uri"
	case ir.AspectContent:
		out += ".value"
	case ir.AspectMetadata:
		out += ".metadata"
		if v.Key != "" {
			out += "[" + quoted(v.Key) + "]"
		}
	}
	return out + "}}"
}

// jsonText is JSON as the SDK writes it in text: blanks behind separators.
func jsonText(v any) string {
	var b strings.Builder
	writeJSON(&b, v)
	return b.String()
}

func writeJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, x)
		}
		b.WriteByte(']')
	case map[string]any:
		writeObject(b, sortedMapping(v, func(x any) any { return x }))
	case mapping:
		writeObject(b, v)
	case string:
		b.WriteString(jsonString(v))
	default:
		b.WriteString(ir.JSON(v))
	}
}

func writeObject(b *strings.Builder, m mapping) {
	b.WriteByte('{')
	for i, f := range m {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(jsonString(f.key) + ": ")
		writeJSON(b, f.value)
	}
	b.WriteByte('}')
}

// jsonString keeps <, > and & as they are.
func jsonString(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(ir.JSON(s))
}
