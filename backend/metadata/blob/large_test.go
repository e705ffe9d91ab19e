package blob

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/segment"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// The large store: as many runs as a busy team has in a year.
const (
	largeRuns   = 100_000
	largeEvents = 4 // of each run
	largeMonths = 12
)

// largeRun is run i of the large store, the same for everybody: a training that
// reads what the one before it wrote.
func largeRun(i int) (id string, at time.Time) {
	at = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * (largeMonths * 730 * time.Hour / largeRuns))
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", ms>>16, ms&0xffff, i&0xfff, i), at
}

func largeEventsOf(i int) ([]*metadata.Event, error) {
	run, at := largeRun(i)
	started := at.Add(time.Second)
	state := metadata.Succeeded
	if i%10 == 0 {
		state = metadata.Failed
	}
	name := fmt.Sprintf("train-%d", i)
	digest := metadata.Digest([]byte(name))
	edge := func(task, port, dir, key string, n int) metadata.Record {
		uri := fmt.Sprintf("s3://artifacts/runs/train-%d/%s/%s", n, task, key)
		return metadata.Record{Artifact: &metadata.ArtifactRecord{ID: metadata.ArtifactID(uri), URI: uri, Type: "system.Model", Digest: digest, Bytes: int64(1000 + i), Task: task, Name: port, Dir: dir}}
	}
	task := func(path string, s metadata.State) metadata.Record {
		return metadata.Record{Task: &metadata.TaskRecord{Path: path, Attempt: 1, State: s, Image: "registry/train:1.4", ImageDigest: digest, Pod: name + "-" + path, Started: started, Finished: started.Add(time.Minute)}}
	}
	batches := [largeEvents][]metadata.Record{
		{{Run: &metadata.RunRecord{State: metadata.Planned, Name: name, Pipeline: fmt.Sprint("pipeline-", i%50), Engine: "argo", Cluster: "prod", Namespace: "ml",
			Source: "pipelines/train/pipeline.yaml", Code: &metadata.Code{Repository: "https://git/ml", Revision: digest[7:47], Branch: "main"}, Created: at,
			Labels:     map[string]string{"team": fmt.Sprint("team-", i%7), "trigger": "schedule"},
			Parameters: map[string]metadata.Value{"rate": {Value: []byte(fmt.Sprintf("0.%d", 1+i%9))}, "rows": {Value: []byte(fmt.Sprint(i))}}}}},
		{{Run: &metadata.RunRecord{State: metadata.Submitted, Workflow: name, UID: run}}},
		{{Run: &metadata.RunRecord{State: metadata.Running, Started: started}}, task("prepare", metadata.Succeeded), edge("prepare", "model", metadata.In, "model", i-1), edge("prepare", "data", metadata.Out, "data", i)},
		{{Run: &metadata.RunRecord{State: state, Seen: metadata.SeenCluster, Finished: started.Add(time.Minute)}}, task("train", state),
			{Artifact: &metadata.ArtifactRecord{ID: metadata.ArtifactID(uriOf(i)), URI: uriOf(i), Type: "system.Model", Digest: digest, Task: "train", Name: "model", Dir: metadata.Out}},
			edge("train", "data", metadata.In, "data", i)},
	}
	// What prepare reads is what the run before trained.
	batches[2][2].Artifact.URI, batches[2][2].Artifact.ID = uriOf(i-1), metadata.ArtifactID(uriOf(i-1))
	batches[2][3].Artifact.Task = "prepare"
	batches[3][3].Artifact.URI, batches[3][3].Artifact.ID = batches[2][3].Artifact.URI, batches[2][3].Artifact.ID
	var out []*metadata.Event
	prev := ""
	for n, records := range batches {
		e := &metadata.Event{ID: fmt.Sprintf("%s-%s", run[:23], fmt.Sprintf("%010x%02x", i, n)), Run: run, Prev: prev, At: at.Add(time.Duration(n) * time.Second),
			By: metadata.Writer{Host: "ci", User: "ci", Version: "1.0.0"}, Records: records}
		data, err := e.Encode()
		if err != nil {
			return nil, err
		}
		prev = metadata.Digest(data)
		again, err := metadata.ParseEvent(data)
		if err != nil {
			return nil, err
		}
		out = append(out, again)
	}
	return out, nil
}

// uriOf is the model that run i trains.
func uriOf(i int) string { return fmt.Sprintf("s3://artifacts/runs/train-%d/train/model", i) }

