package faulttest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An interruption is what is sent to a program at some instant.
var interruptions = [][]syscall.Signal{
	{syscall.SIGINT}, {syscall.SIGTERM}, {syscall.SIGHUP}, {syscall.SIGPIPE}, // two of one kind are one to a program that is stopped
	{syscall.SIGINT, syscall.SIGHUP}, {syscall.SIGTERM, syscall.SIGINT},
}

// interrupted are the commands to which that happens: those that are killed at
// every step, one that watches and two that read.
func interrupted() []sweep {
	recorded := func(p *place) { p.fine("run", "pipeline.yaml") }
	return append(slices.Clone(sweeps),
		sweep{name: "submit and watch", args: []string{"submit", "pipeline.yaml", "--watch"}},
		sweep{name: "runs list", args: []string{"runs", "list"}, prepare: recorded},
		sweep{name: "meta verify", args: []string{"meta", "verify"}, prepare: recorded})
}

// TestInterrupted: at random instants of each command. It ends by itself, the
// record is complete or absent, nothing is said to have failed that exists, and
// the next command works. Two signals end it at once: then the record is what a
// sudden death leaves.
func TestInterrupted(t *testing.T) {
	c := newCluster(t)
	instants := 3
	if nightly() {
		instants = 200
	}
	for i, s := range interrupted() {
		t.Run(s.name, func(t *testing.T) {
			hits := s.place(t, c, func(*place) {}).hits(s.args)
			chance := rand.New(rand.NewPCG(uint64(i), 1))
			for n := range instants {
				h := hits[chance.IntN(len(hits))]
				signals := interruptions[chance.IntN(len(interruptions))]
				t.Run(fmt.Sprintf("%d,%s,%v", n, h.point, signals), func(t *testing.T) {
					t.Parallel()
					interrupt(t, s.place(t, c, func(*place) {}), c, s, h.point, signals)
				})
			}
		})
	}
}

func interrupt(t *testing.T, p *place, c *cluster, s sweep, point string, signals []syscall.Signal) {
	r, passed := p.meanwhile(s.args, point, func(pid int) {
		for _, sig := range signals {
			p.must(syscall.Kill(pid, sig))
		}
	})
	unread := slices.Equal(signals, []syscall.Signal{syscall.SIGPIPE}) // which concerns writing only
	if r.signal != 0 || r.code != 130 && r.code != 0 || unread && r.code != 0 {
		t.Errorf("passed %v: %v", passed, r)
	}
	store := p.open()
	p.stored(store)
	s.consistent(t, p, store, c)
	list := p.listing()
	for _, l := range list {
		submitted := strings.HasPrefix(s.name, "submit")
		switch {
		case len(signals) > 1 || r.code == 0:
		case l.State == "succeeded", l.State == "stopped":
		case (submitted || s.name == "runs sync") && c.runs()[l.ID] == 1 && l.State != "failed":
		case submitted && c.runs()[l.ID] == 0 && (l.State == "failed" || l.State == "planned"):
		default:
			t.Errorf("recorded as %s: %v", l.State, r)
		}
	}
	if s.prepare != nil && !s.fills && len(list) == 0 {
		t.Error("the runs that were there are not listed")
	}
	if r := p.run(s.args); r.code != 0 {
		t.Errorf("the next one: %v", r)
	}
	p.stored(p.open())
}

// TestTwice: the first Ctrl-C waits for what does not want to end, the second
// does not.
func TestTwice(t *testing.T) {
	c := newCluster(t)
	c.endless = true
	for name, tt := range map[string]struct {
		args []string
		says string // when it waits
	}{
		"run": {[]string{"run", "stubborn.yaml"}, "Ctrl-C again quits at once"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			c.join(p)
			text := strings.Replace(pipelineText, `echo 1 > "$OUTPUT_N"`, `"trap '' TERM INT HUP; while true; do sleep 1; done"`, 1)
			p.must(os.WriteFile(p.dir+"/stubborn.yaml", []byte(text), 0o644))
			cmd := p.command(tt.args)
			out, err := cmd.StderrPipe()
			p.must(err)
			p.must(cmd.Start())
			var said strings.Builder
			var second time.Time
			chunk, sent := make([]byte, 4096), 0
			for {
				n, err := out.Read(chunk)
				said.Write(chunk[:n])
				switch text := said.String(); {
				case sent == 0 && strings.Contains(text, "count running"):
					p.must(syscall.Kill(cmd.Process.Pid, syscall.SIGINT))
					sent++
				case sent == 1 && strings.Contains(text, tt.says):
					second = time.Now()
					p.must(syscall.Kill(cmd.Process.Pid, syscall.SIGINT))
					sent++
				}
				if err != nil {
					break
				}
			}
			_ = cmd.Wait()
			if sent != 2 || cmd.ProcessState.ExitCode() != 130 {
				t.Errorf("exit code %d after %d signals\n%s", cmd.ProcessState.ExitCode(), sent, said.String())
			}
			took := time.Since(second).Round(time.Millisecond)
			t.Logf("gone %v after the second", took)
			if nightly() && took > time.Second/2 {
				t.Error("that is not at once")
			}
			p.stored(p.open())
		})
	}
}

// TestUnread: nobody reads what is said; the record is complete all the same.
func TestUnread(t *testing.T) {
	c := newCluster(t)
	for _, args := range [][]string{{"run", "pipeline.yaml"}, {"submit", "pipeline.yaml", "--watch"}, {"run", "pipeline.yaml", "-o", "json"}} {
		for _, both := range []bool{false, true} {
			t.Run(fmt.Sprint(args, both), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				c.join(p)
				r, w, err := os.Pipe()
				p.must(err)
				p.must(r.Close())
				defer w.Close()
				cmd := p.command(args)
				cmd.Stdout = w
				if both {
					cmd.Stderr = w
				}
				_ = cmd.Run()
				if code := cmd.ProcessState.ExitCode(); code != 141 {
					t.Errorf("exit code %d", code)
				}
				if list := p.listing(); len(list) != 1 || list[0].State != "succeeded" {
					t.Errorf("recorded are %+v", list)
				}
				p.stored(p.open())
			})
		}
	}
}
