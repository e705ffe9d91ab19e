//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kfp-go/kfp-go/backend/servertest"
)

// A user has a home, a state folder and a checkout that nobody else sees.
type user struct{ home, metadata string }

func newUser(t *testing.T, s *servertest.Versity) user {
	t.Helper()
	u := user{t.TempDir(), "s3://records/team?endpoint=" + url.QueryEscape("http://"+s.Address)}
	if err := os.Mkdir(filepath.Join(u.home, "project"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(u.home, "project", "pipeline.yaml"), []byte(`pipeline: shared
components:
  text: {image: "busybox:1", inputs: {v: string}, outputs: {t: string}, script: 'printf "%s" "$INPUT_V" > "$OUTPUT_T"'}
tasks:
  first: {component: text, inputs: {v: a}}
  second: {component: text, inputs: {v: "${{ tasks.first.outputs.t }}"}}
  loop:
    for-each: [1, 2, 3]
    as: k
    tasks:
      again: {component: text, inputs: {v: "${{ string(k) }}"}}
`))
	return u
}

func (u user) kfp(t *testing.T, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	cmd.Dir = filepath.Join(u.home, "project")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + u.home, "XDG_STATE_HOME=" + filepath.Join(u.home, "state"), "XDG_CACHE_HOME=" + filepath.Join(u.home, "cache"),
		"KFPGO_METADATA=" + u.metadata, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=testtest", "NO_COLOR=1"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Error(err)
		return "", "", -1
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestE2ELaptops: two laptops and a CI job write to one bucket, whose server is
// killed and started again under them. Nobody waits for it, no run is lost, and
// in the end all of them see the same history.
func TestE2ELaptops(t *testing.T) {
	server := servertest.NewVersity(t, "records")
	const each, kills = 6, 4
	users := []user{newUser(t, server), newUser(t, server), newUser(t, server)}
	ended := make(chan run)
	var wg sync.WaitGroup
	for _, u := range users {
		wg.Go(func() {
			for range each {
				stdout, stderr, exit := u.kfp(t, "run", "--output", "json")
				var r run
				if err := json.Unmarshal([]byte(stdout), &r); err != nil || exit != 0 {
					t.Errorf("run: exit %d, %v\n%s", exit, err, stderr)
				}
				ended <- r
			}
		})
	}
	runs, killed := map[string]run{}, 0
	for i := range each * len(users) {
		r := <-ended
		runs[r.ID] = r
		// Down and up again with every second run that ends: some begin
		// without the server, some lose it on the way.
		switch {
		case i%4 == 1 && killed < kills:
			server.Kill()
			killed++
		case i%4 == 3 && !server.Running():
			server.Start(t)
		}
	}
	wg.Wait()
	if !server.Running() {
		server.Start(t)
	}
	spooled := 0
	for _, u := range users {
		left, err := filepath.Glob(filepath.Join(u.home, "state", "kfp-go", "spool", "*", "inbox", "*"))
		if err != nil {
			t.Fatal(err)
		}
		spooled += len(left)
		// Whoever comes next sends what was put aside.
		if _, stderr, exit := u.kfp(t, "runs", "list"); exit != 0 {
			t.Errorf("runs list: exit %d\n%s", exit, stderr)
		}
		if left, _ = filepath.Glob(filepath.Join(u.home, "state", "kfp-go", "spool", "*", "inbox", "*")); len(left) > 0 {
			t.Errorf("left in the spool: %v", left)
		}
	}
	if killed != kills {
		t.Errorf("killed %d times, want %d", killed, kills)
	}
	t.Logf("%d runs of %d users, the server killed %d times, %d events in spools at the end", len(runs), len(users), killed, spooled)

	var history string
	for i, u := range users {
		stdout, stderr, exit := u.kfp(t, "runs", "list", "--limit", "0", "--output", "json")
		if exit != 0 {
			t.Fatalf("runs list: exit %d\n%s", exit, stderr)
		}
		if i == 0 {
			history = stdout
		} else if stdout != history {
			t.Errorf("two histories:\n%s\n%s", history, stdout)
		}
		if stdout, stderr, exit := u.kfp(t, "meta", "verify"); exit != 0 {
			t.Errorf("meta verify: exit %d\n%s%s", exit, stdout, stderr)
		}
	}
	var list struct{ Runs []run }
	if err := json.Unmarshal([]byte(history), &list); err != nil {
		t.Fatal(err)
	}
	if len(runs) != each*len(users) || len(list.Runs) != len(runs) {
		t.Errorf("%d runs recorded, %d ended; want %d", len(list.Runs), len(runs), each*len(users))
	}
	for _, r := range list.Runs {
		if _, ok := runs[r.ID]; !ok || r.State != "succeeded" {
			t.Errorf("run %s is recorded as %s, known: %v", r.ID, r.State, ok)
		}
	}
	for id, r := range runs {
		stdout, stderr, exit := users[0].kfp(t, "runs", "get", id, "--output", "json")
		var got run
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || exit != 0 {
			t.Errorf("runs get: exit %d, %v\n%s", exit, err, stderr)
			continue
		}
		if want, have := strings.Join(states(r), ", "), strings.Join(states(got), ", "); want != have || fmt.Sprint(outputs(r)) != fmt.Sprint(outputs(got)) {
			t.Errorf("%s is recorded as %s, it was %s", id, have, want)
		}
	}
}
