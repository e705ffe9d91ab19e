package e2ecorpus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command"
)

// root is the checkout.
const root = "../../.."

// work is a folder for what all tests need: the program, and the stand-ins for
// other programs.
var work string

// The test binary doubles as the program: under the name kfp-go it runs Main.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "kfp-go" {
		os.Exit(app.Main(app.System(app.Build{Version: "v0.1.0"}), command.Root, os.Args[1:]))
	}
	os.Exit(prepared(m.Run))
}

func prepared(run func() int) int {
	dir, err := os.MkdirTemp("", "kfp-go-corpus")
	if err == nil {
		defer os.RemoveAll(dir)
		work = dir
		err = prepare(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

func prepare(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Symlink(self, filepath.Join(dir, "kfp-go")); err != nil {
		return err
	}
	return standIns(dir)
}

// setting is a variable of the environment, or what holds without it.
func setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// corpusRoot is the corpus; the test is skipped where there is none.
func corpusRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(setting("KFPGO_TEST_CORPUS", filepath.Join(root, "..", "shared", "corpus", "kfp")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpus is not here")
	}
	return dir
}

// A run is the part of the program's JSON that these tests look at.
type run struct {
	Name    string         `json:"name"`
	State   string         `json:"state"`
	Message string         `json:"message"`
	Outputs map[string]any `json:"outputs"`
	Tasks   []task         `json:"tasks"`
	log     string         // what the program wrote on standard error: tasks' logs too
}

type task struct {
	Path     string         `json:"path"`
	State    string         `json:"state"`
	Attempt  int            `json:"attempt"`
	Message  string         `json:"message"`
	Pod      string         `json:"pod"`
	Started  time.Time      `json:"started"`
	Finished time.Time      `json:"finished"`
	Outputs  map[string]any `json:"outputs"`
}

// program runs kfp-go to the end of a pipeline.
func program(t *testing.T, limit time.Duration, env []string, args ...string) run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(work, "kfp-go"), append(args, "--output", "json", "--logs", "--metadata", t.TempDir())...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = append(append(os.Environ(), "NO_COLOR=1"), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	r := run{log: errs.String()}
	if ctx.Err() != nil {
		t.Fatalf("not finished within %v\n%s", limit, tail(r.log))
	}
	if bad := json.Unmarshal(out.Bytes(), &r); bad != nil {
		t.Fatalf("no run: %v, %v\n%s", err, bad, tail(r.log))
	}
	return r
}

// tail is the end of a long text.
func tail(s string) string {
	const most = 4000
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}

// flags gives a case's arguments as the command line has them.
func flags(args map[string]any) []string {
	var out []string
	for _, name := range sortedKeys(args) {
		text, ok := args[name].(string)
		if !ok {
			b, _ := json.Marshal(args[name]) // values of the table
			text = string(b)
		}
		out = append(out, "-p", name+"="+text)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// here runs a case on this machine.
func here(t *testing.T, dir string, c *pipeline) run {
	t.Helper()
	env := []string{"PATH=" + filepath.Join(work, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "KFPGO_CACHE_DIR=" + filepath.Join(work, "cache")}
	args := append([]string{"run", c.path(dir)}, flags(c.arguments(t))...)
	for _, s := range secrets {
		args = append(args, "--secret", s.name+"/"+s.key+"="+s.value)
	}
	return program(t, 3*time.Minute, env, args...)
}

// standIns writes what stands in for other programs in bin: a Python that has
// the KFP SDK and whose pip has nothing to install, a program that some
// pipelines take from their image, and a shell that knows what they use.
func standIns(dir string) error {
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	python := fmt.Sprintf(`#!/bin/sh
case "$1 $2" in
"-m pip" | "-m ensurepip") exit 0 ;;
"-m venv")
	mkdir -p "$3/bin" && for name in python python3 pip; do ln -sf '%s/python3' "$3/bin/$name"; done
	exit ;;
esac
exec '%s/bin/python' "$@"
`, bin, oracleHome())
	files := map[string]string{"python3": python, "pip": "#!/bin/sh\n", "my_program": `#!/bin/sh
# keeps its arguments in the file that it is told to write
words= file=
while [ $# -gt 0 ]; do
	case $1 in
	--output_path) file=$2 && shift ;;
	*) words="$words<$1>" ;;
	esac
	shift
done
echo "$words"
[ -z "$file" ] || printf %s "$words" >"$file"
`}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink("python3", filepath.Join(bin, "python")); err != nil {
		return err
	}
	if busybox, err := exec.LookPath("busybox"); err == nil {
		return os.Symlink(busybox, filepath.Join(bin, "sh"))
	}
	return nil
}

// lines shortens a log to the lines that hold a word, for messages.
func lines(log, word string) string {
	var out []string
	for _, l := range strings.Split(log, "\n") {
		if strings.Contains(l, word) {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}
