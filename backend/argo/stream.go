package argo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kfp-go/kfp-go/backend"
)

// mainContainer is the user's, beside Argo's own.
const mainContainer = "main"

// maxLine bounds one line in memory; what is longer comes in pieces.
const maxLine = 1 << 20

// reopens is how often a log that stays silent is opened again after errors.
const reopens = 8

// stream reads one pod's log to its end. A connection that breaks while the
// container runs is opened again where it broke.
func (l *logger) stream(ctx context.Context, p pod) error {
	m := merge{}
	var b backoff
	for failures := 0; ; {
		n, err := l.open(ctx, p, &m)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n > 0 {
			failures = 0
			b.reset()
		}
		if err == nil {
			var running bool
			if running, err = l.running(ctx, p); err == nil && !running {
				return nil
			}
		}
		if err != nil && (!retryable(err) || failures == reopens) {
			return l.r.fail("read the log of pod", p.name, err)
		}
		if err != nil {
			failures++
		}
		if err := l.r.sleep(ctx, b.next()); err != nil {
			return err
		}
	}
}

// retryable: what passes, and a container that is only about to start.
func retryable(err error) bool {
	return transient(err) || apierrors.IsBadRequest(err) || errors.Is(err, io.ErrUnexpectedEOF)
}

// running reports whether more can come after the end of a log.
func (l *logger) running(ctx context.Context, p pod) (bool, error) {
	if !l.opt.Follow {
		return false, nil
	}
	pod, err := l.r.pods.Get(ctx, p.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil // its log was read to the end
	}
	if apierrors.IsForbidden(err) {
		return false, nil // may read logs, not pods: believe the end
	}
	if err != nil {
		return false, err
	}
	for _, c := range pod.Status.ContainerStatuses {
		if c.Name == mainContainer {
			return c.State.Running != nil, nil
		}
	}
	return false, nil
}

// open reads the log from where the merge stands and counts its new lines.
func (l *logger) open(ctx context.Context, p pod, m *merge) (lines int, err error) {
	body, err := l.r.pods.GetLogs(p.name, &corev1.PodLogOptions{Container: mainContainer, Follow: l.opt.Follow,
		Timestamps: true, SinceTime: m.since()}).Stream(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	m.begin()
	in := bufio.NewReaderSize(body, 64<<10)
	for {
		text, err := readLine(in)
		if text != "" || err == nil {
			if stamp, line, ok := m.take(text); ok {
				lines++
				if m.executor.wrote(line) {
					continue
				}
				if err := l.send(ctx, backend.Line{Task: p.path, Time: stamp, Text: line}); err != nil {
					return lines, err
				}
			}
		}
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

func (l *logger) send(ctx context.Context, line backend.Line) error {
	select {
	case l.lines <- line:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readLine reads up to a newline, which it cuts, or maxLine bytes.
func readLine(in *bufio.Reader) (string, error) {
	var b []byte
	for {
		part, err := in.ReadSlice('\n')
		b = append(b, part...)
		if err == bufio.ErrBufferFull && len(b) < maxLine {
			continue
		}
		if err == bufio.ErrBufferFull {
			return string(b), nil
		}
		if err == nil {
			b = b[:len(b)-1]
		}
		return string(b), err
	}
}

// A merge joins the pieces of a log whose connection broke. The server can be
// asked for whole seconds only, so the lines of the last second come again and
// are dropped, each as often as it was shown.
type merge struct {
	second time.Time
	shown  map[string]int // lines of the last second, with their stamps
	again  map[string]int // those that are still to come again

	executor executor
}

// An executor filter knows the lines that Argo's executor mixes into the
// program's log.
type executor struct{ exited bool }

// wrote reports whether the line is the executor's: its own messages, and,
// after the one that the program has exited, the complaint with which it ends.
func (e *executor) wrote(line string) bool {
	if strings.HasPrefix(line, `time="`) && strings.Contains(line, ` argo=true`) {
		e.exited = strings.Contains(line, `msg="sub-process exited"`)
		return true
	}
	was := e.exited
	e.exited = false
	return was && strings.HasPrefix(line, "Error: exit status ")
}

// since is where to ask from; nil for the beginning.
func (m *merge) since() *metav1.Time {
	if m.second.IsZero() {
		return nil
	}
	return &metav1.Time{Time: m.second}
}

// begin is to be called when a piece begins.
func (m *merge) begin() { m.again = maps.Clone(m.shown) }

// take splits the stamp off a raw line; ok is false for one already shown.
func (m *merge) take(raw string) (stamp time.Time, line string, ok bool) {
	if m.again[raw] > 0 {
		m.again[raw]--
		return time.Time{}, "", false
	}
	stamp, line = splitStamp(raw)
	if second := stamp.Truncate(time.Second); second.After(m.second) {
		m.second, m.shown = second, map[string]int{}
	}
	if m.shown == nil {
		m.shown = map[string]int{}
	}
	m.shown[raw]++
	return stamp, line, true
}

// splitStamp takes the stamp that the API server puts before each line; the
// continuation of a long line has none.
func splitStamp(raw string) (time.Time, string) {
	text, line, ok := strings.Cut(raw, " ")
	if len(text) > len(time.RFC3339Nano) {
		return time.Time{}, raw
	}
	stamp, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, raw
	}
	if !ok {
		return stamp, ""
	}
	return stamp, line
}
