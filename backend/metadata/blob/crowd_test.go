package blob

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// nightly says that the long figures are wanted.
func nightly() bool { return os.Getenv("KFPGO_FAULTS") == "nightly" }

// memberOf, in the environment, makes this test binary one process of many.
const memberOf = "KFPGO_TEST_MEMBER"

// A member is what one process does: it appends events to a run, or it takes
// part in a contest for names.
type member struct {
	Where   string
	Run     string
	Events  int
	Contest int  // goroutines
	NoLink  bool // as on a file system without hard links
}

func beMember(text string) int {
	var m member
	err := json.Unmarshal([]byte(text), &m)
	if err == nil && m.Contest > 0 {
		err = m.compete()
	} else if err == nil {
		err = m.write()
	}
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// write appends events and prints the name of each that was acknowledged.
func (m member) write() error {
	ctx := context.Background()
	s, err := Open(ctx, m.Where)
	if err != nil {
		return err
	}
	defer s.Close()
	c := metadata.Chain{Run: m.Run, By: metadata.Writer{ID: fmt.Sprint(os.Getpid())}, Now: time.Now}
	for i := range m.Events {
		events, err := c.Events([]metadata.Record{{Task: &metadata.TaskRecord{Path: fmt.Sprintf("t[%d]/%d", os.Getpid(), i), State: metadata.Succeeded}}})
		if err == nil {
			err = s.Append(ctx, events[0])
		}
		if err != nil {
			return err
		}
		fmt.Println(events[0].Name())
	}
	return nil
}

// compete reads names, tries to make each from several goroutines at once,
// each with its own bucket, and prints how many did.
func (m member) compete() error {
	var buckets []*gcblob.Bucket
	for range m.Contest {
		b, err := newBucket(m.Where, false)
		if err != nil {
			return err
		}
		b.noLink = m.NoLink
		buckets = append(buckets, gcblob.NewBucket(b))
	}
	names := bufio.NewScanner(os.Stdin)
	for names.Scan() {
		var winners atomic.Int32
		var wg sync.WaitGroup
		errs := make(chan error, len(buckets))
		for _, b := range buckets {
			wg.Go(func() {
				err := b.WriteAll(context.Background(), names.Text(), []byte("x"), &gcblob.WriterOptions{IfNotExist: true, ContentType: "x"})
				if err == nil {
					winners.Add(1)
				} else if gcerrors.Code(err) != gcerrors.FailedPrecondition {
					errs <- err
				}
			})
		}
		wg.Wait()
		if len(errs) > 0 {
			return <-errs
		}
		fmt.Println(winners.Load())
	}
	return names.Err()
}

// command is a process of the crowd.
func (m member) command(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), memberOf+"="+string(text), "GOMAXPROCS=2")
	cmd.Stderr = os.Stderr
	return cmd
}

// crowd lets processes write at once, up to 16 of them about one run, and
// checks that each event that was acknowledged is there once, and that all
// readers see one state.
func crowd(t *testing.T, where string, processes, events int) {
	at := time.Now()
	shared := metadata.NewID(at)
	runs := map[string]int{} // tasks
	var members []member
	for i := range processes {
		m := member{Where: where, Run: shared, Events: events}
		if i >= min(16, processes/2) {
			m.Run = metadata.NewID(at.Add(time.Duration(i) * time.Millisecond))
		}
		runs[m.Run] += events
		members = append(members, m)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	acknowledged := map[string]bool{}
	for _, m := range members {
		cmd := m.command(t)
		wg.Go(func() {
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			mu.Lock()
			defer mu.Unlock()
			for name := range strings.Lines(string(out)) {
				acknowledged[strings.TrimSpace(name)] = true
			}
		})
	}
	wg.Wait()
	took := time.Since(at)

	s := openURL(t, where)
	stored := map[string]int{}
	for o, err := range s.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		stored[o.Name]++
	}
	for name := range acknowledged {
		if stored[name] != 1 {
			t.Errorf("%s is there %d times", name, stored[name])
		}
	}
	if len(acknowledged) != processes*events || len(stored) != len(acknowledged) {
		t.Errorf("%d events acknowledged, %d stored; want %d", len(acknowledged), len(stored), processes*events)
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
	var state *metadata.Snapshot
	for range 4 {
		snap, err := openURL(t, where).Load(t.Context(), metadata.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if state == nil {
			state = snap
		} else if d := cmp.Diff(state, snap); d != "" {
			t.Errorf("two readers differ:\n%s", d)
		}
	}
	for _, r := range state.Runs {
		if len(r.Tasks) != runs[r.ID] {
			t.Errorf("run %s has %d tasks, want %d", r.ID, len(r.Tasks), runs[r.ID])
		}
	}
	if len(state.Runs) != len(runs) {
		t.Errorf("%d runs, want %d", len(state.Runs), len(runs))
	}
	t.Logf("%d processes × %d events, %d of them about one run: %d stored in %s", processes, events, runs[shared]/events, len(stored), took.Round(time.Second/10))
}

func TestCrowdOnFiles(t *testing.T) {
	where := filepath.Join(t.TempDir(), "store")
	if nightly() {
		crowd(t, where, 64, 200)
	} else {
		crowd(t, where, 8, 20)
	}
}

func TestCrowdOnFakeS3(t *testing.T) {
	servertest.S3Environ(t)
	address, _ := fakeS3(t, nil)
	if nightly() {
		crowd(t, s3URL(address, "p"), 32, 200)
	} else {
		crowd(t, s3URL(address, "p"), 4, 20)
	}
}

func TestCrowdOnVersity(t *testing.T) {
	servertest.S3Environ(t)
	address := servertest.NewVersity(t, testBucket).Address
	if nightly() {
		crowd(t, s3URL("http://"+address, "p"), 32, 200)
	} else {
		crowd(t, s3URL("http://"+address, "p"), 4, 20)
	}
}

// TestContest: of many processes with many goroutines each that want one name,
// exactly one gets it, by link and by rename alike.
func TestContest(t *testing.T) {
	processes, goroutines, rounds := 2, 4, 30
	if nightly() {
		processes, goroutines, rounds = 4, 8, 500
	}
	for name, noLink := range map[string]bool{"link": false, "rename": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var ins []io.Writer
			var outs []*bufio.Scanner
			for range processes {
				cmd := member{Where: dir, Contest: goroutines, NoLink: noLink}.command(t)
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					in.Close()
					if err := cmd.Wait(); err != nil {
						t.Error(err)
					}
				})
				ins, outs = append(ins, in), append(outs, bufio.NewScanner(out))
			}
			won := make([]int, processes)
			for round := range rounds {
				for _, in := range ins {
					if _, err := fmt.Fprintf(in, "leases/%d.json\n", round); err != nil {
						t.Fatal(err)
					}
				}
				winners := 0
				for i, out := range outs {
					var n int
					if !out.Scan() {
						t.Fatal("a process ended")
					}
					if _, err := fmt.Sscan(out.Text(), &n); err != nil {
						t.Fatal(out.Text())
					}
					winners += n
					won[i] += n
				}
				if winners != 1 {
					t.Fatalf("round %d has %d winners", round, winners)
				}
			}
			slices.Sort(won)
			t.Logf("%d rounds, %d processes × %d goroutines; won by process: %v", rounds, processes, goroutines, won)
		})
	}
}

