package metadata

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// history is a snapshot in which run 1 makes a data set and a model from it,
// and run 2 reads the model twice and makes a report.
func history(t testing.TB) *Snapshot {
	t.Helper()
	edge := func(task, name, dir, uri string) Record {
		return Record{Artifact: &ArtifactRecord{ID: ArtifactID(uri), URI: uri, Type: "system.Artifact", Task: task, Name: name, Dir: dir, Digest: Digest([]byte(uri + "!"))}}
	}
	task := func(path string) Record { return Record{Task: &TaskRecord{Path: path, State: Succeeded}} }
	records := [][]Record{
		{task("prepare"), task("train"), task("lonely"),
			edge("prepare", "data", Out, "s3://b/data"), edge("train", "data", In, "s3://b/data"), edge("train", "model", Out, "s3://b/model")},
		{task("evaluate"), task("compare"), task("report"),
			edge("evaluate", "model", In, "s3://b/model"), edge("compare", "model", In, "s3://b/model"),
			edge("evaluate", "score", Out, "s3://b/score"), edge("report", "score", In, "s3://b/score")},
	}
	var events []*Event
	for i, rs := range records {
		at := start.Add(time.Duration(i) * time.Hour)
		c := Chain{Run: NewID(at), Now: func() time.Time { return at }}
		es, err := c.Events(append(rs, Record{Run: &RunRecord{Name: fmt.Sprint("run", i+1), State: Succeeded}}))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, es...)
	}
	return Select(events, nil, Query{})
}

// draw writes a tree in one line.
func draw(n *Node) string {
	var b strings.Builder
	switch n.Kind {
	case RunNode:
		b.WriteString(n.Run.Name)
	case TaskNode:
		b.WriteString(n.Path)
	case ArtifactNode:
		b.WriteString(strings.TrimPrefix(n.URI, "s3://b/"))
	}
	if n.Seen {
		b.WriteString("^")
	}
	if n.Cut {
		b.WriteString("…")
	}
	if len(n.Children) > 0 {
		b.WriteString("(")
		for i, c := range n.Children {
			if i > 0 {
				b.WriteString(" ")
			}
			b.WriteString(draw(c))
		}
		b.WriteString(")")
	}
	return b.String()
}

func TestLineage(t *testing.T) {
	s := history(t)
	g := s.Lineage()
	newest, oldest := s.Runs[0], s.Runs[1]
	artifact := func(uri string, d Direction, depth int) func() (*Node, error) {
		return func() (*Node, error) { return g.FromArtifact("s3://b/"+uri, d, depth) }
	}
	task := func(r *Run, path string, d Direction) func() (*Node, error) {
		return func() (*Node, error) { return g.FromTask(r, path, d, 0) }
	}
	run := func(r *Run, d Direction) func() (*Node, error) {
		return func() (*Node, error) { return g.FromRun(r, d, 0), nil }
	}
	for _, c := range []struct {
		name string
		node func() (*Node, error)
		want string
	}{
		{"model up", artifact("model", Up, 0), "model(train(data(prepare)))"},
		{"data down", artifact("data", Down, 0), "data(train(model(compare evaluate(score(report)))))"},
		{"data down, two steps", artifact("data", Down, 2), "data(train(model…))"},
		{"score up, over runs", artifact("score", Up, 0), "score(evaluate(model(train(data(prepare)))))"},
		{"task up", task(newest, "report", Up), "report(score(evaluate(model(train(data(prepare))))))"},
		{"task down", task(oldest, "prepare", Down), "prepare(data(train(model(compare evaluate(score(report))))))"},
		{"run up", run(newest, Up), "run2(compare(model(train(data(prepare)))) report(score(evaluate(model^))))"},
		{"run down", run(oldest, Down), "run1(lonely prepare(data(train(model(compare evaluate(score(report)))))))"},
	} {
		n, err := c.node()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := draw(n); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	if _, err := g.FromArtifact("s3://b/none", Up, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown artifact: %v", err)
	}
	if _, err := g.FromTask(newest, "train", Up, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("a task of another run: %v", err)
	}
	for _, text := range []string{"s3://b/model", ArtifactID("s3://b/model"), Digest([]byte("s3://b/model!")), Digest([]byte("s3://b/model!"))[7:20]} {
		if got := g.Artifacts(text); !slices.Equal(got, []string{"s3://b/model"}) {
			t.Errorf("Artifacts(%q) = %q", text, got)
		}
	}
	for _, text := range []string{"", "sha256:", "s3://b/", "nothing"} {
		if got := g.Artifacts(text); len(got) > 0 {
			t.Errorf("Artifacts(%q) = %q", text, got)
		}
	}
}

// TestLineageEnds: whatever a store holds, cycles too, trees are finite, and no
// larger than the graph.
func TestLineageEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		var records []Record
		for range rapid.IntRange(0, 20).Draw(t, "edges") {
			records = append(records, Record{Artifact: &ArtifactRecord{URI: name.Draw(t, "uri"), Task: name.Draw(t, "task"), Name: name.Draw(t, "port"),
				Dir: rapid.SampledFrom([]string{In, Out}).Draw(t, "dir")}})
		}
		e := &Event{ID: NewID(start), Run: NewID(start), At: start, Records: records}
		s := Select([]*Event{e}, nil, Query{})
		g := s.Lineage()
		for _, d := range []Direction{Up, Down} {
			n := g.FromRun(s.Runs[0], d, 0)
			if size := count(n); size > 1+4+2*len(records)+4 {
				t.Fatalf("%d nodes from %d edges", size, len(records))
			}
			seen := map[string]bool{}
			tasks(n, seen)
			if len(seen) != len(g.taskOfRun[s.Runs[0].ID]) {
				t.Fatalf("the tree of the run shows %d of its %d tasks", len(seen), len(g.taskOfRun[s.Runs[0].ID]))
			}
		}
	})
}

func count(n *Node) int {
	total := 1
	for _, c := range n.Children {
		total += count(c)
	}
	return total
}

func tasks(n *Node, seen map[string]bool) {
	if n.Kind == TaskNode {
		seen[n.Path] = true
	}
	for _, c := range n.Children {
		tasks(c, seen)
	}
}
