// Command benchgen measures the built binary as a user meets it, whole
// processes from start to end: generated pipelines of 100, 1,000 and 10,000
// tasks in both languages and the biggest file of a corpus. It prints wall
// time, peak memory, bytes a task, pods, and how time grows with size; with
// -check it fails when a figure is beyond what the project promises.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/compiler/compilertest"
)

func main() {
	var opt options
	flag.StringVar(&opt.bin, "bin", "bin/kfp-go", "the `binary` to measure")
	flag.StringVar(&opt.corpus, "corpus", "", "`folder` with KFP files, of which the biggest is measured; left out when it is not there")
	flag.IntVar(&opt.repeat, "repeat", 5, "runs of each; the median counts")
	flag.BoolVar(&opt.check, "check", false, "fail when a figure is beyond what the project promises")
	flag.StringVar(&opt.keep, "keep", "", "`folder` to keep the generated pipelines in")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, opt, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchgen:", err)
		stop()
		os.Exit(1)
	}
}

type options struct {
	bin, corpus, keep string
	repeat            int
	check             bool
}

// What the project promises, on two cores.
const (
	mostSeconds = 1.0
	mostMemory  = 350 << 20
	mostGrowth  = 12.0
	mostBytes   = 700.0
	mostStart   = 25 * time.Millisecond
)

// A subject is one pipeline to compile.
type subject struct {
	kind  string
	tasks int // 0: not known
	file  string
}

// A figure is the median of several runs of one subject.
type figure struct {
	subject
	wall   time.Duration
	cpu    time.Duration // user and system, all threads
	memory int64         // bytes, at the peak
	bytes  int
	pods   int
}

func run(ctx context.Context, opt options, w io.Writer) error {
	if opt.repeat < 1 {
		return errors.New("-repeat must be at least 1")
	}
	dir := opt.keep
	if dir == "" {
		d, err := os.MkdirTemp("", "kfp-go-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(d)
		dir = d
	}
	subjects, err := generate(dir)
	if err != nil {
		return err
	}
	if big := biggest(opt.corpus); big != "" {
		subjects = append(subjects, subject{kind: "corpus " + filepath.Base(big), file: big})
	}
	var late []string
	start, err := startTime(ctx, opt)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "version starts in %.1f ms\n\n", ms(start))
	if start > mostStart {
		late = append(late, fmt.Sprintf("version takes %.1f ms", ms(start)))
	}
	fmt.Fprintf(w, "%-34s %6s %9s %9s %9s %9s %10s %6s %8s\n", "pipeline", "tasks", "input", "wall", "cpu", "peak", "bytes/task", "pods", "growth")
	before := map[string]figure{}
	for _, s := range subjects {
		f, err := measure(ctx, opt, s)
		if err != nil {
			return err
		}
		growth := 0.0
		if p, ok := before[s.kind]; ok {
			growth = f.wall.Seconds() / p.wall.Seconds()
		}
		before[s.kind] = f
		f.print(w, growth)
		late = append(late, f.late(growth)...)
	}
	if len(late) > 0 {
		fmt.Fprintln(w, "\nbeyond the promise:\n  "+strings.Join(late, "\n  "))
		if opt.check {
			return errors.New("figures beyond the promise")
		}
	}
	return nil
}

func generate(dir string) ([]subject, error) {
	var out []subject
	for _, kind := range []struct {
		name  string
		write func(io.Writer, int)
	}{
		{"dsl", compilertest.WriteDSL},
		{"kfp", func(w io.Writer, n int) { compilertest.WriteKFP(w, n, false) }},
		{"kfp, component per task", func(w io.Writer, n int) { compilertest.WriteKFP(w, n, true) }},
	} {
		for _, n := range []int{100, 1_000, 10_000} {
			name := filepath.Join(dir, fmt.Sprintf("%s-%d.yaml", strings.NewReplacer(" ", "-", ",", "").Replace(kind.name), n))
			if err := create(name, func(w io.Writer) { kind.write(w, n) }); err != nil {
				return nil, err
			}
			out = append(out, subject{kind.name, n, name})
		}
	}
	return out, nil
}

func create(name string, write func(io.Writer)) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f) // keeps the first error
	write(w)
	return errors.Join(w.Flush(), f.Close())
}