// makeLarge writes the large store, folded as a year of compaction leaves it: one
// segment or more for each month.
func makeLarge(b testing.TB, s *Store, runs int) {
	b.Helper()
	ctx := context.Background()
	if err := s.writable(ctx); err != nil {
		b.Fatal(err)
	}
	if err := s.require(ctx, featureSegments); err != nil {
		b.Fatal(err)
	}
	sb := &segment.Builder{Level: segment.Month}
	flush := func() {
		if sb.Runs() == 0 {
			return
		}
		f, err := sb.Finish(nil, nil)
		if err == nil {
			err = s.putSame(ctx, f.Segment.Key, f.Segment.Data)
		}
		if err == nil {
			err = s.describe(ctx, f)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	last := ""
	for i := range runs {
		events, err := largeEventsOf(i)
		if err != nil {
			b.Fatal(err)
		}
		if m := month(events[0].Run); m != last || sb.Full() {
			flush()
			last = m
		}
		if err := sb.Add(events, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
	flush()
}

// largeDir is a folder with the large store; KFPGO_BENCH_STORE keeps it between
// runs, for measuring the whole program on it.
func largeDir(b testing.TB) string {
	dir := os.Getenv("KFPGO_BENCH_STORE")
	if dir == "" {
		dir = b.TempDir()
	}
	if _, err := os.Stat(filepath.Join(dir, "format")); err != nil {
		makeLarge(b, openAt(b, dir), largeRuns)
	}
	return dir
}

func report(b *testing.B, before time.Duration, n int) {
	b.Helper()
	b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(n), "cpu-ms/op")
	b.ReportMetric(float64(peak())/(1<<20), "peak-MB")
}

// peak is the most memory that this process has had, in bytes; 0 where nobody
// tells.
func peak() (n int64) {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			_, _ = fmt.Sscanf(strings.TrimSpace(rest), "%d kB", &n)
		}
	}
	return n << 10
}

// BenchmarkLarge is what people do with a record of 100,000 runs and 400,000
// events, each time as a process that has just begun.
func BenchmarkLarge(b *testing.B) {
	dir := largeDir(b)
	last, _ := largeRun(largeRuns - 1)
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, s *Store) error
	}{
		{"ListNewest", func(ctx context.Context, s *Store) error {
			return some(s.Load(ctx, metadata.Query{Summary: true, Limit: 50}))
		}},
		{"ListAll", func(ctx context.Context, s *Store) error {
			n := 0
			damaged, err := s.Each(ctx, metadata.Query{Summary: true}, func(*metadata.Run) error { n++; return nil })
			if err == nil && (n != largeRuns || len(damaged) > 0) {
				err = fmt.Errorf("%d runs, %v", n, damaged)
			}
			return err
		}},
		{"FilterPipeline", func(ctx context.Context, s *Store) error {
			return some(s.Load(ctx, metadata.Query{Summary: true, Pipeline: "pipeline-7", Limit: 5000}))
		}},
		{"FilterOldest", func(ctx context.Context, s *Store) error { // everything is looked at
			_, at := largeRun(100)
			return some(s.Load(ctx, metadata.Query{Summary: true, Until: at, States: []metadata.State{metadata.Failed}, Labels: map[string]string{"team": "team-0"}}))
		}},
		{"Get", func(ctx context.Context, s *Store) error { return some(s.Load(ctx, metadata.Query{Run: last})) }},
		{"Lineage5", func(ctx context.Context, s *Store) error { return lineage(ctx, s, last) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			before, n := cpuTime(b), 0
			for b.Loop() {
				s := openAt(b, dir)
				if err := c.do(b.Context(), s); err != nil {
					b.Fatal(err)
				}
				n++
			}
			report(b, before, n)
		})
	}
	b.Run("Verify", func(b *testing.B) {
		before, n := cpuTime(b), 0
		for b.Loop() {
			if damage, err := metadata.Verify(b.Context(), openAt(b, dir)); err != nil || len(damage) > 0 {
				b.Fatal(damage, err)
			}
			n++
		}
		report(b, before, n)
	})
}

func some(snap *metadata.Snapshot, err error) error {
	if err == nil && (len(snap.Runs) == 0 || len(snap.Damaged) > 0) {
		return fmt.Errorf("%d runs, %v", len(snap.Runs), snap.Damaged)
	}
	return err
}

