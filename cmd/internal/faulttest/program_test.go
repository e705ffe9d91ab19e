package faulttest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
)

// nightly reports whether the long figures are wanted.
func nightly() bool { return os.Getenv("KFPGO_FAULTS") == "nightly" }

// binary is the program with failpoints, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	if text := os.Getenv(limitVariable); text != "" {
		fmt.Println(runLimited(text))
		os.Exit(1)
	}
	if testing.Short() || runtime.GOOS == "windows" {
		fmt.Println("left out: -short, or a system without signals")
		os.Exit(0)
	}
	os.Exit(withBinary(m.Run))
}

func withBinary(run func() int) int {
	dir, err := os.MkdirTemp("", "kfp-go-faults-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Other users run it too.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Println(err)
		return 1
	}
	binary = filepath.Join(dir, "kfp-go")
	cmd := exec.Command("go", "build", "-tags", "disable_grpc_modules,failpoints", "-o", binary, "../../kfp-go")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Printf("the program cannot be built: %v\n%s", err, out)
		return 1
	}
	return run()
}

// pipelineText is one task that takes no time.
const pipelineText = `pipeline: tiny
components:
  count:
    image: busybox:1.36
    outputs: {n: integer}
    script: echo 1 > "$OUTPUT_N"
tasks:
  count: {component: count}
outputs: {n: "${{ tasks.count.outputs.n }}"}
`

// A place is a folder with a pipeline, a home and a store, all of its own.
type place struct {
	t     *testing.T
	dir   string
	store string // where the metadata is
	env   []string
}

// newPlace makes a folder that other users may enter.
func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp("", "kfp-go-fault-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &place{t: t, dir: dir, store: filepath.Join(dir, "meta")}
	p.must(os.Chmod(dir, 0o777))
	p.must(os.WriteFile(filepath.Join(dir, "pipeline.yaml"), []byte(pipelineText), 0o644))
	p.env = []string{
		"HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "PATH=" + os.Getenv("PATH"), "TZ=UTC", "LANG=C.UTF-8",
		"KFPGO_METADATA=" + p.store, "TMPDIR=" + dir, "KUBECONFIG=" + filepath.Join(dir, "none"),
	}
	return p
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// A result is how a program ended.
type result struct {
	out, err string
	code     int            // -1 if a signal ended it
	signal   syscall.Signal // 0 if none did
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d, signal %d\n%s%s", r.code, r.signal, r.out, r.err)
}

// command is the program in the place, with a few more variables.
func (p *place) command(args []string, env ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir = p.dir
	cmd.Env = append(slices.Clone(p.env), env...)
	return cmd
}

// run runs the program to its end.
func (p *place) run(args []string, env ...string) result {
	p.t.Helper()
	return p.wait(p.command(args, env...))
}

// fine runs the program, which must succeed.
func (p *place) fine(args ...string) {
	p.t.Helper()
	if r := p.run(args); r.code != 0 {
		p.t.Fatalf("%s: %v", args, r)
	}
}

// aside reports whether an event, or a document by its digest, is kept aside
// for the store, by this machine.
func (p *place) aside(name string) bool {
	digest, document := strings.CutPrefix(name, "sha256:")
	where := "inbox/" + name
	if document {
		where = "blobs/sha256/" + digest[:2] + "/" + digest[2:]
	}
	found, err := filepath.Glob(filepath.Join(p.dir, "state", "kfp-go", "spool", "*", where))
	p.must(err)
	return len(found) > 0
}

func (p *place) wait(cmd *exec.Cmd) result {
	p.t.Helper()
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	return p.ended(cmd.Run(), &out, &err)
}

func (p *place) ended(err error, out, errs *bytes.Buffer) result {
	p.t.Helper()
	r := result{out: out.String(), err: errs.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.code = exit.ExitCode()
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			r.signal = s.Signal()
		}
	case err != nil:
		p.t.Fatal(err)
	}
	return r
}

// open opens the place's store without the program.
func (p *place) open() metadata.Store {
	p.t.Helper()
	s, err := blob.Open(context.Background(), p.store)
	p.must(err)
	p.t.Cleanup(func() { s.Close() })
	return s
}

// stored gives the names of all events, after a look at each object.
func (p *place) stored(s metadata.Store) map[string]bool {
	p.t.Helper()
	if damage, err := metadata.Verify(p.t.Context(), s); err != nil || len(damage) > 0 {
		p.t.Errorf("verify: %v, %v", damage, err)
	}
	names := map[string]bool{}
	for o, err := range s.Scan(p.t.Context()) {
		p.must(err)
		names[o.Name] = true
	}
	return names
}

// A hit is a line of a trace.
type hit struct {
	point string // NAME.N
	about string
}

func (h hit) name() string { return h.point[:strings.LastIndexByte(h.point, '.')] }

// trace reads the hits of a process.
func (p *place) trace(name string) []hit {
	p.t.Helper()
	data, err := os.ReadFile(name)
	p.must(err)
	var hits []hit
	for line := range strings.Lines(string(data)) {
		point, about, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			p.t.Fatalf("trace: %q", line)
		}
		hits = append(hits, hit{point, about})
	}
	return hits
}
