package compiler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A reader finds the front end for each file and opens what files refer to.
type reader struct {
	c    *compilation
	open []string // names of the files being read, outermost first
	err  error    // the first that is not the author's
	// profiles of the input, a mapping; nil: none.
	profiles *tree.Node
}

// pipeline reads any kind of input as a pipeline, nil after a report.
func (r *reader) pipeline(f *source.File) *ir.Pipeline {
	docs := r.documents(f)
	r.open = append(r.open, key(f))
	defer func() { r.open = r.open[:len(r.open)-1] }()
	switch {
	case len(docs) == 0:
		return nil
	case dsl.Recognize(docs):
		opt := dsl.Options{Resolve: r.resolve}
		if len(r.open) == 1 { // the document that the user named
			opt.Profile, r.profiles = r.c.opt.Profile, docs[0].Get("profiles")
		}
		return dsl.Parse(r.c.ctx, f, docs, opt, r.c.report)
	case kfpspec.Recognize(docs):
		return kfpspec.Parse(f, docs, r.c.report)
	case kfpspec.RecognizeComponent(docs):
		if comp := kfpspec.ParseComponent(f, docs, r.c.report); comp != nil {
			return r.single(f, comp)
		}
		return nil
	}
	r.c.report(fault(codeUnrecognised, source.Span{File: f}, msgUnrecognised(f.Name()), hintUnrecognised(docs)))
	return nil
}

func (r *reader) documents(f *source.File) []*tree.Node {
	r.c.result.Files = append(r.c.result.Files, f)
	return tree.Parse(f, r.c.report)
}

// hintUnrecognised knows what people mistake for a pipeline.
func hintUnrecognised(docs []*tree.Node) string {
	switch d := docs[0]; {
	case d.Get("apiVersion") != nil && d.Get("kind") != nil:
		return "this is a Kubernetes object; kfp-go reads what such objects are made from"
	case d.Get("tasks") != nil || d.Get("components") != nil || d.Get("inputs") != nil:
		return "begin it with pipeline: NAME"
	}
	return "a pipeline begins with pipeline: NAME, KFP's own has pipelineInfo:, a KFP component has implementation:"
}

// single is a pipeline of one task.
func (r *reader) single(f *source.File, comp *ir.Component) *ir.Pipeline {
	name := ir.Ident{Text: taskName(comp.Name.Text), At: comp.Name.At}
	task := &ir.Task{Name: name, Component: comp, At: comp.Name.At}
	dag := &ir.DAG{Tasks: []*ir.Task{task}, At: comp.Name.At}
	root := &ir.Component{Name: name, Description: comp.Description, Body: dag}
	for _, in := range comp.Inputs {
		port := *in
		root.Inputs = append(root.Inputs, &port)
		task.Args = append(task.Args, &ir.Binding{Name: in.Name, Value: &ir.InputRef{Name: in.Name.Text, At: in.Name.At}})
	}
	for _, out := range comp.Outputs {
		port := *out
		root.Outputs = append(root.Outputs, &port)
		dag.Outputs = append(dag.Outputs, &ir.DAGOutput{Name: out.Name, Value: &ir.OutputRef{Task: name.Text, Output: out.Name.Text, At: out.Name.At}})
	}
	return &ir.Pipeline{Name: name, Description: comp.Description, Root: root, Components: []*ir.Component{comp}, File: f, Dialect: ir.KFP}
}

// taskName makes a task name of a component's, which may hold blanks.
func taskName(name string) string {
	return cmp.Or(strings.TrimLeft(ir.Slug(name), "0123456789-"), "component")
}

// resolve opens the file that a `from:` or `pipeline:` names; it has the type
// dsl.Resolver.
func (r *reader) resolve(ctx context.Context, ref ir.Ident, from *source.File, pipeline bool) *ir.Component {
	f := r.load(ctx, ref, from)
	if f == nil {
		return nil
	}
	if slices.Contains(r.open, key(f)) {
		r.c.report(fault(codeRefCycle, ref.At, msgRefCycle(ref.Text), "a pipeline cannot contain itself"))
		return nil
	}
	if pipeline {
		return r.inner(ref, f)
	}
	docs := r.documents(f)
	if len(docs) == 0 {
		return nil
	}
	if !kfpspec.RecognizeComponent(docs) {
		hint := "from: takes a KFP component file, with implementation: at its top"
		if dsl.Recognize(docs) || kfpspec.Recognize(docs) {
			hint = "this is a pipeline: write pipeline: instead of from:"
		}
		r.c.report(fault(codeWrongKind, ref.At, msgNotComponent(ref.Text), hint, diag.Related{Message: "the file", Span: source.Span{File: f}}))
		return nil
	}
	return kfpspec.ParseComponent(f, docs, r.c.report)
}

// inner reads another pipeline as a component: its root.
func (r *reader) inner(ref ir.Ident, f *source.File) *ir.Component {
	p := r.pipeline(f)
	if p == nil {
		return nil
	}
	if p.Root == nil {
		r.c.report(fault(codeWrongKind, ref.At, msgNotPipeline(ref.Text), ""))
		return nil
	}
	return p.Root
}

// load opens a reference; what is wrong with it is reported or, if it is not
// the author's mistake, kept for the end.
func (r *reader) load(ctx context.Context, ref ir.Ident, from *source.File) *source.File {
	if r.c.opt.Load == nil {
		r.c.report(fault(codeNotFound, ref.At, msgNoLoader(ref.Text), ""))
		return nil
	}
	f, err := r.c.opt.Load(ctx, from, ref.Text)
	switch {
	case err == nil:
		return f
	case errors.Is(err, ErrOutside):
		r.c.report(fault(codeOutside, ref.At, msgOutside(ref.Text), "copy it into the project, whose root is the nearest folder with .kfp-go, kfp-go.yaml or .git"))
	case errors.Is(err, ErrNotFound):
		r.c.report(fault(codeNotFound, ref.At, msgNotFound(ref.Text), "the path is relative to the file that names it"))
	case errors.Is(err, ErrNoFile):
		r.c.report(fault(codeNotFound, ref.At, msgNoFile(ref.Text), "name a file"))
	case r.err == nil:
		r.err = err
	}
	return nil
}

func fault(code diag.Code, at source.Span, message, hint string, related ...diag.Related) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Span: at, Hint: hint, Related: related}
}

// key is a file's name without ./ and inner .., to tell whether it is open.
func key(f *source.File) string { return path.Clean(f.Name()) }

func (c *compilation) readArguments() map[string]any {
	if c.opt.Stop != AfterLower && c.opt.Stop != AfterArguments {
		return nil
	}
	if c.opt.Open {
		args, _ := givenArguments(c.result.Pipeline, c.opt.Arguments, c.opt.ReadFile, c.report)
		return args
	}
	return Arguments(c.result.Pipeline, c.opt.Arguments, c.opt.ReadFile, c.report)
}

// digest is over the bytes of every file in the order of reading, each behind
// its length; names do not count, so that a moved project stays the same.
func (c *compilation) digest() string {
	h := sha256.New()
	for _, f := range c.result.Files {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f.Text())))
		h.Write(n[:])
		h.Write(f.Text())
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
