// Package stats says how well pipelines serve: how often and how fast their runs
// succeed, how long tasks wait, what they use and cost, and how far that is what
// was promised. Its idea: each run is looked at once, and what the record does
// not say is counted as unknown, never as nothing.
package stats

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Options say how runs are judged.
type Options struct {
	Now    time.Time     // ends the windows of service levels
	SLO    *metadata.SLO // instead of what the newest run's pipeline promised, nil: that
	Prices *Prices       // nil: nothing is priced
}

// A Service is how well one pipeline serves. Shares are between 0 and 1 and nil
// where there is nothing to take a share of; lengths are seconds.
type Service struct {
	Pipeline string         `json:"pipeline"`
	Runs     int            `json:"runs"`
	States   map[string]int `json:"states"` // runs by state
	// Success is the share of the runs that succeeded among those that succeeded
	// or failed: who stopped a run, or lost sight of it, says nothing about it.
	Success  *float64     `json:"success"`
	Duration Distribution `json:"duration"` // of the runs that succeeded
	Tasks    Tasks        `json:"tasks"`
	Usage    Usage        `json:"usage"`
	Cost     *Cost        `json:"cost,omitempty"`
	Levels   *Levels      `json:"slo,omitempty"`

	ends []end // of the runs that succeeded or failed
	slo  *metadata.SLO
}

// An end is what service levels need of a run that succeeded or failed.
type end struct {
	at       time.Time
	ok       bool
	duration float64 // seconds; negative: unknown
}

// A Distribution is exact: of n known values the median is the ⌈n/2⌉-th, the 95th
// percentile the ⌈0.95·n⌉-th.
type Distribution struct {
	Known   int      `json:"known"`
	Unknown int      `json:"unknown"` // values that the record lacks
	Median  *float64 `json:"median"`
	P95     *float64 `json:"p95"`

	values []float64
}

// Tasks are counts over the tasks of all runs.
type Tasks struct {
	// Ran are the tasks that had an attempt: not those that were skipped, that
	// wait, or whose result was in the cache.
	Ran      int      `json:"ran"`
	Attempts int      `json:"attempts"`
	Retried  int      `json:"retried"` // tasks with more than one attempt
	Retries  *float64 `json:"retryRate"`
	Cached   int      `json:"cached"`
	// CacheHits is the share of the tasks whose result was in the cache among
	// those that were cached or succeeded.
	CacheHits *float64     `json:"cacheHitRate"`
	Pending   Distribution `json:"pending"` // of attempts, from ready to begun
	Uploads   Uploads      `json:"uploads"`

	succeeded int
}

// Uploads are about the tasks that succeeded or failed and whose record names
// artifacts that they make. Those are stored when the task succeeded, which it
// does not before they are, or when the size or the digest of each is known.
type Uploads struct {
	Tasks  int      `json:"tasks"`
	Stored int      `json:"stored"`
	Rate   *float64 `json:"rate"`
}

// A Collector gathers runs, one after the other, the newest first.
type Collector struct {
	opt      Options
	services map[string]*Service
}

// NewCollector begins with no runs.
func NewCollector(opt Options) *Collector {
	return &Collector{opt: opt, services: map[string]*Service{}}
}

// Add looks at a run with its tasks.
func (c *Collector) Add(r *metadata.Run) {
	s := c.services[r.Pipeline]
	if s == nil {
		s = &Service{Pipeline: r.Pipeline, States: map[string]int{}, slo: c.opt.SLO}
		if c.opt.Prices != nil {
			s.Cost = &Cost{Currency: c.opt.Prices.Currency}
		}
		c.services[r.Pipeline] = s
	}
	s.add(r, c.opt.Prices)
}

// Services are those of all pipelines, by name.
func (c *Collector) Services() []*Service {
	out := make([]*Service, 0, len(c.services))
	for _, name := range slices.Sorted(maps.Keys(c.services)) {
		s := c.services[name]
		s.finish(c.opt.Now)
		out = append(out, s)
	}
	return out
}

