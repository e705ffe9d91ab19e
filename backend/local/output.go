package local

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// collect reads what the program left: parameters and artifacts.
func (r *run) collect(in *instance, b *box, c *ir.Container) (map[string]any, error) {
	var told executorOutput
	if c.Contract == ir.KFPContract {
		var err error
		if told, err = readExecutorOutput(b.executorOutput()); err != nil {
			return nil, err
		}
	}
	out := make(map[string]any, len(in.comp.Outputs))
	for _, p := range in.comp.Outputs {
		name := p.Name.Text
		if p.Type.IsArtifact() {
			a := b.made(p)
			told.amend(a)
			if err := r.publishArtifact(in, b, p, a, told.customPath(name)); err != nil {
				return nil, fmt.Errorf("output %q: %w", name, err)
			}
			if p.Type.Kind == ir.List {
				out[name] = []any{a}
			} else {
				out[name] = a
			}
			continue
		}
		v, err := parameter(b, p, told)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", name, err)
		}
		if v != nil {
			out[name] = v
		}
	}
	return out, nil
}

// publishArtifact moves data from a custom path into place, measures it, and
// warns when there is none.
func (r *run) publishArtifact(in *instance, b *box, p *ir.Port, a *artifact, custom string) error {
	if custom != "" {
		if !filepath.IsAbs(custom) {
			custom = filepath.Join(b.dir, workName, custom)
		}
		if to, err := a.path(); err == nil && filepath.Clean(custom) != filepath.Clean(to) {
			if err := copyTree(custom, to); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	found, err := a.measure()
	if err != nil {
		return err
	}
	if !found && len(a.Metadata) == 0 {
		text := fmt.Sprintf("output artifact %q was not written", p.Name.Text)
		r.note("warning: " + in.path + ": " + text)
	}
	return nil
}

// parameter is the value of an output parameter, nil when it may be and is
// absent.
func parameter(b *box, p *ir.Port, told executorOutput) (any, error) {
	if v, ok := told.parameters[p.Name.Text]; ok {
		if v == nil {
			return absentOutput(p)
		}
		x, err := convert(v, p.Type)
		if err == nil && len(ir.Text(x)) > maxParameter {
			err = tooLarge(int64(len(ir.Text(x))))
		}
		return x, err
	}
	text, err := readSmall(b.parameterFile(p.Name.Text), maxParameter+1)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return absentOutput(p)
	case errors.Is(err, errBig):
		info, err := os.Stat(b.parameterFile(p.Name.Text))
		if err != nil {
			return nil, err
		}
		return nil, tooLarge(info.Size())
	case err != nil:
		return nil, err
	}
	v, err := parseParameter(text, p.Type, b.kfp)
	if err == nil && len(ir.Text(v)) > maxParameter {
		err = tooLarge(int64(len(ir.Text(v))))
	}
	return v, err
}

func tooLarge(n int64) error {
	return fmt.Errorf("%d bytes, a parameter holds at most %d: use an artifact", n, maxParameter)
}

func absentOutput(p *ir.Port) (any, error) {
	if p.Optional {
		return nil, nil
	}
	return nil, errors.New("the program wrote no value")
}

// parseParameter reads the content of a parameter's file by its type. A text's
// last newline belongs to it in KFP; in our language it is taken off.
func parseParameter(text string, t ir.Type, kfp bool) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the file is not UTF-8 text")
	}
	trimmed := strings.TrimSpace(text)
	switch t.Kind {
	case ir.Integer:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		if err != nil || n > ir.MaxSafe || n < -ir.MaxSafe {
			return nil, notA(trimmed, "an integer within ±(2^53−1)")
		}
		return n, nil
	case ir.Number:
		f, err := strconv.ParseFloat(trimmed, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(trimmed, "xX_") {
			return nil, notA(trimmed, "a number")
		}
		return wholeAsInt(f), nil
	case ir.Boolean:
		v, err := strconv.ParseBool(trimmed)
		if err != nil {
			return nil, notA(trimmed, "true or false")
		}
		return v, nil
	case ir.List, ir.Struct:
		v, err := ir.ParseJSON(text)
		if err != nil {
			return nil, notA(trimmed, "JSON")
		}
		return convert(v, t)
	}
	if kfp {
		return text, nil
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// wholeAsInt keeps the numbers that JSON would read back as integers such.
func wholeAsInt(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= ir.MaxSafe {
		return int64(f)
	}
	return f
}

func notA(text, what string) error {
	return fmt.Errorf("the file holds %s, which is not %s", short(text), what)
}

// An executorOutput is what a KFP executor wrote about its results.
type executorOutput struct {
	parameters map[string]any
	artifacts  map[string]map[string]any
}

const maxExecutorOutput = 16 << 20

func readExecutorOutput(path string) (executorOutput, error) {
	text, err := readSmall(path, maxExecutorOutput)
	if errors.Is(err, os.ErrNotExist) {
		return executorOutput{}, nil
	}
	if err != nil {
		return executorOutput{}, fmt.Errorf("executor output: %w", err)
	}
	v, err := ir.ParseJSON(text)
	if err != nil {
		return executorOutput{}, fmt.Errorf("executor output is not JSON: %w", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return executorOutput{}, fmt.Errorf("executor output is %s", kindOf(v))
	}
	out := executorOutput{artifacts: map[string]map[string]any{}}
	out.parameters, _ = m["parameterValues"].(map[string]any)
	arts, _ := m["artifacts"].(map[string]any)
	for name, v := range arts {
		list, _ := v.(map[string]any)
		items, _ := list["artifacts"].([]any)
		if len(items) > 0 {
			out.artifacts[name], _ = items[0].(map[string]any)
		}
	}
	return out, nil
}

// amend takes over a changed URI and merges metadata.
func (o executorOutput) amend(a *artifact) {
	m := o.artifacts[a.Name]
	if uri, _ := m["uri"].(string); uri != "" && uri != a.kfpURI() {
		a.URI = uri
		if filepath.IsAbs(uri) {
			a.URI = fileURI(uri)
		}
	}
	meta, _ := m["metadata"].(map[string]any)
	if len(meta) > 0 && a.Metadata == nil {
		a.Metadata = map[string]any{}
	}
	for k, v := range meta {
		a.Metadata[k] = v
	}
}

func (o executorOutput) customPath(name string) string {
	m := o.artifacts[name]
	for _, k := range [...]string{"custom_path", "customPath"} {
		if p, _ := m[k].(string); p != "" {
			return p
		}
	}
	return ""
}
