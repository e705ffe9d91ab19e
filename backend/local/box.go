package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A box is what one attempt of a container sees of its component: the paths
// that belong to the attempt, and the facts that follow from them.
type box struct {
	comp   *ir.Component
	inputs map[string]any
	dir    string // of the attempt
	kfp    bool
	run    *run
	// symbolic boxes name artifacts by URI where a path is asked for, so that
	// what they give depends on nothing but the inputs.
	symbolic bool
	env      map[string]string // declared variables, for KFP's $(NAME)
}

func (b *box) parameterFile(port string) string {
	return filepath.Join(b.dir, parametersName, fileName(port))
}

func (b *box) artifactPath(port string) string {
	return filepath.Join(b.dir, artifactsName, fileName(port))
}

func (b *box) executorOutput() string { return filepath.Join(b.dir, executorName) }

// made is the artifact that the output port gives, before the program ran.
func (b *box) made(p *ir.Port) *artifact {
	t := p.Type
	for t.Kind == ir.List && t.Items != nil {
		t = *t.Items
	}
	meta := make(map[string]any, len(p.Metadata))
	for k, v := range p.Metadata {
		meta[k] = v
	}
	return &artifact{
		Name: p.Name.Text, URI: fileURI(b.artifactPath(p.Name.Text)), Schema: t.Schema, Metadata: meta, Bytes: -1,
	}
}

// eval is the value of what has a meaning in component scope only.
func (b *box) eval(s *scope, v ir.Value) (any, error) {
	switch v := v.(type) {
	case *ir.PortRef:
		if v.Output {
			return b.outputFact(v)
		}
		return b.inputFact(s, v)
	case *ir.ExecutorInput:
		return b.executorInput(), nil
	case *ir.ExecutorOutputPath:
		return b.executorOutput(), nil
	}
	return nil, errForeign
}

func (b *box) outputFact(v *ir.PortRef) (any, error) {
	p := b.comp.Output(v.Port)
	if p == nil {
		return nil, fmt.Errorf("there is no output %q", v.Port)
	}
	if !p.Type.IsArtifact() {
		if v.Aspect != ir.AspectPath {
			return nil, errForeign
		}
		return b.parameterFile(v.Port), nil
	}
	a := b.made(p)
	switch v.Aspect {
	case ir.AspectPath:
		return b.artifactPath(v.Port), nil
	case ir.AspectURI:
		return b.uri(a), nil
	case ir.AspectMetadata:
		return metadata(a, v.Key), nil
	case ir.AspectWhole:
		return []any{b.runtime(a)}, nil
	}
	return nil, nil // an output has no content yet
}

func (b *box) inputFact(s *scope, v *ir.PortRef) (any, error) {
	all := artifactsOf(s.inputs[v.Port])
	if v.Aspect == ir.AspectWhole && s.inputs[v.Port] != nil {
		list := make([]any, len(all))
		for i, a := range all {
			list[i] = b.runtime(a)
		}
		return list, nil
	}
	if len(all) == 0 {
		return nil, nil
	}
	a := all[0]
	switch v.Aspect {
	case ir.AspectPath:
		return b.path(v.Port, a)
	case ir.AspectURI:
		return b.uri(a), nil
	case ir.AspectMetadata:
		return metadata(a, v.Key), nil
	case ir.AspectContent:
		return b.content(v.Port, a)
	}
	return nil, nil
}

func metadata(a *artifact, key string) any {
	if key != "" {
		return a.Metadata[key]
	}
	if a.Metadata == nil {
		return map[string]any{}
	}
	return a.Metadata
}

// runtime is the artifact as the program sees it. One in the workspace is
// handed over by its path there: the place that the SDK would derive from its
// metadata exists in a pod only.
func (b *box) runtime(a *artifact) map[string]any {
	out := a.runtime(b.uri(a))
	if !b.symbolic && a.Metadata[inWorkspace] == true {
		meta := map[string]any{}
		for k, v := range a.Metadata {
			if k != inWorkspace {
				meta[k] = v
			}
		}
		out["metadata"] = meta
	}
	return out
}

// uri is what the program is told: KFP programs use it as a path.
func (b *box) uri(a *artifact) string {
	if b.kfp && !b.symbolic {
		if p, err := a.path(); err == nil && a.Metadata[inWorkspace] == true {
			return b.run.workspaceCopy(p)
		}
		return a.kfpURI()
	}
	return a.URI
}

func (b *box) path(port string, a *artifact) (any, error) {
	if b.symbolic {
		return a.URI, nil
	}
	p, err := a.path()
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	if a.Metadata[inWorkspace] == true {
		p = b.run.workspaceCopy(p)
	}
	return p, nil
}

func (b *box) content(port string, a *artifact) (any, error) {
	if b.symbolic {
		return a.URI, nil
	}
	p, err := a.path()
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	text, err := readSmall(p, maxParameter)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	return text, nil
}

