package follow

import (
	"context"
	"fmt"
	"iter"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// Logs are the lines of all tasks of a run, as they are written.
func Logs(r backend.Runner, id backend.RunID) func(context.Context) iter.Seq2[backend.Line, error] {
	return func(ctx context.Context) iter.Seq2[backend.Line, error] {
		return r.Logs(ctx, id, backend.LogOptions{Follow: true})
	}
}

const (
	failuresShown = 3
	lastLines     = 12
)

// Failures says on standard error why tasks failed, with the last lines that
// each wrote.
func Failures(ctx context.Context, io *iostreams.Streams, r backend.Runner, run *backend.Run) {
	theme := term.ErrTheme(io)
	shown := 0
	for _, t := range run.Tasks {
		if t.State != backend.Failed {
			continue
		}
		if shown++; shown > failuresShown {
			continue
		}
		task := report.Task{State: string(t.State), Class: t.Class, Message: t.Message}
		_, _ = fmt.Fprintf(io.Err, "\n%s %s %s\n", theme.Error("failed:"), theme.Bold(term.Clean(t.Path)), report.Reason(task))
		for _, line := range tailOf(ctx, r, run.ID, t.Path) {
			_, _ = fmt.Fprintln(io.Err, theme.Dim("  | ")+term.CleanLog(line))
		}
	}
	if shown > failuresShown {
		_, _ = fmt.Fprintf(io.Err, "\nand %d more failed tasks\n", shown-failuresShown)
	}
	if shown > 0 {
		_, _ = fmt.Fprintln(io.Err)
	}
}

// tailOf are the last lines of a task's log, as far as they can be had.
func tailOf(ctx context.Context, r backend.Runner, id backend.RunID, path string) []string {
	var last []string
	for line, err := range r.Logs(ctx, id, backend.LogOptions{Task: path}) {
		if err != nil {
			return append(last, "(no more of the log: "+err.Error()+")")
		}
		if last = append(last, line.Text); len(last) > 2*lastLines {
			last = append(last[:0], last[len(last)-lastLines:]...)
		}
	}
	return last[max(0, len(last)-lastLines):]
}
