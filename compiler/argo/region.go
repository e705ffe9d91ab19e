package argo

import (
	"strconv"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// most is the number of tasks in one DAG template: Argo's controller checks a
// template in time that grows faster than its size.
const most = 100

// A region is a run of tasks, in topological order, that share one Argo
// template. A small DAG is one region; a large one is a tree of them, whose
// inner regions are tasks of the outer ones.
type region struct {
	lo, hi  int // positions
	up      *region
	kids    []*region
	name    string         // of the task that calls it
	tasks   []wfv1.DAGTask // of a leaf
	imports []link
	exports []link
	known   map[link]uint8 // 1: imported, 2: exported
	after   map[*region]bool
	anyhow  map[*region]bool // siblings whose failure is tolerated

	instance bool // some task asks which instance of the DAG it belongs to
}

// A link is one thing that crosses the border of a region: an input of the
// component (task < 0) or something of a task.
type link struct {
	task   int
	port   string
	record bool // the record of an artifact
	file   bool // the artifact itself
	ran    bool // whether the task succeeded, "true" or "false"
}

// cut arranges the DAG's tasks in regions.
func (d *dag) cut(taken *names) {
	n := len(d.dag.Tasks)
	d.pos = make([]int, n)
	d.order = make([]int, n)
	if n <= most || len(d.scope.Order) != n {
		for i := range n {
			d.pos[i], d.order[i] = i, i
		}
		d.top = &region{hi: n}
		return
	}
	for p, i := range d.scope.Order {
		d.pos[i], d.order[p] = p, i
	}
	d.top = &region{hi: n}
	if n <= mostWhole && d.toleratesAcross() {
		return
	}
	d.split(d.top, taken)
}

// mostWhole is the number of tasks up to which a DAG stays whole when a cut
// would come between a task and a failure that it tolerates: a part that failed
// tells nothing of its tasks.
const mostWhole = 500

func (d *dag) toleratesAcross() bool {
	for i, t := range d.dag.Tasks {
		if t.Trigger != ir.Completed {
			continue
		}
		for _, u := range d.scope.Upstream(i) {
			if d.pos[u]/most != d.pos[i]/most {
				return true
			}
		}
	}
	return false
}

func (d *dag) split(r *region, taken *names) {
	n := r.hi - r.lo
	if n <= most {
		return
	}
	size := most
	for size*most < n {
		size *= most
	}
	for lo := r.lo; lo < r.hi; lo += size {
		kid := &region{lo: lo, hi: min(lo+size, r.hi), up: r}
		kid.name = taken.take("part-" + strconv.Itoa(len(r.kids)+1))
		d.notes[kid.name] = ""
		r.kids = append(r.kids, kid)
		d.split(kid, taken)
	}
}

func (r *region) eachLeaf(f func(*region)) {
	if len(r.kids) == 0 {
		f(r)
		return
	}
	for _, k := range r.kids {
		k.eachLeaf(f)
	}
}

// regionOf is the leaf that holds a task.
func (d *dag) regionOf(i int) *region {
	r := d.top
	for len(r.kids) > 0 {
		r = r.kidWith(d.pos[i])
	}
	return r
}

// kidWith is the inner region that holds a position, nil if none does.
func (r *region) kidWith(pos int) *region {
	if len(r.kids) == 0 || pos < r.lo || pos >= r.hi {
		return nil
	}
	size := r.kids[0].hi - r.kids[0].lo
	return r.kids[(pos-r.lo)/size]
}

func (r *region) know(l link, how uint8) bool {
	if r.known == nil {
		r.known = map[link]uint8{}
	}
	if r.known[l]&how != 0 {
		return false
	}
	r.known[l] |= how
	return true
}

// bringDown imports a link into r and all around it, up to but not including
// the region where.
func (r *region) bringDown(l link, where *region) {
	for ; r != where && r.up != nil; r = r.up {
		if !r.know(l, 1) {
			return
		}
		r.imports = append(r.imports, l)
	}
}

// connect carries a link from the leaf that makes it to the region that reads
// it.
func connect(l link, from, to *region) {
	meet := to
	for !(meet.lo <= from.lo && from.hi <= meet.hi) {
		meet = meet.up
	}
	for r := from; r != meet; r = r.up {
		if r.know(l, 2) {
			r.exports = append(r.exports, l)
		}
	}
	to.bringDown(l, meet)
}

// linkName is the name of the parameter or artifact that carries a link.
func (d *dag) linkName(l link) string {
	name := portName(l.port)
	if l.task >= 0 {
		name = d.names[l.task] + "--" + name
	}
	switch {
	case l.ran:
		return d.names[l.task] + "--ran"
	case l.record:
		return name + "--artifact"
	}
	return name
}

// orderRegions makes the region of a task wait for the region of what it needs.
func (d *dag) orderRegions(before, behind int) {
	meet := d.top
	for {
		a, b := meet.kidWith(d.pos[before]), meet.kidWith(d.pos[behind])
		if a != b {
			break
		}
		meet = a
	}
	a, b := meet.kidWith(d.pos[before]), meet.kidWith(d.pos[behind])
	tolerant := d.dag.Tasks[behind].Trigger == ir.Completed
	if b.after == nil {
		b.after = map[*region]bool{}
	}
	b.after[a] = true
	if tolerant {
		if b.anyhow == nil {
			b.anyhow = map[*region]bool{}
			d.l.cannot(msgToleranceCut(d.dag.Tasks[behind].Name))
		}
		b.anyhow[a] = true
	}
}

// close makes the templates of the regions inside r, then that of r.
func (d *dag) close(r *region) *wfv1.Template {
	for _, k := range r.kids {
		t := d.close(k)
		d.exportsOf(k, t)
		d.prove(t, d.exportClaims(k))
		for _, l := range k.imports {
			if l.file {
				t.Inputs.Artifacts = append(t.Inputs.Artifacts, wfv1.Artifact{Name: d.linkName(l), Optional: true})
			} else {
				t.Inputs.Parameters = append(t.Inputs.Parameters, wfv1.Parameter{Name: d.linkName(l)})
			}
		}
		name := d.l.add(d.l.componentName(d.owner)+"-"+k.name, t)
		r.tasks = append(r.tasks, d.regionTask(k, name))
	}
	t := &wfv1.Template{DAG: &wfv1.DAGTemplate{Tasks: r.tasks}}
	if r.instance {
		t.Inputs.Parameters = append(t.Inputs.Parameters, wfv1.Parameter{Name: instance, Default: wfv1.AnyStringPtr("{{node.name}}")})
	}
	d.annotate(t)
	d.tolerate(r, t.DAG)
	return t
}

// regionTask calls an inner region.
func (d *dag) regionTask(k *region, template string) wfv1.DAGTask {
	out := wfv1.DAGTask{Name: k.name, Template: template}
	at := &place{d: d, r: k.up, index: -1, guard: len(k.anyhow) > 0}
	for _, l := range k.imports {
		if l.file {
			out.Arguments.Artifacts = append(out.Arguments.Artifacts, wfv1.Artifact{
				Name: d.linkName(l), From: "{{" + d.linkSource(at, l) + "}}", Optional: true})
			continue
		}
		out.Arguments.Parameters = append(out.Arguments.Parameters, wfv1.Parameter{
			Name: d.linkName(l), Value: wfv1.AnyStringPtr(d.linkArgument(at, l))})
	}
	for _, s := range k.up.kids {
		if !k.after[s] {
			continue
		}
		if out.Depends != "" {
			out.Depends += " && "
		}
		out.Depends += ended(s.name, k.anyhow[s])
	}
	return out
}

func (d *dag) linkArgument(at *place, l link) string {
	if l.task < 0 {
		p := d.owner.Input(l.port)
		return at.value(&ir.InputRef{Name: p.Name.Text}).argument()
	}
	if l.ran {
		if kid := at.r.kidWith(d.pos[l.task]); kid != nil {
			if at.guard {
				return tag(guardedOutput(kid.name, d.linkName(l)) + " ?? 'false'")
			}
			return tag(outputParam(kid.name, d.linkName(l)))
		}
		return tag(inputParam(d.linkName(l)))
	}
	return at.linked(l, recordType(d.typeOf(l))).argument()
}

func (d *dag) typeOf(l link) ir.Type {
	return d.scope.TypeOf(&ir.OutputRef{Task: d.dag.Tasks[l.task].Name.Text, Output: l.port}, nil)
}

func (d *dag) linkSource(at *place, l link) string {
	if l.task >= 0 {
		if kid := at.r.kidWith(d.pos[l.task]); kid != nil {
			return "tasks." + kid.name + ".outputs.artifacts." + d.linkName(l)
		}
	} else if at.r.up == nil {
		return "inputs.artifacts." + portName(l.port)
	}
	return "inputs.artifacts." + d.linkName(l)
}

// exportsOf declares what a region gives to others.
func (d *dag) exportsOf(k *region, t *wfv1.Template) {
	at := &place{d: d, r: k, index: -1, outputs: true}
	for _, l := range k.exports {
		if l.file {
			ref := &ir.OutputRef{Task: d.dag.Tasks[l.task].Name.Text, Output: l.port}
			t.Outputs.Artifacts = append(t.Outputs.Artifacts, wfv1.Artifact{
				Name: d.linkName(l), From: "{{" + at.artifactFrom(ref) + "}}", Optional: true})
			continue
		}
		e := ""
		if l.ran {
			e = "(" + at.succeeded(l.task) + ") ? 'true' : 'false'"
		} else {
			e = at.value(&ir.OutputRef{Task: d.dag.Tasks[l.task].Name.Text, Output: l.port}).jsonText()
		}
		t.Outputs.Parameters = append(t.Outputs.Parameters, wfv1.Parameter{Name: d.linkName(l), ValueFrom: &wfv1.ValueFrom{Expression: e}})
	}
}

// tolerate keeps a DAG with a tolerated failure from succeeding: the task whose
// failure is tolerated counts as if nothing followed it.
func (d *dag) tolerate(r *region, t *wfv1.DAGTemplate) {
	tolerated := map[string]bool{}
	needed := map[string]bool{}
	mark := func(name string, anyhow bool) {
		needed[name] = true
		if anyhow {
			tolerated[name] = true
		}
	}
	if len(r.kids) == 0 {
		for p := r.lo; p < r.hi; p++ {
			i := d.order[p]
			if d.dag.Tasks[i].Trigger != ir.Completed {
				for _, u := range d.scope.Upstream(i) {
					if len(r.kids) == 0 && d.regionOf(u) == r {
						mark(d.names[u], false)
					}
				}
				continue
			}
			for _, u := range d.scope.Upstream(i) {
				if d.regionOf(u) == r {
					mark(d.names[u], true)
				}
			}
		}
	}
	for _, k := range r.kids {
		for s := range k.after {
			mark(s.name, k.anyhow[s])
		}
	}
	if len(tolerated) == 0 {
		return
	}
	t.FailFast = ptr.To(false)
	for i := range t.Tasks {
		if name := t.Tasks[i].Name; !needed[name] || tolerated[name] {
			if t.Target != "" {
				t.Target += " "
			}
			t.Target += name
		}
	}
}
