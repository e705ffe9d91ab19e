package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// helperDir, in the environment, makes this test binary write events there
// until it is killed; it prints the name of each that was acknowledged. With
// helperCompacts it compacts instead, and prints a line for each time.
const (
	helperDir      = "KFPGO_TEST_WRITE_EVENTS"
	helperCompacts = "KFPGO_TEST_COMPACT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		if err := help(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	if member := os.Getenv(memberOf); member != "" {
		os.Exit(beMember(member))
	}
	hurried()
	os.Exit(m.Run())
}

func help(dir string) error {
	ctx := context.Background()
	store, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	if os.Getenv(helperCompacts) != "" {
		for {
			if _, err := store.(*Store).Compact(ctx, CompactOptions{Grace: 2 * time.Second}); err != nil {
				return err
			}
			fmt.Println("compacted")
		}
	}
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	for i := 0; ; i++ {
		events, err := c.Events([]metadata.Record{{Task: &metadata.TaskRecord{Path: fmt.Sprint(i), Message: strings.Repeat("x", 3000)}}})
		if err == nil {
			err = store.Append(ctx, events[0])
		}
		if err != nil {
			return err
		}
		fmt.Println(events[0].Name())
	}
}

// TestKill: sudden death at any instant, of four writers and of two who compact,
// loses nothing that was acknowledged, and leaves nothing torn where readers
// look.
func TestKill(t *testing.T) {
	kills := 100
	switch {
	case os.Getenv("KFPGO_FAULTS") == "nightly":
		kills = 2000
	case testing.Short():
		kills = 12
	}
	dir, acknowledged := t.TempDir(), map[string]bool{}
	const workers = 6
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(w), 1))
			for range (kills + workers - 1 - w) / workers {
				var env []string
				if w >= 4 {
					env = []string{helperCompacts + "=1"}
				}
				for _, name := range workAndKill(t, dir, time.Duration(chance.IntN(40_000))*time.Microsecond, env...) {
					mu.Lock()
					acknowledged[name] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	compacted := acknowledged["compacted"]
	delete(acknowledged, "compacted")
	s := openAt(t, dir)
	stored := map[string]bool{}
	for o, err := range s.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		stored[o.Name] = true
	}
	for name := range acknowledged {
		if !stored[name] {
			t.Errorf("%s was acknowledged and is lost", name)
		}
	}
	if damage, err := metadata.Verify(t.Context(), s); err != nil || len(damage) > 0 {
		t.Errorf("verify: %v, %v", damage, err)
	}
	if len(acknowledged) < kills/4 || !compacted {
		t.Errorf("only %d events in all, compacted: %v: the test shows nothing", len(acknowledged), compacted)
	}
	t.Logf("%d kills, %d events acknowledged, %d stored", kills, len(acknowledged), len(stored))
}

// workAndKill lets a process work and kills it a while after its first word.
func workAndKill(t *testing.T, dir string, after time.Duration, env ...string) (said []string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), helperDir+"="+dir), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(out, first); err != nil {
		t.Error(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	rest, _ := io.ReadAll(out)
	cmd.Wait() // it was killed
	for line := range strings.Lines(string(first) + string(rest)) {
		word, whole := strings.CutSuffix(line, "\n")
		if strings.HasPrefix(word, "error") {
			t.Error(word)
		} else if whole {
			said = append(said, word)
		}
	}
	return said
}

func openAt(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*Store)
}

// TestContention: of many writers of one name exactly one wins, by link and by
// rename alike.
func TestContention(t *testing.T) {
	for name, noLink := range map[string]bool{"link": false, "rename": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var buckets []*gcblob.Bucket
			for range 8 {
				b, err := newBucket(dir, false)
				if err != nil {
					t.Fatal(err)
				}
				b.noLink = noLink
				buckets = append(buckets, gcblob.NewBucket(b))
			}
			for round := range 60 {
				var winners atomic.Int32
				var wg sync.WaitGroup
				key := fmt.Sprintf("leases/%d.json", round)
				for i, b := range buckets {
					wg.Go(func() {
						err := b.WriteAll(t.Context(), key, []byte{byte(i)}, &gcblob.WriterOptions{IfNotExist: true, ContentType: "x"})
						switch {
						case err == nil:
							winners.Add(1)
						case gcerrors.Code(err) != gcerrors.FailedPrecondition:
							t.Errorf("loser: %v", err)
						}
					})
				}
				wg.Wait()
				if n := winners.Load(); n != 1 {
					t.Fatalf("%d winners", n)
				}
			}
		})
	}
}

// fillStore writes runs with one task each.
func fillStore(t testing.TB, s metadata.Store, runs int) {
	t.Helper()
	for i := range runs {
		at := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)
		c := metadata.Chain{Run: metadata.NewID(at), Now: func() time.Time { return at }}
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Succeeded, Name: fmt.Sprint("r", i)}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
	}
}

