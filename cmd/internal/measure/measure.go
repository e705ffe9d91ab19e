// Package measure finds out how large the artifacts of a cluster run are, and
// their digests. Its idea: whoever completes a record knows for the first time
// where everything lies, and looks then, within bounds; what cannot be looked at
// is left out, without a word unless KFPGO_DEBUG asks for one.
package measure

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/objects"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/store"
)

const (
	// parallel is how many objects are looked at at once.
	parallel = 16
	// whole is how many objects of the largest size are read of one run at most.
	whole = 16
)

// A Measurer looks at the artifacts of runs, for one command. A store that could
// not be reached is not asked again.
type Measurer struct {
	app    *app.App
	config *config.Config
	mu     sync.Mutex
	down   map[string]bool // by the beginning of a URI
}

// New is a Measurer with the bounds that the configuration states.
func New(a *app.App, c *config.Config) *Measurer {
	return &Measurer{app: a, config: c, down: map[string]bool{}}
}

// A Run is the looking at one run. What is known of an artifact is not looked
// for again.
type Run struct {
	m       *Measurer
	slots   chan struct{}
	budget  atomic.Int64 // bytes that may still be read
	pending sync.WaitGroup

	mu      sync.Mutex // guards what follows
	survey  *objects.Survey
	stores  map[string]map[string]string // that the survey is made for
	lookups map[string]*lookup
	latest  map[string]int // by task: how often it was taken
}

type lookup struct {
	once    sync.Once
	content metadata.Content
}

// Run begins to look at a run; recorded is what is known of it, nil: nothing.
func (m *Measurer) Run(recorded *metadata.Run) *Run {
	r := &Run{m: m, slots: make(chan struct{}, parallel), lookups: map[string]*lookup{}, latest: map[string]int{}}
	r.budget.Store(whole * m.config.ArtifactDigests)
	if recorded == nil {
		return r
	}
	for uri, c := range recorded.Contents() {
		l := &lookup{content: c}
		if c.Digest != "" || c.Bytes > m.config.ArtifactDigests {
			l.once.Do(func() {}) // nothing to add
		}
		r.lookups[uri] = l
	}
	return r
}

// off reports whether the configuration wants nothing to be looked at.
func (r *Run) off() bool { return r.m.config.ArtifactTime == 0 }

// Measure gives the run with what is known of its artifacts, after looking for
// at most as long as the configuration says. It closes r.
func (r *Run) Measure(ctx context.Context, run *backend.Run) *backend.Run {
	defer r.Close()
	if r.off() {
		return run
	}
	ctx, cancel := context.WithTimeout(ctx, r.m.config.ArtifactTime)
	defer cancel()
	r.at(run)
	all := []map[string]backend.Output{run.Outputs}
	for _, t := range run.Tasks {
		all = append(all, t.Inputs, t.Outputs)
	}
	r.look(ctx, all...)
	return r.Known(run)
}

// Known gives the run with what is known of its artifacts by now.
func (r *Run) Known(run *backend.Run) *backend.Run {
	out := *run
	out.Outputs = r.fill(run.Outputs)
	out.Tasks = make([]*backend.Task, len(run.Tasks))
	for i, t := range run.Tasks {
		out.Tasks[i] = r.task(t)
	}
	return &out
}

func (r *Run) task(t *backend.Task) *backend.Task {
	out := *t
	out.Inputs, out.Outputs = r.fill(t.Inputs), r.fill(t.Outputs)
	return &out
}

// Close ends the looking.
func (r *Run) Close() {
	r.mu.Lock()
	survey := r.survey
	r.survey = nil
	r.mu.Unlock()
	if survey == nil {
		return
	}
	if err := survey.Close(); err != nil {
		r.m.debug(err)
	}
}

