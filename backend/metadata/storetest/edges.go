package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// testEdges: whether a store has an index or not, it gives the edges of the
// runs that Load gives, deleted ones left out.
func testEdges(t *testing.T, open func() metadata.Store) {
	s := open()
	uri := func(i int) string { return fmt.Sprint("s3://b/", i) }
	edge := func(task, name, dir string, i int) metadata.Record {
		return metadata.Record{Artifact: &metadata.ArtifactRecord{ID: metadata.ArtifactID(uri(i)), URI: uri(i), Type: "system.Dataset",
			Digest: metadata.Digest([]byte(uri(i))), Task: task, Name: name, Dir: dir}}
	}
	var all []string
	for i := range 12 {
		c := chain(i)
		all = append(all, c.Run)
		appendAll(t, s, c, run(metadata.RunRecord{Name: fmt.Sprint("run-", i), State: metadata.Running}), edge("read", "in", metadata.In, i))
		appendAll(t, s, c, edge("read", "in", metadata.In, i), edge("write[10]", "out", metadata.Out, i+1), edge("write[2]", "out", metadata.Out, 100+i))
		if i == 5 {
			appendAll(t, s, c, metadata.Record{Deleted: &metadata.DeletedRecord{At: base}})
		}
	}
	loaded := load(t, s, metadata.Query{})
	for _, q := range []metadata.EdgeQuery{
		{},
		{Runs: []string{all[3]}},
		{Runs: []string{all[5], "unknown"}},
		{Runs: []string{all[7], all[0], all[7]}},
		{URIs: []string{uri(4), uri(6), uri(999)}},
		{Runs: []string{all[1]}, URIs: []string{uri(1), uri(2)}},
		{Digest: metadata.ArtifactID(uri(8))},
		{Digest: metadata.Digest([]byte(uri(9)))[:20]},
		{Digest: "sha256:"},
	} {
		var want []metadata.Edge
		for _, r := range loaded.Runs {
			for _, a := range r.Artifacts {
				if e := (metadata.Edge{Run: r.ID, ArtifactRecord: a}); q.Match(e) {
					want = append(want, e)
				}
			}
		}
		got, err := metadata.Edges(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got.Edges); d != "" {
			t.Errorf("%+v (-want +got):\n%s", q, d)
		}
	}
}