func inbox(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "inbox", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestDamagedObjects: whatever lies in the store, the rest stays readable and
// the finding names the object.
func TestDamagedObjects(t *testing.T) {
	other := sampleEvent(t)
	for name, harm := range map[string]func(path string) error{
		"torn":         func(p string) error { return os.Truncate(p, 100) },
		"empty":        func(p string) error { return os.Truncate(p, 0) },
		"other bytes":  func(p string) error { return os.WriteFile(p, []byte("hello\n"), 0o600) },
		"bit":          func(p string) error { return flip(p) },
		"other event":  func(p string) error { return os.WriteFile(p, other, 0o600) },
		"enormous":     func(p string) error { return os.Truncate(p, 1<<31) },
		"a folder":     func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) },
		"foreign name": func(p string) error { return os.Rename(p, filepath.Join(filepath.Dir(p), "notes.txt")) },
		"path in name": func(p string) error {
			return os.Rename(p, filepath.Join(filepath.Dir(p), strings.Replace(filepath.Base(p), "_", "_..", 1)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openAt(t, dir)
			fillStore(t, s, 3)
			if err := harm(inbox(t, dir)[1]); err != nil {
				t.Fatal(err)
			}
			snap, err := s.Load(t.Context(), metadata.Query{})
			if err != nil || len(snap.Runs) != 2 || len(snap.Damaged) != 1 || snap.Damaged[0].Name == "" {
				t.Errorf("load: %+v, %v", snap, err)
			}
			damage, err := metadata.Verify(t.Context(), s)
			if err != nil || len(damage) != 1 {
				t.Errorf("verify: %+v, %v", damage, err)
			}
			var bundle bytes.Buffer
			if _, left, err := metadata.Export(t.Context(), s, &bundle, nil); err != nil || len(left) != 1 {
				t.Errorf("export: %+v, %v", left, err)
			}
		})
	}
}

func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, 0o600)
}

func sampleEvent(t *testing.T) []byte {
	t.Helper()
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: "other"}}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := events[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestMissingLink: an event that is taken away leaves a trace.
func TestMissingLink(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	for i := range 3 {
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: fmt.Sprint(i)}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
	}
	names := inbox(t, dir)
	if err := os.Remove(names[1]); err != nil {
		t.Fatal(err)
	}
	damage, err := metadata.Verify(t.Context(), s)
	if err != nil || len(damage) != 1 || damage[0].Name != filepath.Base(names[2]) {
		t.Errorf("%+v, %v", damage, err)
	}
}

