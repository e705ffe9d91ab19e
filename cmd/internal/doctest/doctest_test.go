package doctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

const root = "../../.."

// The test binary doubles as the program: under the name kfp-go it runs Main.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "kfp-go" {
		os.Exit(app.Main(app.System(app.Build{Version: "v0.1.0"}), command.Root, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// A block is a fenced piece of a document: lines from (the first inside the
// fence) to end (the closing fence).
type block struct{ from, end int }

func blocks(lines []string, info string) []block {
	var out []block
	for i := 0; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "```"+info {
			continue
		}
		b := block{from: i + 1}
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
		}
		b.end = i
		out = append(out, b)
	}
	return out
}

func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{filepath.Join(root, "README.md")}, files...)
}

// TestConsole executes the console blocks of each document, in order, in one
// folder that holds a copy of examples/. A line that begins with "$ " is a
// command; what follows is its output, standard output and error together.
func TestConsole(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("the examples need python3")
	}
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		found := blocks(lines, "console")
		if len(found) == 0 {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			sh := shell(t)
			var out []string
			next := 0
			for _, b := range found {
				out = append(out, lines[next:b.from]...)
				got := play(t, sh, lines[b.from:b.end])
				want := strings.Join(lines[b.from:b.end], "\n")
				if diff := cmp.Diff(vary(want), vary(strings.Join(got, "\n"))); diff != "" {
					if !goldentest.Updating() {
						t.Errorf("%s:%d: the output is not what the document says (-document +now):\n%s", file, b.from+1, diff)
					}
					out = append(out, got...)
				} else {
					out = append(out, lines[b.from:b.end]...)
				}
				next = b.end
			}
			out = append(out, lines[next:]...)
			if goldentest.Updating() {
				if err := os.WriteFile(file, []byte(strings.Join(out, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// shell gives a function that runs one command line in a project of its own
// and returns what it printed.
func shell(t *testing.T) func(string) string {
	t.Helper()
	in := project(t)
	return func(line string) string {
		cmd := in("sh", "-c", line)
		out, err := cmd.CombinedOutput()
		if _, ended := err.(*exec.ExitError); err != nil && !ended {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(out), cmd.Dir, "/project")
	}
}

// project makes a folder with a copy of examples/ and a home, and gives a
// function that prepares a command there, in which kfp-go is this program. more
// are variables of its environment.
func project(t *testing.T, more ...string) func(name string, args ...string) *exec.Cmd {
	t.Helper()
	dir, bin, home, coverage := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "kfp-go")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join(root, "examples"))); err != nil {
		t.Fatal(err)
	}
	// The checkout's root holds the record, as it does for a user.
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return func(name string, args ...string) *exec.Cmd {
		if name == "kfp-go" {
			name = program
		}
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + home, "TZ=UTC", "LANG=C.UTF-8", "NO_COLOR=1", "COLUMNS=100", "GOCOVERDIR=" + coverage}
		cmd.Env = append(cmd.Env, more...)
		return cmd
	}
}

func play(t *testing.T, sh func(string) string, lines []string) []string {
	t.Helper()
	var out []string
	for i := 0; i < len(lines); i++ {
		if !strings.HasPrefix(lines[i], "$ ") {
			continue
		}
		out = append(out, lines[i])
		if text := strings.TrimRight(sh(strings.TrimPrefix(lines[i], "$ ")), "\n"); text != "" {
			out = append(out, strings.Split(text, "\n")...)
		}
	}
	return out
}

var varying = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`\b01[0-9a-f]{6}(-[0-9a-f]{4}){0,2}\b`), "<id>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?`), "<time>"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d(\.\d+)?\b`), "<clock>"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(µs|ms|s)\b`), "<span>"},
	{regexp.MustCompile(`just now|<span> ago`), "<ago>"},
	{regexp.MustCompile(`-[0-9a-f]{6}\b`), "-<suffix>"},
	// Whether a short run is seen before it is over is chance.
	{regexp.MustCompile(`(?m)^<clock> run \S+ (submitted|running)\n`), ""},
	{regexp.MustCompile(` {2,}`), "  "},
	{regexp.MustCompile(`(?m) +$`), ""},
}

// vary blots out what differs from run to run: ids, times, durations, widths of
// columns, and the order of what happened at the same time.
func vary(text string) string {
	for _, v := range varying {
		text = v.re.ReplaceAllString(text, v.with)
	}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		end := i
		for end < len(lines) && (strings.HasPrefix(lines[end], "<clock> ") || strings.HasPrefix(lines[end], "note: ")) {
			end++
		}
		slices.Sort(lines[i:end])
		i = max(i, end-1)
	}
	return strings.Join(lines, "\n")
}

// TestShownFiles compares each block behind a line "<!-- file: NAME -->" with
// that file.
func TestShownFiles(t *testing.T) {
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i := 0; i < len(lines); i++ {
			name, shown := strings.CutPrefix(lines[i], "<!-- file: ")
			if !shown {
				continue
			}
			name = strings.TrimSuffix(name, " -->")
			want, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			end := i + 2
			for end < len(lines) && lines[end] != "```" {
				end++
			}
			body := strings.Split(strings.TrimRight(string(want), "\n"), "\n")
			if diff := cmp.Diff(body, lines[i+2:end]); diff != "" && !goldentest.Updating() {
				t.Errorf("%s:%d: not what %s holds (-file +document):\n%s", file, i+1, name, diff)
			}
			lines = append(append(append([]string(nil), lines[:i+2]...), body...), lines[end:]...)
		}
		if goldentest.Updating() {
			if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestRecipes runs the shell blocks of docs/ci.md, but what needs a cluster or
// git, in a project whose pipelines/ are the examples (but that for which a
// machine needs KFP's SDK).
func TestRecipes(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("the examples need python3")
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	in := project(t)
	if out, err := in("sh", "-c", "rm -r examples/from-python && mv examples pipelines && mkdir deploy").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(string(text), "\n")
	tried := 0
	for _, b := range blocks(lines, "sh") {
		for _, line := range lines[b.from:b.end] {
			if !strings.HasPrefix(line, "kfp-go ") || strings.HasPrefix(line, "kfp-go submit") {
				continue
			}
			tried++
			if out, err := in("sh", "-c", line).CombinedOutput(); err != nil {
				t.Errorf("docs/ci.md: %s: %v\n%s", line, err, out)
			}
		}
	}
	if tried == 0 {
		t.Error("docs/ci.md shows no command")
	}
}
