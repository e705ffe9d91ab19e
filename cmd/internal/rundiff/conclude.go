package rundiff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// maxTold is how many differences the conclusion tells.
const maxTold = 2

// conclude says in one sentence what is the same and what is not.
func conclude(d *Document) string {
	var same []string
	for _, aspect := range []string{Code, Images, Parameters, Inputs} {
		if slices.Contains(d.Equal, aspect) {
			same = append(same, aspect)
		}
	}
	lead := ""
	if d.A.Pipeline != d.B.Pipeline && d.A.Pipeline != "" && d.B.Pipeline != "" {
		return fmt.Sprintf("these are runs of different pipelines, %s and %s", term.Clean(d.A.Pipeline), term.Clean(d.B.Pipeline))
	}
	if d.A.ID == d.B.ID {
		return "this is one run, compared with itself"
	}
	if len(same) > 0 {
		lead = "the same " + join(same) + "; "
	}
	switch {
	case len(d.Causes) > 0:
		return lead + tell(d.Causes)
	case d.Same():
		if len(d.Unknown) > 0 {
			return lead + "nothing that is recorded differs"
		}
		return "the runs are equal in all that is recorded"
	case d.PartsAt != "":
		return lead + fmt.Sprintf("task %s made something else of the same inputs", term.Clean(d.PartsAt))
	}
	return lead + tell(d.Results) + ", and no cause of it is recorded"
}

func join(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func tell(ds []Difference) string {
	var parts []string
	for _, d := range ds[:min(len(ds), maxTold)] {
		parts = append(parts, sentence(d))
	}
	text := strings.Join(parts, ", ")
	if n := len(ds) - maxTold; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

func sentence(d Difference) string {
	what := map[string]string{Parameters: "parameter", Code: "code", Images: "image", Inputs: "input", Labels: "label", States: "state", Outputs: "output",
		Durations: "duration", Revision: "git", Version: "kfp-go"}[d.Aspect]
	if what == "" {
		what = d.Aspect
	}
	if d.Task != "" {
		what += " of task " + term.Clean(d.Task)
	}
	if d.Name != "" && d.Name != d.Aspect {
		what += " " + term.Clean(d.Name)
	}
	switch d.A.(type) {
	case report.Redacted:
		return what + " differs"
	}
	if d.Aspect == Code && d.Name == "pipeline file" || d.Aspect == Manifest {
		return what + " differs"
	}
	return fmt.Sprintf("%s differs: %s → %s", what, Short(d.A, 30), Short(d.B, 30))
}

// Short is a value on one line, in so many cells.
func Short(v any, cells int) string {
	switch v := v.(type) {
	case Seconds:
		return durationText(v)
	case report.Artifact:
		if v.Digest != "" {
			return term.Truncate(term.Clean(v.Digest), min(cells, 20))
		}
	case string:
		if v == "" {
			return `""`
		}
	}
	return term.Truncate(report.Value(v), cells)
}
