package kfpspec

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A placeholderKind tells what a {{$…}} stands for.
type placeholderKind uint8

const (
	phExecutorInput placeholderKind = iota + 1
	phInputParameter
	phInputArtifact
	phOutputArtifact
	phOutputParameterFile
	phExecutorOutput
	phRun
	phBad // a JSON-escaped form whose count makes no sense
)

// unresolved is how the SDK writes a reference that it has not resolved: it
// forgets to in some places, the URI of an importer and environment variables
// among them.
const unresolved = "{{channel:task="

// leftovers reports what the SDK forgot to resolve.
func (r *reader) leftovers(docs ...*tree.Node) {
	if !bytes.Contains(r.file.Text(), []byte(unresolved)) {
		return
	}
	var visit func(n *tree.Node)
	visit = func(n *tree.Node) {
		if n == nil {
			return
		}
		if strings.Contains(n.Scalar, unresolved) {
			r.add(leftReference(n.Span()))
		}
		for _, item := range n.Items {
			visit(item)
		}
		for _, f := range n.Fields {
			visit(f.Key)
			visit(f.Value)
		}
	}
	for _, n := range docs {
		visit(n)
	}
}

// A placeholder is a reference inside text.
type placeholder struct {
	kind   placeholderKind
	name   string
	aspect ir.Aspect
	key    string
	run    ir.RunField
	escape int // how many times the text is JSON-escaped
}

const opening = "{{$"

// parsePlaceholder reads the placeholder at the start of s. ok is false where s
// holds no placeholder that KFP knows; such text means itself.
func parsePlaceholder(s string) (p placeholder, length int, ok bool) {
	end := strings.Index(s, "}}")
	if end < 0 {
		return p, 0, false
	}
	inside := s[len(opening):end]
	length = end + len("}}")
	if inside == "" {
		return placeholder{kind: phExecutorInput}, length, true
	}
	rest, dotted := strings.CutPrefix(inside, ".")
	if !dotted {
		return p, 0, false
	}
	if f, found := runFields(rest); found {
		return placeholder{kind: phRun, run: f}, length, true
	}
	switch {
	case rest == "outputs.output_file", rest == "outputMetadataUri":
		return placeholder{kind: phExecutorOutput}, length, true
	case strings.HasPrefix(rest, "json_escape["):
		p = placeholder{kind: phExecutorInput}
		return p.escaped(rest[len("json_escape"):], length)
	}
	for _, prefix := range [...]struct {
		text string
		kind placeholderKind
	}{
		{"inputs.parameters[", phInputParameter},
		{"inputs.artifacts[", phInputArtifact},
		{"outputs.artifacts[", phOutputArtifact},
		{"outputs.parameters[", phOutputParameterFile},
	} {
		if after, found := strings.CutPrefix(rest, prefix.text); found {
			name, after, quoted := quotedName(after)
			if !quoted {
				return p, 0, false
			}
			p = placeholder{kind: prefix.kind, name: name}
			return p.suffix(after, length)
		}
	}
	return p, 0, false
}

func runFields(name string) (ir.RunField, bool) {
	switch name {
	case "pipeline_job_name":
		return ir.RunName, true
	case "pipeline_job_resource_name":
		return ir.RunResourceName, true
	case "pipeline_job_uuid":
		return ir.RunID, true
	case "pipeline_task_name":
		return ir.TaskName, true
	case "pipeline_task_uuid":
		return ir.TaskID, true
	case "pipeline_job_create_time_utc":
		return ir.RunCreateTime, true
	case "pipeline_job_schedule_time_utc":
		return ir.RunScheduleTime, true
	case "pipeline_root":
		return ir.PipelineRoot, true
	case "workspace_path":
		return ir.WorkspacePath, true
	}
	return 0, false
}

// quotedName reads 'name'] and gives what follows.
func quotedName(s string) (name, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", "", false
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 || !strings.HasPrefix(s[end+2:], "]") {
		return "", "", false
	}
	return s[1 : end+1], s[end+3:], true
}

