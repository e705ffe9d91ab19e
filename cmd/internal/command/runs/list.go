package runs

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/compiler/diag"
)

// ListOptions of runs list.
type ListOptions struct {
	App     *app.App
	Config  *config.Config
	Filter  Filter
	Limit   int
	limited bool // the user has said so
	Sort    string
	Reverse bool
	Columns []string
	Form    string
}

// newestFirst is the order of lists, and that of stores.
const newestFirst = "-created"

func newList(a *app.App) *cobra.Command {
	opt := &ListOptions{App: a}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, the newest first",
		Long: `List recorded runs, the newest first, as a table, as JSON (docs/json.md) or as
CSV.

--sort takes created, started, finished, duration, name, pipeline, state or any
other column; a dash before it reverses the order. Runs that have no such value
come last. --limit counts after sorting.

--columns takes a comma-separated list of ` + wrapped(report.ColumnNames()) + `.`,
		Example: `  kfp-go runs list --state failed --since 7d
  kfp-go runs list --pipeline iris --sort=-output.accuracy --columns name,param.rate,output.accuracy
  kfp-go runs list -l team=vision -o csv > runs.csv`,
		Args: app.Args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opt.Config, err = a.Config(cmd, "."); err != nil {
				return err
			}
			if opt.Form, err = app.Form(cmd, opt.Config); err != nil {
				return err
			}
			opt.limited = cmd.Flags().Changed("limit")
			return list(cmd.Context(), opt)
		},
	}
	f := cmd.Flags()
	opt.Filter.AddTo(a, cmd)
	f.IntVarP(&opt.Limit, "limit", "n", 50, "show at most so many, 0: all")
	f.StringVar(&opt.Sort, "sort", newestFirst, "`COLUMN` to sort by, -COLUMN: the greatest first")
	f.BoolVar(&opt.Reverse, "reverse", false, "the other way round")
	f.StringSliceVar(&opt.Columns, "columns", nil, "`NAMES` of the columns to show, for tables and CSV")
	app.Forms(cmd, "table", "json", "csv")
	_ = cmd.RegisterFlagCompletionFunc("columns", completeColumns)
	_ = cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(report.SortKeys(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// completeColumns offers the columns that may follow those given.
func completeColumns(_ *cobra.Command, _ []string, to string) ([]cobra.Completion, cobra.ShellCompDirective) {
	given := to[:strings.LastIndex(to, ",")+1]
	var out []cobra.Completion
	for _, name := range report.ColumnNames() {
		if name = strings.TrimSuffix(name, "NAME"); !strings.Contains(","+given, ","+name+",") {
			out = append(out, given+name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// wrapped is a list of words in lines for help.
func wrapped(words []string) string {
	var b strings.Builder
	width := len("--columns takes a comma-separated list of ")
	for i, w := range words {
		sep := ", "
		switch {
		case i == 0:
			sep = ""
		case i == len(words)-1:
			sep = " and "
		}
		if width+len(sep)+len(w) > 78 {
			sep = strings.TrimRight(sep, " ") + "\n"
			width = 0
		}
		b.WriteString(sep + w)
		width += len(sep) + len(w)
	}
	return b.String()
}

func list(ctx context.Context, opt *ListOptions) error {
	a := opt.App
	now := a.Now()
	if opt.Limit < 0 {
		return app.Usagef("--limit %d is negative", opt.Limit)
	}
	q, err := opt.Filter.Query(now)
	if err != nil {
		return err
	}
	columns, err := opt.columns()
	if err != nil {
		return err
	}
	by, descending, err := opt.order()
	if err != nil {
		return err
	}
	q.Summary = true
	out := opt.list(columns, now)
	natural := by.Name == "created" && descending
	if !natural {
		out.Sort(by, descending, opt.Limit)
	} else if opt.Limit > 0 {
		q.Limit = opt.Limit + 1 // one more tells whether there are more
	}
	n := 0
	err = Each(ctx, a, opt.Config, q, func(r *metadata.Run) error {
		if n++; natural && opt.Limit > 0 && n > opt.Limit {
			return nil
		}
		doc := report.FromMetadata(r)
		return out.Add(&doc)
	})
	if err != nil {
		return err
	}
	if opt.Limit > 0 && n > opt.Limit && !opt.limited {
		defer a.Notef("these are the first %d; --limit 0 shows all", opt.Limit)
	}
	if n == 0 && opt.Form == "table" {
		if opt.Filter.Empty() {
			a.Notef("no runs in %s", app.Where(opt.Config))
		} else {
			a.Notef("no such runs in %s", app.Where(opt.Config))
		}
		return nil
	}
	return out.End()
}

func (opt *ListOptions) list(columns []report.Column, now time.Time) *report.List {
	out := opt.App.IO.Out
	switch opt.Form {
	case "json":
		return report.NewJSON(out, now)
	case "csv":
		return report.NewCSV(out, columns, now)
	}
	return report.NewTable(out, columns, report.LookOf(opt.App.IO, now))
}

func documents(runs []*metadata.Run) []report.Run {
	out := make([]report.Run, len(runs))
	for i, r := range runs {
		out[i] = report.FromMetadata(r)
	}
	return out
}

func (opt *ListOptions) columns() ([]report.Column, error) {
	names := opt.Columns
	switch {
	case len(names) > 0:
	case opt.Form == "csv":
		names = report.CSVColumns()
	default:
		names = report.TableColumns()
	}
	out := make([]report.Column, len(names))
	for i, name := range names {
		c, ok := report.ColumnOf(strings.TrimSpace(name))
		if !ok {
			return nil, noColumn("--columns", name)
		}
		out[i] = c
	}
	return out, nil
}

func noColumn(flag, name string) error {
	hint := diag.Hint(name, report.ColumnNames())
	if hint == "" {
		hint = "the columns are " + strings.Join(report.ColumnNames(), ", ")
	}
	return app.WithHint(app.Usagef("%s: unknown column %q", flag, name), hint)
}

func (opt *ListOptions) order() (by report.Column, descending bool, err error) {
	name, descending := strings.CutPrefix(opt.Sort, "-")
	by, ok := report.ColumnOf(name)
	if !ok {
		return by, false, noColumn("--sort", name)
	}
	return by, descending != opt.Reverse, nil
}
