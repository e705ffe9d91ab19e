package stats

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// WritePrometheus prints the services in Prometheus' text format, one family of
// gauges after the other. What is not known has no sample.
func WritePrometheus(w io.Writer, services []*Service) error {
	out := bufio.NewWriter(w)
	p := &exposition{out: out}
	for _, f := range families {
		p.name, p.begun, p.help = f.name, false, f.help
		for _, s := range services {
			f.samples(p, s)
		}
	}
	return out.Flush()
}

type family struct {
	name, help string
	samples    func(p *exposition, s *Service)
}

var families = []family{
	{"kfpgo_runs", "Recorded runs by state.", func(p *exposition, s *Service) {
		for _, state := range slices.Sorted(maps.Keys(s.States)) {
			p.sample(float64(s.States[state]), s, "state", state)
		}
	}},
	{"kfpgo_run_success_ratio", "Share of the runs that succeeded among those that succeeded or failed.", func(p *exposition, s *Service) {
		p.maybe(s.Success, s)
	}},
	{"kfpgo_run_duration_seconds", "Exact quantiles of how long successful runs took.", func(p *exposition, s *Service) {
		p.quantiles(s.Duration, s)
	}},
	{"kfpgo_task_pending_seconds", "Exact quantiles of how long attempts of tasks waited before they began.", func(p *exposition, s *Service) {
		p.quantiles(s.Tasks.Pending, s)
	}},
	{"kfpgo_task_attempts", "Attempts of tasks.", func(p *exposition, s *Service) {
		p.sample(float64(s.Tasks.Attempts), s)
	}},
	{"kfpgo_task_retry_ratio", "Share of the tasks that took more than one attempt.", func(p *exposition, s *Service) {
		p.maybe(s.Tasks.Retries, s)
	}},
	{"kfpgo_task_cache_hit_ratio", "Share of the tasks whose result was in the cache among those that were cached or succeeded.", func(p *exposition, s *Service) {
		p.maybe(s.Tasks.CacheHits, s)
	}},
	{"kfpgo_artifact_upload_success_ratio", "Share of the finished tasks with output artifacts that stored them.", func(p *exposition, s *Service) {
		p.maybe(s.Tasks.Uploads.Rate, s)
	}},
	{"kfpgo_cpu_core_hours", "Cores that attempts asked for, times hours.", func(p *exposition, s *Service) {
		p.sample(s.Usage.CPU, s)
	}},
	{"kfpgo_memory_gib_hours", "GiB of memory that attempts asked for, times hours.", func(p *exposition, s *Service) {
		p.sample(s.Usage.Memory, s)
	}},
	{"kfpgo_accelerator_hours", "Accelerators that attempts asked for, times hours.", func(p *exposition, s *Service) {
		for _, a := range s.Usage.Accelerators {
			p.sample(a.Hours, s, "resource", a.Resource, "product", a.Product)
		}
	}},
	{"kfpgo_attempts_unknown", "Attempts whose resources or times are not recorded; hours and cost lack them.", func(p *exposition, s *Service) {
		p.sample(float64(s.Usage.Unknown), s)
	}},
	{"kfpgo_cost", "Cost by the table of prices.", func(p *exposition, s *Service) {
		if c := s.Cost; c != nil {
			p.sample(c.CPU, s, "currency", c.Currency, "part", "cpu")
			p.sample(c.Memory, s, "currency", c.Currency, "part", "memory")
			p.sample(c.Accelerators, s, "currency", c.Currency, "part", "accelerators")
		}
	}},
	{"kfpgo_slo_target", "Promised share of good runs.", func(p *exposition, s *Service) {
		p.objectives(s, func(o *Objective, name string) { p.sample(o.Target, s, "objective", name) })
	}},
	{"kfpgo_slo_attainment", "Share of good runs within the window of the promise.", func(p *exposition, s *Service) {
		p.objectives(s, func(o *Objective, name string) { p.maybe(o.Attainment, s, "objective", name) })
	}},
	{"kfpgo_slo_error_budget_left", "Part of the error budget that is left; below 0: overspent.", func(p *exposition, s *Service) {
		p.objectives(s, func(o *Objective, name string) { p.maybe(o.BudgetLeft, s, "objective", name) })
	}},
	{"kfpgo_slo_burn_rate", "How fast the error budget goes; at 1 it lasts for its window.", func(p *exposition, s *Service) {
		p.objectives(s, func(o *Objective, name string) {
			for _, b := range o.Burn {
				p.maybe(b.Rate, s, "objective", name, "window", b.Window)
			}
		})
	}},
}

// An exposition is text in Prometheus' format being written.
type exposition struct {
	out        *bufio.Writer
	name, help string
	begun      bool
}

func (p *exposition) maybe(v *float64, s *Service, labels ...string) {
	if v != nil {
		p.sample(*v, s, labels...)
	}
}

func (p *exposition) quantiles(d Distribution, s *Service) {
	p.maybe(d.Median, s, "quantile", "0.5")
	p.maybe(d.P95, s, "quantile", "0.95")
}

func (p *exposition) objectives(s *Service, each func(o *Objective, name string)) {
	if s.Levels == nil {
		return
	}
	if s.Levels.Success != nil {
		each(s.Levels.Success, "success")
	}
	if s.Levels.Duration != nil {
		each(s.Levels.Duration, "duration")
	}
}

// sample writes one line; what a bufio.Writer could not write Flush tells.
func (p *exposition) sample(v float64, s *Service, labels ...string) {
	if !p.begun {
		p.begun = true
		_, _ = p.out.WriteString("# HELP " + p.name + " " + p.help + "\n# TYPE " + p.name + " gauge\n")
	}
	_, _ = p.out.WriteString(p.name + `{pipeline="` + labelValue(s.Pipeline) + `"`)
	for i := 0; i < len(labels); i += 2 {
		_, _ = p.out.WriteString("," + labels[i] + `="` + labelValue(labels[i+1]) + `"`)
	}
	_, _ = p.out.WriteString("} " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func labelValue(s string) string { return labelEscapes.Replace(strings.ToValidUTF8(s, "�")) }
