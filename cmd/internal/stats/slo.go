package stats

import (
	"cmp"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Defaults of a service level that does not say.
const (
	defaultQuantile = 0.95
	defaultWindow   = 30 * 24 * time.Hour
)

// burnWindows are those over which burn is told: a fast burn, a slow one, and one
// that eats the budget before its window ends.
var burnWindows = []struct {
	name   string
	length time.Duration
}{{"1h", time.Hour}, {"6h", 6 * time.Hour}, {"3d", 3 * 24 * time.Hour}}

// Levels are how far the promised level of service is kept, over the window that
// ends now, by the runs that ended in it.
type Levels struct {
	Window   float64    `json:"window"`             // seconds
	Success  *Objective `json:"success,omitempty"`  // runs that succeed, of those that succeed or fail
	Duration *Objective `json:"duration,omitempty"` // runs that end in time, of those that succeed
	Limit    float64    `json:"limit,omitempty"`    // seconds: what in time means
}

// An Objective is one promise: that a share of the runs is good.
type Objective struct {
	Target     float64  `json:"target"`
	Good       int      `json:"good"`
	Total      int      `json:"total"`
	Unknown    int      `json:"unknown"` // runs that could not be judged; in neither
	Attainment *float64 `json:"attainment"`
	Met        *bool    `json:"met"`
	// BudgetLeft is the part of the runs that may be bad which were not yet: 1,
	// none was bad; 0, as many as may be; below, more. nil: nothing was judged, or
	// the target is 1 and allows none.
	BudgetLeft *float64 `json:"budgetLeft"`
	Burn       []Burn   `json:"burn"`
}

// A Burn is how fast the budget goes: at 1 it lasts for exactly its window, at 10
// for a tenth of it. Rate is nil as BudgetLeft is.
type Burn struct {
	Window string   `json:"window"`
	Good   int      `json:"good"`
	Total  int      `json:"total"`
	Rate   *float64 `json:"rate"`
}

// judge holds the ends of runs against a level of service, nil where there is
// none.
func judge(slo *metadata.SLO, ends []end, now time.Time) *Levels {
	if slo == nil || slo.Success <= 0 && slo.Duration <= 0 {
		return nil
	}
	window := seconds(slo.Window)
	if window <= 0 {
		window = defaultWindow
	}
	l := &Levels{Window: window.Seconds()}
	if slo.Success > 0 {
		l.Success = objective(slo.Success, ends, now, window, func(e end) (good, counts, unknown bool) { return e.ok, true, false })
	}
	if slo.Duration > 0 {
		l.Limit = slo.Duration
		l.Duration = objective(cmp.Or(slo.Quantile, defaultQuantile), ends, now, window, func(e end) (good, counts, unknown bool) {
			return e.duration <= slo.Duration, e.ok && e.duration >= 0, e.ok && e.duration < 0
		})
	}
	return l
}

func objective(target float64, ends []end, now time.Time, window time.Duration, look func(end) (good, counts, unknown bool)) *Objective {
	o := &Objective{Target: target, Burn: make([]Burn, len(burnWindows))}
	for i, b := range burnWindows {
		o.Burn[i].Window = b.name
	}
	for _, e := range ends {
		age := now.Sub(e.at)
		if age < 0 {
			age = 0 // another clock is ahead
		}
		good, counts, unknown := look(e)
		if unknown && age <= window {
			o.Unknown++
		}
		if !counts {
			continue
		}
		if age <= window {
			o.Total++
			o.Good += one(good)
		}
		for i, b := range burnWindows {
			if age <= b.length {
				o.Burn[i].Total++
				o.Burn[i].Good += one(good)
			}
		}
	}
	o.Attainment = share(o.Good, o.Total)
	if o.Attainment != nil {
		met := float64(o.Good) >= target*float64(o.Total)-1e-9
		o.Met = &met
	}
	if spent := burn(o.Good, o.Total, target); spent != nil {
		left := 1 - *spent
		o.BudgetLeft = &left
	}
	for i := range o.Burn {
		o.Burn[i].Rate = burn(o.Burn[i].Good, o.Burn[i].Total, target)
	}
	return o
}

// burn is the share of bad runs, in parts of the share that may be bad.
func burn(good, total int, target float64) *float64 {
	if total == 0 || target >= 1 {
		return nil
	}
	f := float64(total-good) / float64(total) / (1 - target)
	return &f
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