var errBig = errors.New("too large")

// readSmall reads a file of at most limit bytes.
func readSmall(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var sb strings.Builder
	n, err := io.Copy(&sb, io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if n > limit {
		return "", fmt.Errorf("%w: more than %d bytes", errBig, limit)
	}
	return sb.String(), nil
}

// executorInput is KFP's ExecutorInput as JSON.
func (b *box) executorInput() string {
	params, arts := map[string]any{}, map[string]any{}
	for name, v := range b.inputs {
		if list := artifactsOf(v); len(list) > 0 || b.isArtifact(name) {
			arts[name] = b.runtimeList(list)
		} else {
			params[name] = v
		}
	}
	outParams, outArts := map[string]any{}, map[string]any{}
	for _, p := range b.comp.Outputs {
		name := p.Name.Text
		if p.Type.IsArtifact() {
			outArts[name] = b.runtimeList([]*artifact{b.made(p)})
		} else {
			outParams[name] = map[string]any{"outputFile": b.parameterFile(name)}
		}
	}
	return rawJSON(map[string]any{
		"inputs":  map[string]any{"parameterValues": params, "artifacts": arts},
		"outputs": map[string]any{"parameters": outParams, "artifacts": outArts, "outputFile": b.executorOutput()},
	})
}

func (b *box) isArtifact(input string) bool {
	p := b.comp.Input(input)
	return p != nil && p.Type.IsArtifact()
}

func (b *box) runtimeList(list []*artifact) map[string]any {
	out := make([]any, len(list))
	for i, a := range list {
		out[i] = b.runtime(a)
	}
	return map[string]any{"artifacts": out}
}

// rawJSON is JSON without HTML escaping.
func rawJSON(v any) string {
	var sb strings.Builder
	e := json.NewEncoder(&sb)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(sb.String(), "\n")
}

// argv evaluates a command line.
func (b *box) argv(s *scope, args []ir.Arg) ([]string, error) {
	out := make([]string, 0, len(args))
	for _, a := range args {
		switch a := a.(type) {
		case *ir.TextArg:
			text, err := b.literalText(s, a.Value)
			if err != nil {
				return nil, err
			}
			out = append(out, text)
		case *ir.IfArg:
			part, err := b.ifArg(s, a)
			if err != nil {
				return nil, err
			}
			out = append(out, part...)
		case *ir.ConcatArg:
			parts, err := b.argv(s, a.Items)
			if err != nil {
				return nil, err
			}
			out = append(out, strings.Join(parts, ""))
		}
	}
	return out, nil
}

func (b *box) ifArg(s *scope, a *ir.IfArg) ([]string, error) {
	yes, err := s.boolean(a.Cond)
	switch {
	case err != nil:
		return nil, err
	case yes:
		return b.argv(s, a.Then)
	}
	return b.argv(s, a.Else)
}

// literalText is the text form of a value. In what the author of a KFP
// container wrote, $(NAME) of a variable that the container declares is the
// variable's value, as Kubernetes has it; values of inputs are never touched,
// nor is anything in the DSL.
func (b *box) literalText(s *scope, v ir.Value) (string, error) {
	if !b.kfp || len(b.env) == 0 {
		return s.text(v)
	}
	switch v := v.(type) {
	case *ir.Literal:
		return expand(ir.Text(v.V), b.env), nil
	case *ir.Template:
		var sb strings.Builder
		for _, p := range v.Parts {
			text, err := b.literalText(s, p)
			if err != nil {
				return "", err
			}
			sb.WriteString(text)
		}
		return ir.EscapeText(sb.String(), v.Escape), nil
	}
	return s.text(v)
}

// expand replaces $(NAME) of declared variables; $$(NAME) of one is the text
// $(NAME).
func expand(text string, env map[string]string) string {
	if !strings.Contains(text, "$(") {
		return text
	}
	var sb strings.Builder
	for {
		i := strings.Index(text, "$(")
		if i < 0 {
			break
		}
		j := strings.IndexByte(text[i:], ')')
		if j < 0 {
			break
		}
		name := text[i+2 : i+j]
		value, ok := env[name]
		switch {
		case !ok:
			sb.WriteString(text[:i+2])
			text = text[i+2:]
			continue
		case i > 0 && text[i-1] == '$':
			sb.WriteString(text[:i-1])
			sb.WriteString(text[i : i+j+1])
		default:
			sb.WriteString(text[:i])
			sb.WriteString(value)
		}
		text = text[i+j+1:]
	}
	sb.WriteString(text)
	return sb.String()
}

// envValue checks what a process can take in its environment or command line.
func processText(what, text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return fmt.Errorf("%s holds a NUL byte", what)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8 text", what)
	}
	return nil
}