// lineage follows a run's inputs five runs back, one artifact at a time, as the
// command does.
func lineage(ctx context.Context, s *Store, run string) error {
	q := metadata.EdgeQuery{Runs: []string{run}}
	ask := s.Edges()
	for level := range 10 {
		set, err := ask(ctx, q)
		if err != nil {
			return err
		}
		if len(set.Edges) == 0 || len(set.Damaged) > 0 {
			return fmt.Errorf("level %d: %d edges, %v", level, len(set.Edges), set.Damaged)
		}
		q = metadata.EdgeQuery{}
		for _, e := range set.Edges {
			if level%2 == 0 && e.Dir == metadata.In {
				q.URIs = append(q.URIs, e.URI)
			} else if level%2 == 1 && e.Dir == metadata.Out {
				q.Runs = append(q.Runs, e.Run)
			}
		}
	}
	return nil
}

// BenchmarkLargeS3 lists the newest runs of a bucket of which every answer takes
// 50 ms: Cold by a machine that has never seen it, Warm with copies of its index.
func BenchmarkLargeS3(b *testing.B) {
	servertest.S3Environ(b)
	dir := largeDir(b)
	address, backend := fakeS3(b, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(50 * time.Millisecond)
			next.ServeHTTP(w, r)
		})
	})
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		_, err = backend.PutObject(testBucket, "p/"+filepath.ToSlash(key), nil, bytes.NewReader(data), int64(len(data)), nil)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	open := func(cache string) *Store {
		s, err := Open(b.Context(), s3URL(address, "p/"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		s.(*Store).UseCache(cache)
		return s.(*Store)
	}
	last, _ := largeRun(largeRuns - 1)
	warm := b.TempDir()
	for name, c := range map[string]struct {
		cache func() string
		do    func(ctx context.Context, s *Store) error
	}{
		"ListCold": {b.TempDir, func(ctx context.Context, s *Store) error {
			return some(s.Load(ctx, metadata.Query{Summary: true, Limit: 50}))
		}},
		"ListWarm": {func() string { return warm }, func(ctx context.Context, s *Store) error {
			return some(s.Load(ctx, metadata.Query{Summary: true, Limit: 50}))
		}},
		"FilterCold": {b.TempDir, func(ctx context.Context, s *Store) error {
			return some(s.Load(ctx, metadata.Query{Summary: true, Pipeline: "pipeline-7", Limit: 5000}))
		}},
		"GetCold":      {b.TempDir, func(ctx context.Context, s *Store) error { return some(s.Load(ctx, metadata.Query{Run: last})) }},
		"Lineage5Cold": {b.TempDir, func(ctx context.Context, s *Store) error { return lineage(ctx, s, last) }},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := c.do(b.Context(), open(c.cache())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fillInbox writes an inbox of 400,000 events.
func fillInbox(b testing.TB, dir string) {
	b.Helper()
	fillStore(b, openAt(b, dir), 1) // the format and the folder
	for i := range largeRuns {
		events, err := largeEventsOf(i)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range events {
			data, err := e.Encode()
			if err != nil {
				b.Fatal(err)
			}
			// Not through the store: syncing 400,000 files would take long.
			if err := os.WriteFile(filepath.Join(dir, inboxDir, e.Name()), data, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkCompactLarge folds an inbox of 400,000 events, and with the second pass
// deletes them there and merges the segments; -benchtime 1x. With KFPGO_BENCH_INBOX
// it only writes an inbox to that folder, for measuring the whole program on it.
func BenchmarkCompactLarge(b *testing.B) {
	if dir := os.Getenv("KFPGO_BENCH_INBOX"); dir != "" {
		fillInbox(b, dir)
		b.SkipNow()
	}
	dir := b.TempDir()
	fillInbox(b, dir)
	pass := func(name string, grace time.Duration, check func(*Compaction) bool) {
		b.Run(name, func(b *testing.B) {
			s := openAt(b, dir)
			runtime.GC()
			before := cpuTime(b)
			for range b.N {
				if c, err := s.Compact(b.Context(), CompactOptions{Grace: grace}); err != nil || !check(c) {
					b.Fatal(c, err)
				}
			}
			report(b, before, b.N)
		})
	}
	const all = largeRuns*largeEvents + 1
	pass("Fold", 0, func(c *Compaction) bool { return c.Events == all && c.Deleted == 0 })
	pass("Merge", -1, func(c *Compaction) bool { return c.Deleted == all && c.Merged >= fanIn })
}