// at notes where the artifacts of a run lie, as the cluster says.
func (r *Run) at(run *backend.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.survey != nil && (len(run.Stores) == 0 || len(r.stores) == len(run.Stores)) {
		return
	}
	c := *r.m.config
	if run.Namespace != "" {
		c.Namespace = run.Namespace
	}
	old := r.survey
	r.survey, r.stores = objects.NewSurvey(r.m.app.Artifacts(&c, store.FromSettings(run.Stores))), run.Stores
	if old != nil {
		// Who still asks through it learns nothing, as when there were no time.
		if err := old.Close(); err != nil {
			r.m.debug(err)
		}
	}
}

// look finds out about all artifacts of values and returns when all is known,
// or the context over.
func (r *Run) look(ctx context.Context, values ...map[string]backend.Output) {
	var wg sync.WaitGroup
	seen := map[string]bool{}
	for _, m := range values {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			for _, a := range artifacts(m[name]) {
				if a == nil || a.Bytes >= 0 || a.URI == "" || seen[a.URI] {
					continue
				}
				seen[a.URI] = true
				l := r.lookup(a.URI)
				wg.Go(func() { l.once.Do(func() { r.ask(ctx, a.URI, l) }) })
			}
		}
	}
	wg.Wait()
}

func artifacts(o backend.Output) []*backend.Artifact {
	if o.Artifact != nil {
		return []*backend.Artifact{o.Artifact}
	}
	return o.List
}

func (r *Run) lookup(uri string) *lookup {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lookups[uri]
	if l == nil {
		l = &lookup{}
		r.lookups[uri] = l
	}
	return l
}

// ask asks the store about one artifact.
func (r *Run) ask(ctx context.Context, uri string, l *lookup) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return
	}
	r.mu.Lock()
	survey := r.survey
	r.mu.Unlock()
	if survey == nil || ctx.Err() != nil || r.m.isDown(uri) {
		return
	}
	c, err := survey.Content(ctx, uri, r.afford)
	if c != (objects.Content{}) {
		r.mu.Lock()
		l.content = metadata.Content(c)
		r.mu.Unlock()
	}
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, backend.ErrNotFound):
	case errors.Is(err, backend.ErrUnavailable):
		r.m.markDown(uri)
		r.m.debug(err)
	default:
		r.m.debug(err)
	}
}

// afford takes bytes that are to be read out of the budget.
func (r *Run) afford(size int64) bool {
	if size > r.m.config.ArtifactDigests || r.m.config.ArtifactDigests == 0 {
		return false
	}
	if r.budget.Add(-size) < 0 {
		r.budget.Add(size)
		return false
	}
	return true
}

// fill gives values with what is known of their artifacts; those given are not
// changed, others look at them meanwhile.
func (r *Run) fill(values map[string]backend.Output) map[string]backend.Output {
	out, cloned := values, false
	for name, v := range values {
		filled, changed := v, false
		if v.Artifact != nil {
			filled.Artifact, changed = r.filled(v.Artifact)
		}
		for i, a := range v.List {
			with, more := r.filled(a)
			if !more {
				continue
			}
			if !changed {
				filled.List, changed = slices.Clone(v.List), true
			}
			filled.List[i] = with
		}
		if changed && !cloned {
			out, cloned = maps.Clone(values), true
		}
		if changed {
			out[name] = filled
		}
	}
	return out
}

func (r *Run) filled(a *backend.Artifact) (*backend.Artifact, bool) {
	if a == nil || a.Bytes >= 0 {
		return a, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lookups[a.URI]
	if l == nil || l.content == (metadata.Content{}) {
		return a, false
	}
	out := *a
	out.Bytes, out.Digest = l.content.Bytes, l.content.Digest
	return &out, true
}

// bucketOf is the beginning of a URI, up to its bucket.
func bucketOf(uri string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	bucket, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + bucket
}

func (m *Measurer) isDown(uri string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down[bucketOf(uri)]
}

func (m *Measurer) markDown(uri string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down[bucketOf(uri)] = true
}

func (m *Measurer) debug(err error) {
	if m.app.Getenv("KFPGO_DEBUG") != "" {
		m.app.Notef("note: artifacts: %v", err)
	}
}

// grace is how long the last artifacts of a run may keep the end of it waiting.
func (r *Run) grace() time.Duration { return r.m.config.ArtifactTime }
