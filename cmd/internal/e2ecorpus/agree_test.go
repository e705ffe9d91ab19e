//go:build e2e

package e2ecorpus

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// agree holds the runs of the two places against each other.
func agree(t *testing.T, c *pipeline, local, cluster run, read reader) {
	t.Helper()
	if c.random {
		return
	}
	a, b := picture(t, c, local, readHere), picture(t, c, cluster, read)
	if slices.Equal(a, b) {
		return
	}
	t.Errorf("here and there differ:\n%s", strings.Join(differences(a, b), "\n"))
}

// picture is a run as lines: states, attempts and outputs of the run and its
// tasks.
func picture(t *testing.T, c *pipeline, r run, read reader) []string {
	t.Helper()
	line := func(name, state string, attempt int, outputs map[string]any) string {
		values := map[string]any{}
		for k, v := range outputs {
			values[k] = plain(t, v, read)
			if slices.ContainsFunc(secrets, func(s secret) bool { return s.value == values[k] }) {
				values[k] = map[string]any{"redacted": true} // as a run here says it
			}
			if slices.Contains(c.differ, name+"."+k) {
				values[k] = "…"
			}
		}
		b, _ := json.Marshal(values) // came from JSON; keys sorted
		return fmt.Sprintf("%s %s %d %s", name, state, attempt, b)
	}
	out := []string{line("run", r.State, 0, r.Outputs)}
	for _, x := range r.Tasks {
		if x.State == "skipped" {
			continue // a group that did not run has tasks in one place only
		}
		out = append(out, line(x.Path, x.State, max(1, x.Attempt), x.Outputs))
	}
	slices.Sort(out)
	return out
}

func differences(a, b []string) []string {
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "here  "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "there "+l)
		}
	}
	return out
}
