// Package compiler is the one door to the compiler: it says in which order the
// phases run and holds no other logic. Parse, check, lint, lower, print.
package compiler

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/check"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
	"github.com/kfp-go/kfp-go/compiler/lint/rules"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Options say what to compile to. The zero value compiles to a Workflow.
type Options struct {
	Profile string // overlay of the DSL document, "": none
	Load    Loader // opens what the document refers to; nil: nothing can be opened
	Lint    lint.Config
	Argo    argo.Options // Digest and the like are filled in by Compile
	// Arguments are read by the types that the pipeline declares and become
	// Argo.Args. Only a phase behind AfterCheck looks at them.
	Arguments []Argument
	// Open lets required inputs go without a value: whoever submits the
	// manifest gives it.
	Open     bool
	ReadFile func(name string) ([]byte, error) // for @file arguments, nil: refused
	Stop     Stop
}

// A Stop says behind which phase to stop.
type Stop uint8

// AfterLower is the whole way. AfterCheck, which includes lint, is what
// `validate` without a manifest and `graph` need; AfterArguments what printing
// the pipeline in a language of pipelines needs.
const (
	AfterLower Stop = iota
	AfterParse
	AfterCheck
	AfterArguments
)

// A Result is what compiling gave. Without an Error among the diagnostics
// everything up to the phase that was asked for is there.
type Result struct {
	Pipeline    *ir.Pipeline
	Info        *check.Info
	Args        map[string]any    // typed run-time arguments, those given only
	Manifest    *argo.Manifest    // nil when Diagnostics holds an Error
	Diagnostics []diag.Diagnostic // sorted, without duplicates
	Digest      string            // sha256 over every source file read, in order
	Files       []*source.File    // those files, the first being the input
}

// Compile reads f and takes it as far as opt asks. The author's mistakes are in
// Result.Diagnostics; the error is for ours: a cancelled context, a file that
// cannot be read though it is there, a broken invariant.
//
// The same input gives the same bytes, at any time and place.
func Compile(ctx context.Context, f *source.File, opt Options) (res *Result, err error) {
	c := &compilation{ctx: ctx, opt: opt, result: &Result{}}
	defer func() {
		if r := recover(); r != nil {
			res, err = nil, fmt.Errorf("%s stopped unexpectedly: %v: this is a mistake in kfp-go, please report it\n%s", c.phase, r, debug.Stack())
		}
	}()
	for _, p := range phases {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.begin(p.name)
		if err := p.run(c, f); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if p.stop == opt.Stop && p.stop != AfterLower || c.list.Errors() && !p.goOn {
			break
		}
	}
	c.result.Diagnostics = c.list.Sorted()
	c.result.Digest = c.digest()
	return c.result, nil
}

// A phase is one step. goOn: the next step finds mistakes of its own even when
// this one found some.
type phase struct {
	name string
	run  func(*compilation, *source.File) error
	stop Stop
	goOn bool
}

var phases = [...]phase{
	{name: "parse", run: (*compilation).parse, stop: AfterParse, goOn: true},
	{name: "check", run: (*compilation).check, goOn: true},
	{name: "lint", run: (*compilation).lint, stop: AfterCheck, goOn: true},
	{name: "arguments", run: (*compilation).arguments, stop: AfterArguments},
	{name: "lower", run: (*compilation).lower},
}

// A compilation is one call of Compile under way.
type compilation struct {
	ctx    context.Context
	opt    Options
	result *Result
	list   diag.List
	phase  string
	failed map[source.Span]bool // where earlier phases reported an error
	wrong  []source.Span        // where this phase did
	reader reader
}

func (c *compilation) begin(name string) {
	c.phase = name
	for _, s := range c.wrong {
		if c.failed == nil {
			c.failed = map[source.Span]bool{}
		}
		c.failed[s] = true
	}
	c.wrong = nil
}

// report takes a finding, unless an earlier phase has called the very same
// bytes wrong already: one mistake, one message.
func (c *compilation) report(d diag.Diagnostic) {
	if !d.Span.IsZero() {
		if c.failed[d.Span] {
			return
		}
		if d.Severity == diag.Error {
			c.wrong = append(c.wrong, d.Span)
		}
	}
	c.list.Report(d)
}

func (c *compilation) parse(f *source.File) error {
	c.reader = reader{c: c}
	c.result.Pipeline = c.reader.pipeline(f)
	return c.reader.err
}

func (c *compilation) check(f *source.File) error {
	if c.result.Pipeline != nil {
		c.result.Info = check.Pipeline(c.result.Pipeline, c.report)
	}
	return c.otherProfiles(f)
}

func (c *compilation) lint(*source.File) error {
	if c.result.Pipeline != nil && !c.list.Errors() {
		lint.Run(rules.All(), c.result.Pipeline, c.result.Info, c.opt.Lint, c.report)
	}
	return nil
}

func (c *compilation) arguments(*source.File) error {
	if c.result.Pipeline != nil {
		c.result.Args = c.readArguments()
	}
	return nil
}

func (c *compilation) lower(*source.File) error {
	if c.result.Pipeline == nil {
		return nil
	}
	opt := c.opt.Argo
	opt.Args = c.result.Args
	m, err := argo.Lower(c.result.Pipeline, c.result.Info, opt, c.report)
	if err == nil && !c.list.Errors() {
		c.result.Manifest = m
	}
	return err
}