// Whatever writers, compactions and collections do meanwhile, a reader sees
// every event that was acknowledged before it began.
func TestCrowdOfReaders(t *testing.T) {
	writers, each, compactors, collectors, readers := 4, 40, 2, 1, 3
	var atLeast time.Duration
	grace := time.Millisecond
	if nightly() {
		writers, each, compactors, collectors, readers = 16, 200, 8, 4, 8
		// The store grows until one look takes many seconds.
		atLeast, grace = 10*time.Minute, time.Minute
	}
	begin := time.Now()
	dir := filepath.Join(t.TempDir(), "store")
	acknowledged := make([]atomic.Int64, writers)
	runs := make([]string, writers)
	for w := range runs {
		runs[w] = fmt.Sprintf("019a0000-0000-7000-9000-%012x", w)
	}
	var writing, others sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		s := openAt(t, dir)
		writing.Go(func() {
			chain := metadata.Chain{Run: runs[w], Now: time.Now}
			for i := 0; i < each || time.Since(begin) < atLeast; i++ {
				events, err := chain.Events([]metadata.Record{{Task: &metadata.TaskRecord{Path: fmt.Sprint("t", i), State: metadata.Succeeded}}})
				for _, e := range events {
					if err == nil {
						err = s.Append(t.Context(), e)
					}
				}
				if err != nil {
					t.Error("write:", err)
					return
				}
				acknowledged[w].Add(1)
			}
		})
	}
	var work, loads, slow atomic.Int64
	until := func(n int, f func(s *Store) error) {
		for range n {
			s := openAt(t, dir)
			others.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					if err := f(s); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	until(compactors, func(s *Store) error {
		c, err := s.Compact(t.Context(), CompactOptions{Grace: grace})
		work.Add(int64(c.Events))
		return err
	})
	until(collectors, func(s *Store) error {
		_, err := s.GC(t.Context(), GCOptions{KeepLast: 1 << 20})
		return err
	})
	read := func(s *Store) error {
		before := make([]int64, writers)
		for w := range before {
			before[w] = acknowledged[w].Load()
		}
		began := time.Now()
		snap, err := s.Load(t.Context(), metadata.Query{})
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		seen := map[string]int64{}
		for _, r := range snap.Runs {
			seen[r.ID] = int64(len(r.Tasks))
		}
		for w, n := range before {
			if seen[runs[w]] < n {
				return fmt.Errorf("run %d: %d events were acknowledged, a reader that began later saw %d", w, n, seen[runs[w]])
			}
		}
		loads.Add(1)
		if nightly() && time.Since(began) > grace {
			// Who looks for longer than that can be told that something is there
			// no more.
			slow.Add(1)
			return nil
		}
		if len(snap.Damaged) > 0 {
			return fmt.Errorf("%d objects are damaged, the first: %v", len(snap.Damaged), snap.Damaged[0])
		}
		return nil
	}
	until(readers, read)
	writing.Wait()
	close(done)
	others.Wait()
	s := openAt(t, dir)
	if err := read(s); err != nil {
		t.Error(err)
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Error("verify:", damage, err)
	}
	if work.Load() == 0 {
		t.Error("nothing was compacted meanwhile")
	}
	written := int64(0)
	for w := range acknowledged {
		written += acknowledged[w].Load()
	}
	t.Logf("%d writers, %d compactions, %d collections, %d readers: %d events, %d folded meanwhile, %d looks (%d longer than the grace) in %s",
		writers, compactors, collectors, readers, written, work.Load(), loads.Load(), slow.Load(), time.Since(begin).Round(time.Second))
}
