package kfpspec

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// oldSDK is how the command of a Python component shows that it runs under an
// SDK before 2.5, or of 2.0, whose modules had other names.
var oldSDK = regexp.MustCompile(`kfp==2\.[0-4]\.|-m kfp\.components\.executor_main`)

// Artifacts of an SDK before 2.5 have a path only if their URI is that of a
// bucket; for others it gives None. Runs on this machine, and those in a
// cluster whose artifact repository the compiler does not know, have URIs that
// are paths, which later SDKs take. pathsOfURIs teaches them to older ones.
const pathsOfURIs = `
# kfp-go: artifacts outside of buckets have paths too, as in later versions of the SDK
try:
    from kfp.dsl.types import artifact_types as _artifact_types
except ImportError:
    from kfp.components.types import artifact_types as _artifact_types
_path_in_bucket = _artifact_types.Artifact._get_path
_artifact_types.Artifact._get_path = lambda self: _path_in_bucket(self) or self.uri
`

// teachPaths appends pathsOfURIs to the source text of a component with
// artifacts that an older SDK runs: it is the last element of the command.
func teachPaths(c *ir.Component, b *ir.Container) {
	if len(b.Command) < 2 || !hasArtifacts(c) {
		return
	}
	old := slices.ContainsFunc(b.Command[:len(b.Command)-1], func(a ir.Arg) bool { return oldSDK.MatchString(textOf(a)) })
	last, ok := b.Command[len(b.Command)-1].(*ir.TextArg)
	if !old || !ok {
		return
	}
	switch v := last.Value.(type) {
	case *ir.Literal:
		last.Value = teach(v)
	case *ir.Template: // source text that holds a placeholder
		v.Parts[len(v.Parts)-1] = teach(v.Parts[len(v.Parts)-1])
	}
}

// teach is source text with pathsOfURIs behind it.
func teach(v ir.Value) ir.Value {
	l, ok := v.(*ir.Literal)
	if !ok {
		return v
	}
	text, ok := l.V.(string)
	if !ok || strings.HasSuffix(text, pathsOfURIs) {
		return v
	}
	return &ir.Literal{V: text + pathsOfURIs, At: l.At}
}

// textOf is the text that an element of a command line is, "" for one that is
// not constant.
func textOf(a ir.Arg) string {
	if t, ok := a.(*ir.TextArg); ok {
		if l, ok := t.Value.(*ir.Literal); ok {
			s, _ := l.V.(string)
			return s
		}
	}
	return ""
}

func hasArtifacts(c *ir.Component) bool {
	isArtifact := func(p *ir.Port) bool { return p.Type.IsArtifact() }
	return slices.ContainsFunc(c.Inputs, isArtifact) || slices.ContainsFunc(c.Outputs, isArtifact)
}
