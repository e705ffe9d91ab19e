// Package stats is the command that says how well pipelines serve.
package stats

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/stats"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// Options of the command.
type Options struct {
	App    *app.App
	Config *config.Config
	Filter runs.Filter
	SLO    string
	Form   string
}

// Document is the JSON answer.
type Document struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"` // Stats
	At         time.Time        `json:"at"`   // ends the windows of service levels
	Pipelines  []*stats.Service `json:"pipelines"`
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "stats [PIPELINE]",
		Short: "Say how well pipelines serve: success, durations, use, cost, service levels",
		Long: `Say how well pipelines serve, from their recorded runs: how many succeed and how
long they take, how long tasks wait and how often they are retried, what they use
and, with a table of prices, cost; and how far the pipeline's slo: is kept, what
is left of its error budget and how fast that goes. docs/stats.md defines each
figure. What is not recorded is counted as unknown, not as nothing.

--slo judges by other promises than the newest run's pipeline makes.`,
		Example: `  kfp-go stats
  kfp-go stats iris --since 30d --prices prices.yaml
  kfp-go stats iris --slo success=0.99,duration=2h,window=7d
  kfp-go stats -o prometheus > /var/lib/node_exporter/kfp-go.prom`,
		Args:              app.Args(0, 1, "one pipeline"),
		ValidArgsFunction: runs.CompletePipeline(a),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			if opt.Form, err = app.Form(cmd, opt.Config); err != nil {
				return err
			}
			if len(args) > 0 {
				if opt.Filter.Pipeline != "" && opt.Filter.Pipeline != args[0] {
					return app.Usagef("no run is of pipeline %q and of %q", args[0], opt.Filter.Pipeline)
				}
				opt.Filter.Pipeline = args[0]
			}
			return run(cmd.Context(), opt)
		},
	}
	opt.Filter.AddTo(a, cmd)
	cmd.Flags().StringVar(&opt.SLO, "slo", "", "judge by this level of service: `KEY=VALUE,…` with the keys success, duration, quantile and window")
	app.Setting(cmd.Flags(), "", "prices")
	app.Forms(cmd, "table", "json", "prometheus")
	return cmd
}

func run(ctx context.Context, opt *Options) error {
	a := opt.App
	now := a.Now().UTC()
	q, err := opt.Filter.Query(now)
	if err != nil {
		return err
	}
	how := stats.Options{Now: now}
	if !q.Until.IsZero() && q.Until.Before(now) {
		how.Now = q.Until.UTC()
	}
	if how.SLO, err = parseSLO(opt.SLO); err != nil {
		return err
	}
	if how.Prices, err = prices(opt.Config.Prices); err != nil {
		return err
	}
	collector := stats.NewCollector(how)
	err = runs.Each(ctx, a, opt.Config, q, func(r *metadata.Run) error {
		collector.Add(r)
		return nil
	})
	if err != nil {
		return err
	}
	services := collector.Services()
	switch opt.Form {
	case "json":
		return output.JSON(a.IO.Out, Document{APIVersion: report.APIVersion, Kind: "Stats", At: how.Now, Pipelines: services})
	case "prometheus":
		return stats.WritePrometheus(a.IO.Out, services)
	}
	if len(services) == 0 {
		a.Notef("no runs in %s", app.Where(opt.Config))
		return nil
	}
	for _, s := range services {
		notes(a, s)
	}
	return writeText(a.IO.Out, services, term.OutTheme(a.IO))
}

// notes says what the figures lack.
func notes(a *app.App, s *stats.Service) {
	name := pipelineName(s)
	if n := s.Usage.Unknown; n > 0 {
		a.Notef("%s: of %d of %d attempts the resources or times are not recorded; hours and cost lack them", name, n, n+s.Usage.Attempts)
	}
	if n := s.Tasks.Pending.Unknown; n > 0 {
		a.Notef("%s: of %d of %d attempts it is not recorded how long they waited", name, n, n+s.Tasks.Pending.Known)
	}
	if n := s.Duration.Unknown; n > 0 {
		a.Notef("%s: of %d of %d successful runs the duration is not recorded", name, n, n+s.Duration.Known)
	}
	if s.Cost != nil {
		for _, d := range s.Cost.Unpriced {
			a.Notef("%s: the table of prices has none for %q; the cost lacks it", name, d)
		}
	}
}

// maxPrices bounds a table of prices, in bytes.
const maxPrices = 1 << 20

func prices(name string) (*stats.Prices, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, &app.ExitError{Code: app.ExitUsage, Err: err}
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxPrices+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxPrices {
		return nil, app.Usagef("%s: a table of prices has at most %d bytes", name, maxPrices)
	}
	p, err := stats.ReadPrices(name, data)
	if err != nil {
		return nil, &app.ExitError{Code: app.ExitFindings, Err: err}
	}
	return p, nil
}
