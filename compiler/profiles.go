package compiler

import (
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// otherProfiles checks the input with each profile that was not chosen: every
// profile is validated, whichever is used. The front end has done its part by
// itself; a pipeline in which it found mistakes is left alone.
func (c *compilation) otherProfiles(f *source.File) error {
	if c.reader.profiles == nil || c.result.Pipeline == nil || c.list.Errors() {
		return nil
	}
	known := map[finding]bool{}
	for _, d := range c.list.Sorted() {
		known[findingOf(d)] = true
	}
	for _, profile := range c.reader.profiles.Fields {
		if profile.Key.Scalar == c.opt.Profile {
			continue
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		other := &compilation{ctx: c.ctx, opt: c.opt, result: &Result{}}
		other.opt.Profile = profile.Key.Scalar
		if err := other.parse(f); err != nil {
			return err
		}
		other.reader.profiles = nil
		other.begin("check")
		if err := other.check(f); err != nil {
			return err
		}
		for _, d := range other.list.Sorted() {
			if k := findingOf(d); !known[k] {
				known[k] = true
				c.report(inProfile(d, profile))
			}
		}
	}
	return nil
}

// A finding is what makes two diagnostics the same mistake.
type finding struct {
	code    diag.Code
	at      source.Span
	message string
}

func findingOf(d diag.Diagnostic) finding { return finding{d.Code, d.Span, d.Message} }

// inProfile says under which profile something is wrong where the finding does
// not lie in the profile itself.
func inProfile(d diag.Diagnostic, profile tree.Field) diag.Diagnostic {
	in := profile.Value.Span()
	if d.Span.File != in.File || d.Span.Start < in.Start || d.Span.End > in.End {
		d.Related = append(d.Related, diag.Related{Message: "with profile " + quote(profile.Key.Scalar), Span: profile.Key.Span()})
	}
	return d
}
