package dsl

import "github.com/kfp-go/kfp-go/compiler/tree"

// mergePatch applies a JSON merge patch (RFC 7396) to a node: mappings merge by
// key, null removes, anything else replaces. Nodes are shared with both, so
// every span still leads to where its text was written.
func mergePatch(base, patch *tree.Node) *tree.Node {
	if !isMapping(patch) {
		if patch == nil {
			return base
		}
		return patch
	}
	out := &tree.Node{Kind: tree.Mapping, File: patch.File, Start: patch.Start, End: patch.End}
	over := make(map[string]*tree.Node, len(patch.Fields))
	for _, f := range patch.Fields {
		over[f.Key.Scalar] = f.Value
	}
	had := map[string]bool{}
	if isMapping(base) {
		out.File, out.Start, out.End = base.File, base.Start, base.End
		for _, f := range base.Fields {
			p, changed := over[f.Key.Scalar]
			had[f.Key.Scalar] = true
			switch {
			case !changed:
				out.Fields = append(out.Fields, f)
			case !p.IsNull():
				out.Fields = append(out.Fields, tree.Field{Key: f.Key, Value: mergePatch(f.Value, p)})
			}
		}
	}
	for _, f := range patch.Fields {
		if !had[f.Key.Scalar] && !f.Value.IsNull() {
			out.Fields = append(out.Fields, tree.Field{Key: f.Key, Value: mergePatch(nil, f.Value)})
		}
	}
	return out
}
