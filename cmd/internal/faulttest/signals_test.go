package faulttest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An interruption is what is sent to a program at some instant.
var interruptions = [][]syscall.Signal{
	{syscall.SIGINT}, {syscall.SIGTERM}, {syscall.SIGHUP}, {syscall.SIGINT, syscall.SIGINT}, {syscall.SIGTERM, syscall.SIGINT},
}

// TestInterrupted: at random instants of each command. It ends by itself, the
// record is complete or absent, nothing is said to have failed that exists, and
// the next command works. Two signals end it at once: then the record is what a
// sudden death leaves.
func TestInterrupted(t *testing.T) {
	c := newCluster(t)
	instants := 6
	if nightly() {
		instants = 200
	}
	for i, args := range [][]string{
		{"run", "pipeline.yaml"},
		{"submit", "pipeline.yaml", "--watch"},
		{"runs", "list"},
		{"meta", "verify"},
	} {
		t.Run(strings.Join(args[:min(2, len(args))], " "), func(t *testing.T) {
			p := newPlace(t)
			c.join(p)
			reads := args[0] == "runs" || args[0] == "meta"
			if reads {
				if r := p.run([]string{"run", "pipeline.yaml"}); r.code != 0 {
					t.Fatal(r)
				}
			}
			hits := p.hits(args)
			chance := rand.New(rand.NewPCG(uint64(i), 1))
			for n := range instants {
				h := hits[chance.IntN(len(hits))]
				signals := interruptions[chance.IntN(len(interruptions))]
				t.Run(fmt.Sprintf("%d,%s,%v", n, h.point, signals), func(t *testing.T) {
					t.Parallel()
					at := *p
					if !reads {
						at = *newPlace(t)
						c.join(&at)
					}
					at.t = t
					interrupt(t, &at, c, args, h.point, signals)
				})
			}
		})
	}
}

func interrupt(t *testing.T, p *place, c *cluster, args []string, point string, signals []syscall.Signal) {
	r, passed := p.meanwhile(args, point, func(pid int) {
		for _, s := range signals {
			p.must(syscall.Kill(pid, s))
		}
	})
	if r.signal != 0 || r.code != 130 && r.code != 0 {
		t.Errorf("passed %v: %v", passed, r)
	}
	store := p.open()
	p.stored(store)
	sweep{}.consistent(t, p, store, c)
	for _, l := range p.listing() {
		switch {
		case len(signals) > 1 || r.code == 0:
		case l.State == "succeeded", l.State == "stopped":
		case args[0] == "submit" && c.runs()[l.ID] == 1 && l.State != "failed":
		case args[0] == "submit" && c.runs()[l.ID] == 0 && (l.State == "failed" || l.State == "planned"):
		default:
			t.Errorf("recorded as %s: %v", l.State, r)
		}
	}
	if r := p.run(args); r.code != 0 {
		t.Errorf("the next one: %v", r)
	}
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
			t.Logf("gone %v after the second", time.Since(second).Round(time.Millisecond))
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
