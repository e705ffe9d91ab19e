package argo

import (
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Where an output of a DAG cannot be computed (a program wrote no number, an
// expression fails on the data), Argo ends the DAG in Error without noting what
// its last tasks were. What comes behind the DAG then hangs in the air: the DAG
// around it runs for ever or, when a dependant has other upstream tasks as well,
// even succeeds. So such outputs are computed once before, in the condition of a
// task that never runs: if that fails, it is a task that failed, like any other.

// proof is the name of that task.
const proof = "outputs-hold"

// A claim is an output that may fail to be computed, and the tasks it reads.
type claim struct {
	value     value
	producers []string // tasks of the template
}

// prove adds the task for the claims, if there are any. shown are the notes on
// paths, in which the task has no element.
func prove(t *wfv1.DAGTemplate, claims []claim, shown map[string]string) {
	if len(claims) == 0 {
		return
	}
	out := nothing(t)
	var behind, texts []string
	for _, c := range claims {
		texts = append(texts, c.value.jsonText())
		for _, p := range c.producers {
			if !slices.Contains(behind, p) {
				behind = append(behind, p)
			}
		}
	}
	for i, name := range behind {
		behind[i] = "(" + name + ".Succeeded || " + name + ".Skipped || " + name + ".Omitted)"
	}
	out.When = never(texts)
	out.Depends = strings.Join(behind, " && ")
	if t.Target != "" {
		t.Target += " " + out.Name
	}
	shown[out.Name] = ""
	t.Tasks = append(t.Tasks, out)
}

// claims are the DAG's outputs that may fail. Nothing comes behind the root.
func (d *dag) claims() []claim {
	if d.root {
		return nil
	}
	at := &place{d: d, r: d.top, index: -1, outputs: true}
	var out []claim
	for _, o := range d.dag.Outputs {
		p := d.owner.Output(o.Name.Text)
		if p == nil || p.Type.IsArtifact() && !d.l.flow.record[p] || !at.doubtful(o.Value) {
			continue
		}
		out = append(out, at.claim(o.Value))
	}
	return out
}

// exportClaims are what a region gives to others that may fail.
func (d *dag) exportClaims(k *region) []claim {
	at := &place{d: d, r: k, index: -1, outputs: true}
	var out []claim
	for _, l := range k.exports {
		if l.ran || l.file {
			continue
		}
		if ref := (&ir.OutputRef{Task: d.dag.Tasks[l.task].Name.Text, Output: l.port}); at.doubtful(ref) {
			out = append(out, at.claim(ref))
		}
	}
	return out
}

// prove adds the task and says that paths do not show it.
func (d *dag) prove(t *wfv1.Template, claims []claim) {
	if len(claims) > 0 {
		prove(t.DAG, claims, d.notes)
		d.annotate(t)
	}
}

// never is a condition that is false once it could be computed.
func never(texts []string) string { return tag("len(" + strings.Join(texts, " + ") + ") < 0") }

// nothing is a task that never runs, with a name that is free in the DAG.
func nothing(t *wfv1.DAGTemplate) wfv1.DAGTask {
	name := proof
	for slices.ContainsFunc(t.Tasks, func(x wfv1.DAGTask) bool { return x.Name == name }) {
		name += "-x"
	}
	return wfv1.DAGTask{Name: name, When: "false", Inline: &wfv1.Template{Suspend: &wfv1.SuspendTemplate{Duration: "0"}}}
}

// doubtful reports whether the value may fail to be computed.
func (at *place) doubtful(v ir.Value) bool {
	doubt := false
	ir.Visit(v, func(v ir.Value) {
		switch v := v.(type) {
		case *ir.Expr, *ir.Select:
			doubt = true
		case *ir.OutputRef:
			doubt = doubt || at.doubtfulOutput(v)
		}
	})
	return doubt
}

// doubtfulOutput: what a program wrote may be anything, unless any text will do.
func (at *place) doubtfulOutput(v *ir.OutputRef) bool {
	i, ok := at.d.scope.Index(v.Task)
	if !ok || at.d.regionOf(i) != at.r {
		return false
	}
	p := at.d.dag.Tasks[i].Component.Output(v.Output)
	return p != nil && at.d.units[i].outs[v.Output].doubtful(p)
}

func (k outKind) doubtful(p *ir.Port) bool {
	return k == outSDK || k == outFile && p.Type.Kind != ir.String
}

// claim is the output o of the DAG, computed as it would be among arguments,
// where a task that did not run has no outputs at all.
func (at *place) claim(v ir.Value) claim {
	inside := &place{d: at.d, r: at.r, index: -1, outputs: true, guard: true}
	c := claim{value: inside.value(v)}
	ir.Visit(v, func(v ir.Value) {
		if ref, ok := v.(*ir.OutputRef); ok {
			if i, ok := at.d.scope.Index(ref.Task); ok {
				c.producers = append(c.producers, at.nearest(i))
			}
		}
	})
	return c
}

// nearest is the task of the place's template that is, or holds, a task.
func (at *place) nearest(i int) string {
	if kid := at.r.kidWith(at.d.pos[i]); kid != nil {
		return kid.name
	}
	return at.d.names[i]
}
