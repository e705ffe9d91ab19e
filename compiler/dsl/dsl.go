// Package dsl is the front end of our own YAML language: it turns a document
// into the representation that all front ends share. Its single idea is that
// scopes are lexical in the language and closed in the representation: whatever
// a group, a branch, a loop or a finally reads from outside becomes an explicit
// input of its component, level by level.
package dsl

import (
	"context"
	"sort"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// A Resolver opens the file that a `from:` (or, with pipeline, a `pipeline:`)
// names, relative to the file that names it. It reports what is wrong itself
// and gives nil after a report.
type Resolver func(ctx context.Context, ref ir.Ident, from *source.File, pipeline bool) *ir.Component

// Options say how a document is read.
type Options struct {
	Profile string // the overlay to apply, "": none
	Resolve Resolver
}

// Recognize reports whether the documents are a pipeline of this language: the
// first has the key pipeline.
func Recognize(docs []*tree.Node) bool {
	return len(docs) > 0 && docs[0].Get("pipeline") != nil
}

// Profiles are the names of the document's profiles, in order.
func Profiles(docs []*tree.Node) []string {
	var out []string
	if len(docs) > 0 {
		for _, f := range fields(docs[0].Get("profiles")) {
			out = append(out, f.Key.Scalar)
		}
	}
	return out
}

// Parse reads a document with the chosen profile applied and reports all that
// is wrong with it, and with every other profile. The pipeline it gives is the
// best there is: after an error, parts may be missing.
func Parse(ctx context.Context, f *source.File, docs []*tree.Node, opt Options, report diag.Reporter) *ir.Pipeline {
	if len(docs) == 0 {
		return nil
	}
	out := newOnce(report)
	if len(docs) > 1 {
		out.report(moreDocuments(docs[1]))
	}
	doc := docs[0]
	if !isMapping(doc) {
		out.report(wrongKind(doc, &shape{object: language().document}))
		return nil
	}
	overlays := doc.Get("profiles")
	chosen := doc
	if opt.Profile != "" {
		overlay := overlays.Get(opt.Profile)
		if overlay == nil {
			out.report(unknownProfile(doc, opt.Profile, Profiles(docs)))
		}
		chosen = mergePatch(doc, overlay)
	}
	if n := len(fields(overlays)); n > maxProfiles {
		out.report(tooManyProfiles(field(doc, "profiles").Key, n))
		overlays = nil
	}
	opt.Resolve = remember(opt.Resolve)
	p := parseDocument(ctx, f, chosen, opt, out.report)
	for _, o := range fields(overlays) {
		if o.Key.Scalar != opt.Profile && isMapping(o.Value) {
			readDocument(ctx, f, mergePatch(doc, o.Value), opt, out.under(o))
		}
	}
	out.flush()
	return p
}

// maxProfiles bounds how often a document is read; maxOffers how many lists of
// names are made for hints.
const (
	maxProfiles = 64
	maxOffers   = 100
)

// remember opens each file once, however many components and profiles name it.
func remember(open Resolver) Resolver {
	if open == nil {
		return nil
	}
	type name struct {
		text     string
		from     *source.File
		pipeline bool
	}
	seen := map[name]*ir.Component{}
	return func(ctx context.Context, ref ir.Ident, from *source.File, pipeline bool) *ir.Component {
		k := name{ref.Text, from, pipeline}
		c, known := seen[k]
		if !known {
			c = open(ctx, ref, from, pipeline)
			seen[k] = c
		}
		return c
	}
}

// once hands each finding on once, in source order: the document is read again
// for each profile, and what is wrong in all of them is one mistake.
type once struct {
	to   diag.Reporter
	seen map[seenKey]bool
	all  []diag.Diagnostic
}

type seenKey struct {
	code    diag.Code
	at      source.Span
	message string
}

func newOnce(to diag.Reporter) *once { return &once{to: to, seen: map[seenKey]bool{}} }

func (o *once) report(d diag.Diagnostic) {
	k := seenKey{d.Code, d.Span, d.Message}
	if !o.seen[k] {
		o.seen[k] = true
		o.all = append(o.all, d)
	}
}

// under reports what is wrong only with a profile applied, naming it where the
// finding lies elsewhere.
func (o *once) under(profile tree.Field) diag.Reporter {
	within := profile.Value.Span()
	return func(d diag.Diagnostic) {
		if d.Span.File != within.File || d.Span.Start < within.Start || d.Span.End > within.End {
			d.Related = append(d.Related, inProfile(profile.Key))
		}
		o.report(d)
	}
}

func (o *once) flush() {
	sort.SliceStable(o.all, func(i, j int) bool { return source.Less(o.all[i].Span, o.all[j].Span) })
	for _, d := range o.all {
		o.to(d)
	}
}

// A reader holds what is shared while one document is read.
type reader struct {
	ctx        context.Context
	file       *source.File
	opt        Options
	out        diag.Reporter
	components map[string]*component
	order      []*component
	defaults   *layer
	argoSpec   map[string]any
	argoSpecAt source.Span
	offers     int  // see scope
	kfp        bool // by KFP's rules
}

func (r *reader) report(d diag.Diagnostic) { r.out(d) }

func parseDocument(ctx context.Context, f *source.File, doc *tree.Node, opt Options, report diag.Reporter) *ir.Pipeline {
	p, r := readDocument(ctx, f, doc, opt, report)
	p.Components = r.collect(p.Root)
	return p
}

func readDocument(ctx context.Context, f *source.File, doc *tree.Node, opt Options, report diag.Reporter) (*ir.Pipeline, *reader) {
	r := &reader{ctx: ctx, file: f, opt: opt, out: report, components: map[string]*component{}, offers: maxOffers}
	r.check(doc, &shape{object: language().document})
	p := &ir.Pipeline{File: f, Dialect: ir.DSL}
	if r.kfp = text(doc.Get("rules")) == "kfp"; r.kfp {
		p.Dialect = ir.KFP
	}
	if n := doc.Get("pipeline"); isScalar(n) {
		p.Name = ident(n)
		if !validName(n.Scalar) && !hasExpression(n.Scalar) {
			r.report(badName(n))
		}
	}
	p.DisplayName, p.Description = text(doc.Get("display-name")), strings.TrimSpace(text(doc.Get("description")))
	p.Root = &ir.Component{Name: p.Name, Description: p.Description}
	r.defaults = newLayer(doc.Get("defaults"), fromDefaults)
	if spec := doc.Get("argo").Get("spec"); isMapping(spec) {
		r.addArgoSpec(spec)
	}
	r.declareComponents(doc.Get("components"))
	main := r.declareClosed(p.Root, doc)
	r.buildComponents()
	r.checkDefaults(main.outer)
	r.buildBody(main)
	r.top(p, doc)
	return p, r
}

// collect lists every component but the root in order of first use, unused ones
// last, and makes their names unique; those that the author gave stay.
func (r *reader) collect(root *ir.Component) []*ir.Component {
	w := walk{seen: map[*ir.Component]bool{root: true}}
	w.tasks(root)
	for _, c := range r.order {
		if !c.varied {
			w.visit(c.ir)
		}
	}
	taken := make(map[string]bool, len(w.found))
	named := make(map[*ir.Component]bool, len(r.order))
	for _, c := range r.order {
		if w.seen[c.ir] {
			named[c.ir], taken[c.ir.Name.Text] = true, true
		}
	}
	for _, c := range w.found {
		if !named[c] {
			c.Name.Text = unique(taken, c.Name.Text)
		}
	}
	return w.found
}

type walk struct {
	seen  map[*ir.Component]bool
	found []*ir.Component
}

func (w *walk) visit(c *ir.Component) {
	if c == nil || c.Body == nil || w.seen[c] {
		return
	}
	w.seen[c] = true
	w.found = append(w.found, c)
	w.tasks(c)
}

func (w *walk) tasks(c *ir.Component) {
	if d := c.DAG(); d != nil {
		d.EachTask(func(t *ir.Task) { w.visit(t.Component) })
	}
}

// unique is name, with a number behind it if it is taken, and takes it.
func unique(taken map[string]bool, name string) string {
	out := name
	for i := 2; taken[out]; i++ {
		out = name + "-" + itoa(i)
	}
	taken[out] = true
	return out
}
