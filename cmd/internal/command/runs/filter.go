package runs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// A Filter chooses runs by what the command line says of them.
type Filter struct {
	Pipeline, Engine string
	States           []string
	Labels, Params   []string // KEY=VALUE
	Since, Until     string
}

// AddTo adds the filter's flags to a command.
func (f *Filter) AddTo(a *app.App, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Pipeline, "pipeline", "", "only runs of this pipeline")
	flags.StringSliceVar(&f.States, "state", nil, "only runs in these states: "+strings.Join(states(), ", "))
	flags.StringVar(&f.Engine, "engine", "", "only runs of this engine: "+strings.Join(engines(), ", "))
	flags.StringArrayVarP(&f.Labels, "label", "l", nil, "only runs with this label, `KEY=VALUE`; given several times: with all of them")
	flags.StringArrayVarP(&f.Params, "param", "p", nil, "only runs with this parameter, `NAME=VALUE`, the value as it is shown; likewise")
	flags.StringVar(&f.Since, "since", "", "only runs created since then: a `TIME` (2026-11-23, 2026-11-23T09:00:00Z) or so long ago (90m, 24h, 7d)")
	flags.StringVar(&f.Until, "until", "", "only runs created before then, a `TIME` likewise")
	fixed := func(values []string) cobra.CompletionFunc {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	_ = cmd.RegisterFlagCompletionFunc("state", fixed(states()))
	_ = cmd.RegisterFlagCompletionFunc("engine", fixed(engines()))
	_ = cmd.RegisterFlagCompletionFunc("pipeline", func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return pipelines(cmd, a), cobra.ShellCompDirectiveNoFileComp
	})
	for _, name := range []string{"label", "param", "since", "until"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

func states() []string {
	return []string{"planned", "submitted", "running", "succeeded", "failed", "stopped", "lost"}
}

func engines() []string { return []string{record.Local, record.Argo} }

// Empty reports whether the filter lets every run pass.
func (f *Filter) Empty() bool {
	return f.Pipeline == "" && f.Engine == "" && len(f.States)+len(f.Labels)+len(f.Params) == 0 && f.Since == "" && f.Until == ""
}

// Query is the filter as the store takes it.
func (f *Filter) Query(now time.Time) (metadata.Query, error) {
	q := metadata.Query{Pipeline: f.Pipeline, Engine: f.Engine}
	if f.Engine != "" && !slices.Contains(engines(), f.Engine) {
		return q, app.WithHint(app.Usagef("--engine: unknown engine %q", f.Engine), diag.Hint(f.Engine, engines()))
	}
	for _, s := range f.States {
		if !slices.Contains(states(), s) {
			return q, app.WithHint(app.Usagef("--state: unknown state %q", s), diag.Hint(s, states()))
		}
		q.States = append(q.States, metadata.State(s))
	}
	var err error
	if q.Labels, err = pairs("label", f.Labels); err != nil {
		return q, err
	}
	if q.Parameters, err = pairs("param", f.Params); err != nil {
		return q, err
	}
	if q.Since, err = moment("since", f.Since, now); err != nil {
		return q, err
	}
	if q.Until, err = moment("until", f.Until, now); err != nil {
		return q, err
	}
	if f.Since != "" && f.Until != "" && !q.Since.Before(q.Until) {
		return q, app.Usagef("--since %s is not before --until %s", f.Since, f.Until)
	}
	return q, nil
}

func pairs(flag string, given []string) (map[string]string, error) {
	if len(given) == 0 {
		return nil, nil
	}
	out := map[string]string{}
	for _, g := range given {
		key, value, ok := strings.Cut(g, "=")
		if !ok || key == "" {
			return nil, app.Usagef("--%s %q is not %s=VALUE", flag, g, map[string]string{"label": "KEY", "param": "NAME"}[flag])
		}
		if old, twice := out[key]; twice && old != value {
			return nil, app.Usagef("--%s: no run has both %s=%s and %s", flag, key, old, g)
		}
		out[key] = value
	}
	return out, nil
}

// moment is a point in time, or one so long before now.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := Span(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, app.WithHint(app.Usagef("--%s %q is neither a time nor a length of time", flag, text), "write 2026-11-23, 2026-11-23T09:00:00Z, 90m, 24h or 7d")
}

// Span is a length of time; besides Go's units it knows days and weeks. An
// empty text is an error.
func Span(text string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		digits, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if most := uint64(math.MaxInt64 / length); err == nil && n > most {
			n = most // as far back as anything is
		}
		return time.Duration(n) * length, err
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = fmt.Errorf("%s is negative", text)
	}
	return d, err
}