// biggest is the biggest YAML file below a folder, "" when there is none.
func biggest(dir string) string {
	best, size := "", int64(0)
	if dir == "" {
		return ""
	}
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" {
			return nil // what cannot be read is not measured
		}
		if info, err := d.Info(); err == nil && info.Size() > size {
			best, size = name, info.Size()
		}
		return nil
	})
	return best
}

func startTime(ctx context.Context, opt options) (time.Duration, error) {
	var all []time.Duration
	for range max(opt.repeat, 10) {
		r, err := once(ctx, opt.bin, "version")
		if err != nil {
			return 0, err
		}
		all = append(all, r.wall)
	}
	return median(all), nil
}

func measure(ctx context.Context, opt options, s subject) (figure, error) {
	f := figure{subject: s}
	var walls, cpus []time.Duration
	manifest := filepath.Join(filepath.Dir(s.file), "manifest.yaml")
	if s.tasks == 0 {
		dir, err := os.MkdirTemp("", "kfp-go-bench")
		if err != nil {
			return f, err
		}
		defer os.RemoveAll(dir)
		manifest = filepath.Join(dir, "manifest.yaml")
	}
	args := []string{"compile", "--argo-check=never", "-o", manifest, s.file}
	for range opt.repeat {
		r, err := once(ctx, opt.bin, args...)
		if err != nil {
			return f, err
		}
		walls, cpus = append(walls, r.wall), append(cpus, r.cpu)
		f.memory = max(f.memory, r.memory)
	}
	var err error
	if f.bytes, f.pods, err = weigh(manifest); err != nil {
		return f, err
	}
	f.wall, f.cpu = median(walls), median(cpus)
	return f, nil
}

type result struct {
	wall, cpu time.Duration
	memory    int64
}

// once runs the binary. A child starts with the peak of its parent, so this
// program keeps itself small: nothing big is ever held in memory here.
func once(ctx context.Context, bin string, args ...string) (result, error) {
	cmd := exec.CommandContext(ctx, bin, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	begin := time.Now()
	err := cmd.Run()
	r := result{wall: time.Since(begin)}
	if err != nil {
		return r, fmt.Errorf("%s %s: %w\n%s", bin, strings.Join(args, " "), err, errs.Bytes())
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.memory = peak(cmd.ProcessState)
	return r, nil
}

func median(ds []time.Duration) time.Duration {
	sorted := append([]time.Duration(nil), ds...)
	for i := range sorted {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[len(sorted)/2]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (f figure) print(w io.Writer, growth float64) {
	info, _ := os.Stat(f.file)
	input := int64(0)
	if info != nil {
		input = info.Size()
	}
	tasks, perTask, grew := "", "", ""
	if f.tasks > 0 {
		tasks = fmt.Sprint(f.tasks)
		perTask = fmt.Sprintf("%.0f", float64(f.bytes)/float64(f.tasks))
	} else if f.pods > 0 {
		perTask = fmt.Sprintf("%.0f", float64(f.bytes)/float64(f.pods))
	}
	if growth > 0 {
		grew = fmt.Sprintf("%.1fx", growth)
	}
	fmt.Fprintf(w, "%-34s %6s %6.0f KB %6.0f ms %6.0f ms %6.0f MB %10s %6d %8s\n", f.kind, tasks, float64(input)/1024, ms(f.wall), ms(f.cpu), float64(f.memory)/(1<<20), perTask, f.pods, grew)
}

// late lists in what the figure is beyond the promise.
func (f figure) late(growth float64) []string {
	var out []string
	say := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("%s, %d tasks: ", f.kind, f.tasks)+fmt.Sprintf(format, args...))
	}
	if f.tasks < 10_000 {
		return nil
	}
	if f.wall.Seconds() > mostSeconds {
		say("%.2f s", f.wall.Seconds())
	}
	if f.memory > mostMemory {
		say("%d MB", f.memory>>20)
	}
	if growth > mostGrowth {
		say("grew %.1f times from a tenth of the tasks", growth)
	}
	if per := float64(f.bytes) / float64(f.tasks); per > mostBytes {
		say("%.0f bytes a task", per)
	}
	return out
}
