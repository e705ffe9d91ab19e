package local

import (
	"strings"
	"testing"
)

func TestBootstrap(t *testing.T) {
	const plain = "if ! [ -x \"$(command -v pip)\" ]; then\n x\nfi\n\npython3 -m pip install --quiet 'kfp==2' && \"$0\" \"$@\"\n"
	const venv = "python3 -m pip install 'yapf'  &&  \nexport X=1\n tmp=$(mktemp -d)\npython3 -m venv \"$tmp/venv\" --system-site-packages\n" +
		". \"$tmp/venv/bin/activate\"\n python3 -m pip install 'kfp==2' && \"$0\" \"$@\"\n"
	rest := []string{"sh", "-ec", "writer", "source", "--x"}
	for _, c := range []struct {
		argv []string
		want string // the script, "" for none
	}{
		{append([]string{"sh", "-c", plain}, rest...), plain},
		{append([]string{"sh", "-c", venv}, rest...), "python3 -m pip install 'yapf'  &&  \nexport X=1\n python3 -m pip install 'kfp==2' && \"$0\" \"$@\"\n"},
		{append([]string{"sh", "-c", "echo \"$0\""}, rest...), ""},
		{[]string{"sh", "-c", "pip install x"}, ""},
		{[]string{"python3", "-m", "kfp.dsl.executor_main"}, ""},
	} {
		got, tail, ok := bootstrap(c.argv)
		if ok != (c.want != "") || got != c.want || ok && strings.Join(tail, " ") != strings.Join(rest, " ") {
			t.Errorf("%q: %q %q %v", c.argv, got, tail, ok)
		}
	}
}

// The installation happens once, in an environment of ours, and the tasks that
// begin with it run in there.
func TestVirtualEnvironment(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a virtual environment")
	}
	dir := t.TempDir()
	install := `: pip install; mktemp "` + dir + `/XXXXXX" >/dev/null; which python3; "$0" "$@"`
	c := kfp(nil, ports(port("o", str)), "sh", "-c", install, "sh", "-ec", `which python3 pip > "$0"`, outPath("o"))
	p := pipeline(dag(nil, nil, nil, task("a", c), task("b", c), task("c", c, after("a", "b"))))
	l := newRunner(t)
	r := wait(t, l, submit(t, l, p, nil).ID)
	for _, task := range r.Tasks {
		got, _ := task.Outputs["o"].Value.(string)
		for _, line := range strings.Fields(got) {
			if !strings.HasPrefix(line, l.opt.CacheDir+"/venv/") {
				t.Errorf("%s: %q: %s", task.Path, line, explain(r))
			}
		}
	}
	if n := len(mustReadDir(t, dir)); n != 1 {
		t.Errorf("%d installations", n)
	}
	// One that fails says so and leaves nothing behind.
	c = kfp(nil, nil, "sh", "-c", `: pip install; echo no such package >&2; exit 1; "$0" "$@"`, "sh", "-ec", "true")
	r = wait(t, l, submit(t, l, one(c), nil).ID)
	if !strings.Contains(r.Message, "no such package") {
		t.Error(explain(r))
	}
}
