package argo

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend"
)

// TestMerge: a log that is cut anywhere, any number of times, comes out whole
// and once, in whole seconds or not, with equal lines or without.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
		var raw, want []string
		for range rapid.IntRange(0, 40).Draw(t, "lines") {
			at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 400, 1000, 5000}).Draw(t, "step")) * time.Millisecond)
			text := rapid.SampledFrom([]string{"", "a", "b", "\r50%", "2026-11-23T09:00:00Z x", " two  blanks"}).Draw(t, "text")
			raw = append(raw, at.Format(time.RFC3339Nano)+" "+text)
			want = append(want, text)
		}
		var m merge
		var got []string
		for done := 0; ; {
			m.begin()
			since := time.Time{}
			if s := m.since(); s != nil {
				since = s.Time
			}
			limit := rapid.IntRange(0, len(raw)+1).Draw(t, "cut")
			n := 0
			for _, line := range raw {
				stamp, _ := splitStamp(line)
				if stamp.Before(since) {
					continue
				}
				if n++; n > limit {
					break
				}
				if _, text, ok := m.take(line); ok {
					got = append(got, text)
				}
			}
			if done++; done > 20 || n <= limit {
				break
			}
		}
		// However often it was cut, what came is a beginning of the log.
		if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("got %q of %q", got, want)
		}
		m.begin()
		for _, line := range raw {
			stamp, _ := splitStamp(line)
			if s := m.since(); s != nil && stamp.Before(s.Time) {
				continue
			}
			if _, text, ok := m.take(line); ok {
				got = append(got, text)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", 2*maxLine+7)
	in := bufio.NewReaderSize(strings.NewReader("a\n\n"+long+"\nlast"), 64<<10)
	var got []string
	for {
		line, err := readLine(in)
		if line != "" || err == nil {
			got = append(got, line)
		}
		if err != nil {
			break
		}
	}
	if got[0] != "a" || got[1] != "" || got[len(got)-1] != "last" || strings.Join(got[2:len(got)-1], "") != long {
		t.Errorf("%d pieces", len(got))
	}
	for _, piece := range got {
		if len(piece) > maxLine+64<<10 {
			t.Errorf("a piece of %d bytes", len(piece))
		}
	}
}

func TestExecutorLines(t *testing.T) {
	var e executor
	var got []string
	for _, line := range []string{
		`time="2026-11-23T09:00:00.1Z" level=info msg="capturing logs" argo=true`,
		"hello", "Error: exit status 1",
		`time="x" level=info msg="mine"`,
		`time="2026-11-23T09:00:01.1Z" level=info msg="sub-process exited" argo=true error="<nil>"`,
		"Error: exit status 1", "Error: exit status 1",
	} {
		if !e.wrote(line) {
			got = append(got, line)
		}
	}
	if want := []string{"hello", "Error: exit status 1", `time="x" level=info msg="mine"`, "Error: exit status 1"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// logged is a finished run of two tasks, one with two attempts.
func logged(s *server) {
	s.put(func(wf *wfv1.Workflow) {
		wf.Name, wf.Namespace, wf.UID, wf.Labels = "w", testNamespace, "u1", map[string]string{RunLabel: idA}
		wf.Annotations = map[string]string{"workflows.argoproj.io/pod-name-format": "v1"}
		wf.Status.Phase = wfv1.WorkflowSucceeded
		wf.Status.Nodes = wfv1.Nodes{
			"r":  {ID: "r", Name: "w.train", DisplayName: "train", Type: wfv1.NodeTypeRetry, Phase: wfv1.NodeSucceeded, Children: []string{"r0", "r1"}},
			"r0": {ID: "r0", Name: "w.train(0)", DisplayName: "train(0)", Type: wfv1.NodeTypePod, Phase: wfv1.NodeFailed},
			"r1": {ID: "r1", Name: "w.train(1)", DisplayName: "train(1)", Type: wfv1.NodeTypePod, Phase: wfv1.NodeSucceeded},
			"p":  {ID: "p", Name: "w.prepare", DisplayName: "prepare", Type: wfv1.NodeTypePod, Phase: wfv1.NodeSucceeded},
			"s":  {ID: "s", Name: "w.skipped", DisplayName: "skipped", Type: wfv1.NodeTypeSkipped, Phase: wfv1.NodeSkipped},
		}
	})
	for _, pod := range []string{"r0", "r1", "p"} {
		for i := range 3 {
			s.logs[pod] += fmt.Sprintf("2026-11-23T09:00:0%d.5Z %s line %d\n", i, pod, i)
		}
	}
}

func read(t *testing.T, r *Runner, opt backend.LogOptions) (byTask map[string][]string, err error) {
	t.Helper()
	byTask = map[string][]string{}
	for line, e := range r.Logs(t.Context(), idA, opt) {
		if e != nil {
			err = e
			continue
		}
		byTask[line.Task] = append(byTask[line.Task], line.Text)
	}
	return byTask, err
}

func TestLogs(t *testing.T) {
	train := []string{"r0 line 0", "r0 line 1", "r0 line 2", "r1 line 0", "r1 line 1", "r1 line 2"}
	for _, follow := range []bool{false, true} {
		s, r := serve(t)
		logged(s)
		got, err := read(t, r, backend.LogOptions{Follow: follow})
		if err != nil || !slices.Equal(got["train"], train) || len(got["prepare"]) != 3 || len(got) != 2 {
			t.Errorf("follow %v: %q, %v", follow, got, err)
		}
		got, err = read(t, r, backend.LogOptions{Follow: follow, Task: "prepare"})
		if err != nil || len(got) != 1 || len(got["prepare"]) != 3 {
			t.Errorf("one task, follow %v: %q, %v", follow, got, err)
		}
		if _, err := read(t, r, backend.LogOptions{Follow: follow, Task: "nonsense"}); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("unknown task, follow %v: %v", follow, err)
		}
		delete(s.logs, "r0")
		got, err = read(t, r, backend.LogOptions{Follow: follow})
		if !errors.Is(err, backend.ErrNotFound) || !strings.Contains(err.Error(), "train") || !slices.Equal(got["train"], train[3:]) {
			t.Errorf("a pod that is gone, follow %v: %q, %v", follow, got, err)
		}
	}
	_, r := serve(t)
	if _, err := read(t, r, backend.LogOptions{Follow: true}); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("unknown run: %v", err)
	}
}

// TestLogsBrokenOff: a consumer that has enough leaves nobody behind.
func TestLogsBrokenOff(t *testing.T) {
	s, r := serve(t)
	logged(s)
	for range r.Logs(t.Context(), idA, backend.LogOptions{Follow: true}) {
		break
	}
}

// TestLogsRetry: a container that is about to start, and a server in trouble.
func TestLogsRetry(t *testing.T) {
	s, r := serve(t)
	logged(s)
	s.fault = func(verb string, n int, w http.ResponseWriter) bool {
		if verb != "log" || n%3 == 2 {
			return false
		}
		fail(w, []int{http.StatusBadRequest, http.StatusServiceUnavailable}[n%3], "")
		return true
	}
	if got, err := read(t, r, backend.LogOptions{Task: "prepare"}); err != nil || len(got["prepare"]) != 3 {
		t.Errorf("%q, %v", got, err)
	}
}