// suffix reads what follows the bracket of a placeholder.
func (p placeholder) suffix(s string, length int) (placeholder, int, bool) {
	switch p.kind {
	case phInputParameter:
		if count, ok := strings.CutPrefix(s, ".json_escape"); ok {
			return p.escaped(count, length)
		}
		return p, length, s == ""
	case phOutputParameterFile:
		return p, length, s == ".output_file"
	}
	switch s {
	case "":
		p.aspect = ir.AspectWhole
	case ".uri":
		p.aspect = ir.AspectURI
	case ".path":
		p.aspect = ir.AspectPath
	case ".metadata":
		p.aspect = ir.AspectMetadata
	case ".value":
		p.aspect = ir.AspectContent
	default:
		after, ok := strings.CutPrefix(s, ".metadata[")
		if !ok {
			return p, 0, false
		}
		key, rest, ok := quotedName(after)
		if !ok || rest != "" {
			return p, 0, false
		}
		p.aspect, p.key = ir.AspectMetadata, key
	}
	return p, length, true
}

// escaped reads [N] behind json_escape.
func (p placeholder) escaped(s string, length int) (placeholder, int, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	switch {
	case !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") || err != nil:
		return p, 0, false
	case n < 0 || n > ir.MaxEscape:
		p.kind = phBad
	}
	p.escape = n
	return p, length, true
}

// value is what the placeholder stands for, with its escapes; nil leaves it as
// text.
func (p placeholder) value(at source.Span, resolve resolver) ir.Value {
	v := resolve(p, at)
	if v == nil || p.escape == 0 {
		return v
	}
	return &ir.Template{Parts: []ir.Value{v}, Escape: p.escape, At: at}
}

// A resolver gives the value of a placeholder at a place; nil leaves the
// placeholder as the text that it is.
type resolver func(p placeholder, at source.Span) ir.Value

// text is a scalar with its placeholders replaced: a literal where there are
// none, the bare value where a placeholder is all of it, else a template.
func (r *reader) text(n *tree.Node, what string, resolve resolver) ir.Value {
	s := r.str(n, what)
	if !strings.Contains(s, opening) {
		return r.literal(s, n.Span())
	}
	if strings.HasPrefix(s, opening) {
		if p, length, ok := parsePlaceholder(s); ok && length == len(s) {
			if v := p.value(inside(n), resolve); v != nil {
				return v
			}
			return r.literal(s, n.Span())
		}
	}
	return pieces(n.Fragment(), n.Span(), resolve)
}

// inside is the place of all of a scalar's text: within its quotes, if any.
func inside(n *tree.Node) source.Span {
	at := n.Span()
	if text := n.File.Text(); n.Kind == tree.Text && at.End-at.Start >= 2 && (text[at.Start] == '\'' || text[at.Start] == '"') {
		at.Start++
		at.End--
	}
	return at
}

// pieces is text for any fragment; whole is the place of all of it.
func pieces(fr source.Fragment, whole source.Span, resolve resolver) ir.Value {
	s := fr.Text
	var parts []ir.Value
	from := 0
	flush := func(to int) {
		if to > from {
			parts = append(parts, &ir.Literal{V: s[from:to], At: fr.Span(from, to)})
		}
	}
	for i := 0; ; {
		k := strings.Index(s[i:], opening)
		if k < 0 {
			break
		}
		i += k
		p, n, ok := parsePlaceholder(s[i:])
		if !ok {
			i += len(opening)
			continue
		}
		at := fr.Span(i, i+n)
		if v := p.value(at, resolve); v != nil {
			flush(i)
			parts = append(parts, v)
			from = i + n
		}
		i += n
	}
	if from == 0 && len(parts) == 0 {
		return &ir.Literal{V: s, At: whole}
	}
	flush(len(s))
	if len(parts) == 1 {
		return parts[0]
	}
	return &ir.Template{Parts: parts, At: whole}
}
