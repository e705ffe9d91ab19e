package stats

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/stats"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

func pipelineName(s *stats.Service) string { return cmp.Or(term.Clean(s.Pipeline), "(no name)") }

// writeText prints a block of lines for each pipeline; a line that has nothing
// to say is left out.
func writeText(w io.Writer, services []*stats.Service, theme *term.Theme) error {
	out := bufio.NewWriter(w)
	for i, s := range services {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, theme.Bold(pipelineName(s)))
		for _, l := range lines(s, theme) {
			if l[1] != "" {
				fmt.Fprintf(out, "  %s%s\n", theme.Dim(term.Pad(l[0], 14)), l[1])
			}
		}
	}
	return out.Flush()
}

func lines(s *stats.Service, theme *term.Theme) [][2]string {
	out := [][2]string{
		{"runs", fmt.Sprintf("%d: %s", s.Runs, states(s, theme))},
		{"success", percent(s.Success)},
		{"duration", distribution(s.Duration)},
		{"pending", distribution(s.Tasks.Pending)},
		{"retried", of(s.Tasks.Retries, s.Tasks.Retried, s.Tasks.Ran)},
		{"cache hits", of(s.Tasks.CacheHits, s.Tasks.Cached, 0)},
		{"uploads", of(s.Tasks.Uploads.Rate, s.Tasks.Uploads.Stored, s.Tasks.Uploads.Tasks)},
		{"used", used(s)},
		{"cost", cost(s.Cost)},
	}
	if s.Levels != nil {
		window := term.Duration(time.Duration(s.Levels.Window * float64(time.Second)))
		out = append(out, objective("slo success", s.Levels.Success, "of the runs succeed", window, theme)...)
		limit := term.Duration(time.Duration(s.Levels.Limit * float64(time.Second)))
		out = append(out, objective("slo duration", s.Levels.Duration, "of those within "+limit, window, theme)...)
	}
	return out
}

func states(s *stats.Service, theme *term.Theme) string {
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(s.States)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.States[state], theme.State(state, term.Clean(state))))
	}
	return strings.Join(parts, ", ")
}

func percent(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f*100, 'f', 1, 64) + " %"
}

func distribution(d stats.Distribution) string {
	if d.Median == nil {
		return ""
	}
	long := func(s *float64) string { return term.Duration(time.Duration(*s * float64(time.Second))) }
	return "median " + long(d.Median) + ", p95 " + long(d.P95)
}

// of is a share of tasks; a whole of 0 is not named.
func of(rate *float64, part, whole int) string {
	switch {
	case rate == nil:
		return ""
	case whole == 0:
		return fmt.Sprintf("%s: %s", percent(rate), output.Count(part, "task", "tasks"))
	}
	return fmt.Sprintf("%s: %d of %s", percent(rate), part, output.Count(whole, "task", "tasks"))
}

func amount(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

func used(s *stats.Service) string {
	u := s.Usage
	if u.Attempts == 0 {
		return ""
	}
	parts := []string{amount(u.CPU) + " core hours", amount(u.Memory) + " GiB hours"}
	for _, a := range u.Accelerators {
		parts = append(parts, amount(a.Hours)+" hours of "+term.Clean(cmp.Or(a.Product, a.Resource)))
	}
	return strings.Join(parts, ", ")
}

func cost(c *stats.Cost) string {
	if c == nil {
		return ""
	}
	money := func(f float64) string { return strings.TrimSpace(amount(f) + " " + term.Clean(c.Currency)) }
	return fmt.Sprintf("%s: cpu %s, memory %s, accelerators %s", money(c.Total), money(c.CPU), money(c.Memory), money(c.Accelerators))
}

func objective(name string, o *stats.Objective, what, window string, theme *term.Theme) [][2]string {
	if o == nil {
		return nil
	}
	promise := fmt.Sprintf("%s %s, over %s", percent(&o.Target), what, window)
	if o.Attainment == nil {
		return [][2]string{{name, promise + ": no run to judge"}}
	}
	verdict := theme.State("succeeded", "kept")
	if !*o.Met {
		verdict = theme.State("failed", "broken")
	}
	out := [][2]string{{name, fmt.Sprintf("%s: %s, %s (%d of %d)", promise, verdict, percent(o.Attainment), o.Good, o.Total)}}
	if o.BudgetLeft == nil {
		return out
	}
	text := percent(o.BudgetLeft) + " left"
	var burns []string
	for _, b := range o.Burn {
		if b.Rate != nil {
			burns = append(burns, fmt.Sprintf("%s in %s", strconv.FormatFloat(*b.Rate, 'f', 1, 64), b.Window))
		}
	}
	if len(burns) > 0 {
		text += ", burn rate " + strings.Join(burns, ", ")
	}
	return append(out, [2]string{"  budget", text})
}