// TestWrongPlaces: what is no store is refused and stays as it was.
func TestWrongPlaces(t *testing.T) {
	write := func(name, text string) func(string) {
		return func(dir string) {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		arrange func(string)
		load    error
		append  error
	}{
		"other files":    {write("src/main.go", "package main"), metadata.ErrFormat, metadata.ErrFormat},
		"lost format":    {write("inbox/x", ""), metadata.ErrFormat, metadata.ErrFormat},
		"newer version":  {write("format/00000001.json", `{"format":"kfp-go-metadata","version":2}`), metadata.ErrFormat, metadata.ErrFormat},
		"reader feature": {write("format/00000001.json", `{"format":"kfp-go-metadata","version":1,"reader":["x"]}`), metadata.ErrFormat, metadata.ErrFormat},
		"writer feature": {write("format/00000001.json", `{"format":"kfp-go-metadata","version":1,"writer":["x"]}`), nil, metadata.ErrReadOnly},
		"damaged format": {write("format/00000001.json", `{"form`), metadata.ErrFormat, metadata.ErrFormat},
		"highest counts": {func(d string) {
			write("format/00000001.json", "{")(d)
			write("format/00000002.json", `{"format":"kfp-go-metadata","version":1}`)(d)
		}, nil, nil},
		"runner's files":  {write("runs/x/run.json", "{}"), nil, nil},
		"a folder's mark": {write(".gitignore", "*"), nil, nil},
		"empty":           {func(string) {}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.arrange(dir)
			s := openAt(t, dir)
			if _, err := s.Load(t.Context(), metadata.Query{}); !errors.Is(err, c.load) {
				t.Errorf("load: %v", err)
			}
			e, err := metadata.ParseEvent(sampleEvent(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Append(t.Context(), e); !errors.Is(err, c.append) {
				t.Errorf("append: %v", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, where := range []string{"", "ftp://x", "file://host/x", "file:///", "file:///x?y=z", "file:///x?shared=all", "https://user:secret@host/x", "file://user:secret@/x"} {
		s, err := Open(t.Context(), where)
		if err == nil {
			t.Errorf("Open(%q) gave %v", where, s)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) shows the secret: %v", where, err)
		}
	}
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), file); !errors.Is(err, metadata.ErrFormat) {
		t.Errorf("a file that is no bundle: %v", err)
	}
}

// TestNothingIsTouched: reading creates nothing.
func TestNothingIsTouched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	s := openAt(t, dir)
	if _, err := s.Load(t.Context(), metadata.Query{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

// TestModes: nobody else can read, unless the group is meant to, and then it
// can also where the umask says otherwise.
func TestModes(t *testing.T) {
	for _, umask := range []int{0o077, 0o022, 0} {
		old := syscall.Umask(umask)
		testModes(t)
		syscall.Umask(old)
	}
}

func testModes(t *testing.T) {
	for query, want := range map[string][2]os.FileMode{"": {0o700, 0o600}, "?shared=group": {0o770, 0o660}} {
		dir := filepath.Join(t.TempDir(), "store")
		fillStore(t, openAt(t, "file://"+dir+query), 1)
		err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err == nil {
				mode := want[1]
				if info.IsDir() {
					mode = want[0]
				}
				if got := info.Mode().Perm(); got != mode {
					t.Errorf("%s has mode %o, want %o", path, got, mode)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(filepath.Join(dir, tempDir)); err != nil || len(left) > 0 {
			t.Errorf("left over: %v, %v", left, err)
		}
	}
}

// TestSymlinks: a link inside the store leads nowhere.
func TestSymlinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	s := openAt(t, dir)
	fillStore(t, s, 1)
	if err := os.Symlink(outside, filepath.Join(dir, "blobs")); err != nil {
		t.Skip(err)
	}
	if _, err := s.PutBlob(t.Context(), []byte("x")); err == nil {
		t.Error("a document was written through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

// TestUnreadableFolder: an error, never a shorter list.
func TestUnreadableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	s := openAt(t, dir)
	fillStore(t, s, 1)
	if err := os.Chmod(filepath.Join(dir, "inbox"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(dir, "inbox"), 0o700)
	if _, err := s.Load(t.Context(), metadata.Query{}); gcerrors.Code(err) != gcerrors.PermissionDenied {
		t.Errorf("%v", err)
	}
}

// TestDiskFull: nothing is published that is not whole, and the store works
// again once there is room.
func TestDiskFull(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("needs a file system of its own")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %s", out)
	}
	defer exec.Command("umount", dir).Run()
	s, err := Open(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
	stored, full := 0, false
	for i := range 200 {
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: fmt.Sprint(i), Message: strings.Repeat("x", 500+i*17)}}})
		if err != nil {
			t.Fatal(err)
		}
		switch err := s.Append(t.Context(), events[0]); {
		case err == nil:
			stored++
		case !errors.Is(err, metadata.ErrUnavailable):
			t.Fatalf("full disk: %v", err)
		default:
			full = true
		}
	}
	snap, err := s.Load(t.Context(), metadata.Query{})
	if !full || err != nil || len(snap.Damaged) > 0 {
		t.Errorf("full %v, %+v, %v", full, snap, err)
	}
	if n := len(inbox(t, filepath.Join(dir, "store"))); n != stored {
		t.Errorf("%d objects, %d acknowledged", n, stored)
	}
	for _, name := range inbox(t, filepath.Join(dir, "store"))[:5] {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	fillStore(t, s, 1)
}

// BenchmarkList is a list of the newest of 100,000 runs, and of all of them.
func BenchmarkList(b *testing.B) {
	const runs = 100_000
	dir := b.TempDir()
	bucket, err := newBucket(dir, false)
	if err != nil {
		b.Fatal(err)
	}
	s := newFiles(bucket, dir)
	defer s.Close()
	fillStore(b, s, 1) // the format
	for i := range runs {
		at := time.Date(2026, 1, 1, 0, 0, 2*i, 0, time.UTC)
		c := metadata.Chain{Run: metadata.NewID(at), Now: func() time.Time { return at }}
		events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Succeeded, Name: fmt.Sprint("r", i), Pipeline: "iris", Engine: "argo"}},
			{Task: &metadata.TaskRecord{Path: "train", State: metadata.Succeeded, Image: "python:3.11"}}})
		if err != nil {
			b.Fatal(err)
		}
		data, err := events[0].Encode()
		if err != nil {
			b.Fatal(err)
		}
		// Not through the store: syncing 100,000 files would take minutes.
		if err := os.WriteFile(filepath.Join(dir, "inbox", events[0].Name()), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for name, q := range map[string]metadata.Query{"Newest20": {Summary: true, Limit: 20}, "All": {Summary: true},
		"LastFailed": {Summary: true, States: []metadata.State{metadata.Failed}, Limit: 1}, "ByID": {Run: metadata.NewID(time.Now())}} {
		b.Run(name, func(b *testing.B) {
			before := cpuTime(b)
			n := 0
			for b.Loop() {
				if _, err := s.Load(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				n++
			}
			// What counts on a machine that does other things as well.
			b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(n), "cpu-ms/op")
		})
	}
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
