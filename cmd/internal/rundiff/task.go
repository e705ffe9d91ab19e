package rundiff

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// A taskPair is one task in both runs; nil where it was not.
type taskPair struct {
	path string
	a, b *metadata.Task
	// What is known of the pair once it was compared.
	inputs, outputs relation
	image           relation
}

// A relation says whether two things are equal, as far as can be told.
type relation uint8

const (
	untold relation = iota
	equal
	different
)

// and is the relation of two things together.
func (r relation) and(other relation) relation {
	switch {
	case r == different || other == different:
		return different
	case r == untold || other == untold:
		return untold
	}
	return equal
}

func pair(a, b *metadata.Run) []*taskPair {
	byPath := map[string]*taskPair{}
	at := func(path string) *taskPair {
		p := byPath[path]
		if p == nil {
			p = &taskPair{path: path}
			byPath[path] = p
		}
		return p
	}
	for _, t := range a.Tasks {
		at(t.Path).a = t
	}
	for _, t := range b.Tasks {
		at(t.Path).b = t
	}
	out := slices.Collect(maps.Values(byPath))
	slices.SortFunc(out, func(x, y *taskPair) int { return taskpath.Compare(x.path, y.path) })
	return out
}

// tasks compares the tasks of both runs.
func (c *comparer) tasks(pairs []*taskPair) {
	c.known[States], c.known[Cache], c.known[Tries] = true, true, true
	if c.a.State != c.b.State {
		c.differ(Difference{Aspect: States, A: string(c.a.State), B: string(c.b.State)})
	}
	c.duration("", &c.a.Started, &c.a.Finished, &c.b.Started, &c.b.Finished)
	seen := map[Difference]bool{}
	for _, p := range pairs {
		if p.a == nil || p.b == nil {
			c.lonely(p)
			continue
		}
		c.image(p, seen)
		c.resources(p, seen)
		c.state(p)
		c.duration(p.path, &p.a.Started, &p.a.Finished, &p.b.Started, &p.b.Finished)
		p.inputs = c.ports(nil, p, p.a.TaskRecord.Inputs, p.b.TaskRecord.Inputs)
		p.outputs = c.ports(c.differ, p, p.a.TaskRecord.Outputs, p.b.TaskRecord.Outputs)
	}
}

// lonely tells of a task that one run lacks; one that was skipped lacks
// nothing.
func (c *comparer) lonely(p *taskPair) {
	d := Difference{Aspect: States, Task: p.path}
	if p.a != nil {
		d.A = string(p.a.State)
	}
	if p.b != nil {
		d.B = string(p.b.State)
	}
	c.differ(d)
}

var iteration = regexp.MustCompile(`\[[0-9]+\]`)

// once tells a difference that many iterations share only once. Its sides are
// texts.
func (c *comparer) once(d Difference, seen map[Difference]bool) {
	d.Task = iteration.ReplaceAllString(d.Task, "[*]")
	if !seen[d] {
		seen[d] = true
		c.differ(d)
	}
}

func (c *comparer) image(p *taskPair, seen map[Difference]bool) {
	a, b := p.a, p.b
	switch {
	case a.Image == "" || b.Image == "":
		if a.Image != b.Image {
			c.unknown[Images] = true
		}
	case a.ImageDigest != "" && b.ImageDigest != "":
		c.known[Images] = true
		p.image = equal
		if a.ImageDigest != b.ImageDigest {
			p.image = different
			c.once(Difference{Aspect: Images, Task: p.path, A: pinned(a), B: pinned(b)}, seen)
		}
	case a.Image != b.Image:
		p.image = different
		c.once(Difference{Aspect: Images, Task: p.path, A: pinned(a), B: pinned(b)}, seen)
	default: // the same name, which need not mean the same image
		c.known[Images] = true
		p.image = equal
	}
}

// pinned is an image with its digest.
func pinned(t *metadata.Task) string {
	if t.ImageDigest == "" || strings.Contains(t.Image, "@") {
		return t.Image
	}
	return t.Image + "@" + t.ImageDigest
}

func (c *comparer) resources(p *taskPair, seen map[Difference]bool) {
	a, b := p.a.Resources, p.b.Resources
	switch {
	case a == nil && b == nil:
		return
	case a == nil || b == nil:
		c.unknown[Resources] = true
	case *a == *b:
		c.known[Resources] = true
	default:
		c.once(Difference{Aspect: Resources, Task: p.path, A: resourceText(a), B: resourceText(b)}, seen)
	}
}

func resourceText(r *metadata.Resources) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	add("cpu", r.CPU)
	add("memory", r.Memory)
	if r.AcceleratorCount > 0 {
		parts = append(parts, formatInt(r.AcceleratorCount)+" "+cmp.Or(r.Product, r.Accelerator))
	}
	if r.Spot {
		parts = append(parts, "spot")
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

func (c *comparer) state(p *taskPair) {
	a, b := p.a, p.b
	hitA, hitB := a.State == metadata.Cached, b.State == metadata.Cached
	switch {
	case a.State == b.State:
	case hitA && b.State == metadata.Succeeded || hitB && a.State == metadata.Succeeded:
		c.differ(Difference{Aspect: Cache, Task: p.path, A: word(hitA, "hit", "ran"), B: word(hitB, "hit", "ran")})
	default:
		c.differ(Difference{Aspect: States, Task: p.path, A: stateText(a), B: stateText(b)})
	}
	if x, y := max(a.Attempt, 1), max(b.Attempt, 1); x != y && !hitA && !hitB {
		c.differ(Difference{Aspect: Tries, Task: p.path, A: x, B: y})
	}
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func stateText(t *metadata.Task) string {
	text := string(t.State)
	if t.Class != "" {
		text += " (" + t.Class + ")"
	}
	return text
}

// Durations count as different when they are by a quarter and by a second.
const (
	noticeable     = time.Second
	noticeablePart = 1.25
)

func (c *comparer) duration(path string, startA, endA, startB, endB *time.Time) {
	if startA.IsZero() || endA.IsZero() || startB.IsZero() || endB.IsZero() {
		return
	}
	c.known[Durations] = true
	a, b := endA.Sub(*startA), endB.Sub(*startB)
	if (a-b).Abs() >= noticeable && float64(max(a, b)) >= noticeablePart*float64(min(a, b)) {
		c.differ(Difference{Aspect: Durations, Task: path, A: Seconds(a.Seconds()), B: Seconds(b.Seconds())})
	}
}

// Seconds is a length of time.
type Seconds float64

// partsAt is the first task that made other outputs of the same inputs with
// the same image.
func partsAt(pairs []*taskPair) string {
	var first *taskPair
	for _, p := range pairs {
		if p.outputs != different || p.inputs != equal || p.image == different {
			continue
		}
		if first == nil || p.a.Started.Before(first.a.Started) {
			first = p
		}
	}
	if first == nil {
		return ""
	}
	return first.path
}