func (s *Service) add(r *metadata.Run, prices *Prices) {
	s.Runs++
	s.States[string(cmp.Or(r.State, metadata.Planned))]++
	if s.slo == nil {
		s.slo = r.SLO
	}
	if r.State == metadata.Succeeded || r.State == metadata.Failed {
		e := end{at: first(r.Finished, r.Updated), ok: r.State == metadata.Succeeded, duration: -1}
		if d, known := length(first(r.Started, r.Created), r.Finished); known {
			e.duration = d
		}
		s.ends = append(s.ends, e)
		if e.ok {
			s.Duration.add(e.duration, e.duration >= 0)
		}
	}
	makes := map[string]bool{}
	for _, a := range r.Artifacts {
		if a.Dir == metadata.Out {
			makes[a.Task] = true
		}
	}
	for _, t := range r.Tasks {
		s.Tasks.add(t, makes[t.Path])
		s.use(t, prices)
	}
}

func (s *Service) finish(now time.Time) {
	s.Success = share(s.States[string(metadata.Succeeded)], s.States[string(metadata.Succeeded)]+s.States[string(metadata.Failed)])
	s.Duration.finish()
	s.Tasks.Retries = share(s.Tasks.Retried, s.Tasks.Ran)
	s.Tasks.CacheHits = share(s.Tasks.Cached, s.Tasks.Cached+s.Tasks.succeeded)
	s.Tasks.Uploads.Rate = share(s.Tasks.Uploads.Stored, s.Tasks.Uploads.Tasks)
	s.Tasks.Pending.finish()
	s.Usage.finish()
	s.Cost.finish()
	s.Levels = judge(s.slo, s.ends, now)
}

func (t *Tasks) add(task *metadata.Task, makes bool) {
	switch task.State {
	case metadata.Cached:
		t.Cached++
		return
	case metadata.Skipped, metadata.Pending, metadata.Planned, metadata.Submitted, "":
		if len(task.Earlier) == 0 {
			return
		}
	case metadata.Succeeded:
		t.succeeded++
	}
	t.Ran++
	attempts := max(len(task.Earlier)+1, task.Attempt)
	t.Attempts += attempts
	if attempts > 1 {
		t.Retried++
	}
	for _, a := range task.Earlier {
		t.wait(a)
	}
	t.wait(&task.TaskRecord)
	t.upload(&task.TaskRecord, makes)
}

func (t *Tasks) wait(a *metadata.TaskRecord) {
	if a.State == metadata.Pending {
		return // it still waits
	}
	d, known := length(a.Created, a.Started)
	t.Pending.add(d, known)
}

func (t *Tasks) upload(a *metadata.TaskRecord, makes bool) {
	known := true
	for _, v := range a.Outputs {
		artifacts := v.Artifacts
		if v.Artifact != nil {
			artifacts = []metadata.ArtifactValue{*v.Artifact}
		}
		for _, x := range artifacts {
			makes = true
			known = known && (x.Digest != "" || x.Bytes > 0)
		}
	}
	switch {
	case !makes:
	case a.State == metadata.Succeeded:
		t.Uploads.Tasks++
		t.Uploads.Stored++
	case a.State == metadata.Failed:
		t.Uploads.Tasks++
		if known && len(a.Outputs) > 0 {
			t.Uploads.Stored++
		}
	}
}

func (d *Distribution) add(v float64, known bool) {
	if !known {
		d.Unknown++
		return
	}
	d.values = append(d.values, v)
}

func (d *Distribution) finish() {
	slices.Sort(d.values)
	d.Known = len(d.values)
	d.Median, d.P95 = quantile(d.values, 0.5), quantile(d.values, 0.95)
}

// quantile is the smallest value that so large a share of the sorted values does
// not exceed.
func quantile(sorted []float64, q float64) *float64 {
	if len(sorted) == 0 {
		return nil
	}
	// Rounding must not make 0.95·20 more than 19.
	rank := int(math.Ceil(q*float64(len(sorted)) - 1e-9))
	return &sorted[min(max(rank, 1), len(sorted))-1]
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	f := float64(part) / float64(whole)
	return &f
}

// length is the seconds between two times, if both are known and in order.
func length(from, to time.Time) (float64, bool) {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return 0, false
	}
	return to.Sub(from).Seconds(), true
}

func first(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
