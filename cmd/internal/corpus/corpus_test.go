package corpus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

const root = "../../../../shared/corpus/kfp"

// Each file of the corpus is as it must be.
func TestCorpus(t *testing.T) {
	if _, err := os.Stat(root); err != nil {
		t.Skip("the corpus is not here")
	}
	files, err := Files(root)
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	var facts []*Fact
	seen := map[string]bool{}
	for _, f := range files {
		fact, err := Check(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		facts, seen[f.Name] = append(facts, fact), true
		if len(fact.Wrong) > 0 {
			t.Errorf("%s: %s", f.Name, fact.Why())
		}
	}
	for name, r := range Refused {
		if !seen[name] || r.Reason == "" {
			t.Errorf("%s is on the list: in the corpus: %v, reason: %q", name, seen[name], r.Reason)
		}
	}
	var b strings.Builder
	if err := Write(&b, facts); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
}

const two = `
components:
  comp-a: {executorLabel: exec-a}
  comp-i: {executorLabel: exec-i}
  comp-c: {executorLabel: exec-c}
  comp-g:
    dag:
      tasks:
        a: {componentRef: {name: comp-a}}
        b: {componentRef: {name: comp-a}}
deploymentSpec:
  executors:
    exec-a: {container: {image: x, command: [x]}}
    exec-c: {container: {image: argostub/createpvc}}
    exec-i: {importer: {}}
pipelineInfo: {name: two}
root:
  dag:
    tasks:
      a: {componentRef: {name: comp-a}}
      c: {componentRef: {name: comp-c}}
      g: {componentRef: {name: comp-g}}
      i: {componentRef: {name: comp-i}}
`

func TestCountIR(t *testing.T) {
	got, err := countIR([]byte("---\nplatforms: {}\n---" + two))
	if want := (Counts{Containers: 3, Importers: 1, Claims: 1, Bytes: len(two) + 21}); err != nil || got != want {
		t.Errorf("%+v, want %+v: %v", got, want, err)
	}
	for _, bad := range []string{"a: b", "- [", strings.Replace(two, "{name: comp-i}", "{name: comp-z}", 1)} {
		if got, err := countIR([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestCountManifest(t *testing.T) {
	const manifest = `spec:
  entrypoint: main
  onExit: last
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: pod}
      - {name: b, template: inner, hooks: {exit: {template: pod}}}
      - {name: c, template: claim}
  - name: inner
    steps:
    - [{name: x, template: pod}, {name: y, inline: {script: {}}}]
  - {name: pod, container: {}}
  - {name: unused, container: {}}
  - {name: claim, resource: {}}
  - {name: last, http: {}}
`
	got, err := countManifest([]byte(manifest))
	if want := (Counts{Containers: 5, Claims: 1, Bytes: len(manifest)}); err != nil || got != want {
		t.Errorf("%+v, want %+v: %v", got, want, err)
	}
	for _, bad := range []string{"[", strings.Replace(manifest, "template: claim", "template: gone", 1),
		strings.Replace(manifest, "template: claim", "template: main", 1)} {
		if _, err := countManifest([]byte(bad)); err == nil {
			t.Errorf("%q", bad)
		}
	}
}

// A file that is refused, and one that is not as the lists say.
func TestJudgement(t *testing.T) {
	dir := t.TempDir()
	check := func(name, text string) *Fact {
		t.Helper()
		file := File{Name: name, Path: filepath.Join(dir, "file.yaml")}
		if err := os.WriteFile(file.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Check(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	const sound = `
components: {comp-a: {executorLabel: exec-a}}
deploymentSpec: {executors: {exec-a: {container: {image: "busybox:1", command: [echo]}}}}
pipelineInfo: {name: one}
root: {dag: {tasks: {a: {componentRef: {name: comp-a}, taskInfo: {name: a}}}}}
schemaVersion: 2.1.0
`
	fine := check("fine.yaml", sound)
	if fine.State() != "fine" || !fine.Fine() || fine.Manifest.Containers != 1 {
		t.Errorf("%s: %s", fine.State(), fine.Why())
	}
	unsound := strings.Replace(sound, "command: [echo]", "command: [echo, \"{{$.inputs.parameters['none']}}\"]", 1)
	broken := check("broken.yaml", unsound)
	if broken.State() != "WRONG" || broken.Fine() || broken.Refusal == nil || broken.Refusal.Severity != diag.Error {
		t.Errorf("%s: %s", broken.State(), broken.Why())
	}
	facts := []*Fact{fine, broken}
	Refused["odd.yaml"] = Refusal{"K999", "for this test"}
	defer delete(Refused, "odd.yaml")
	if odd := check("odd.yaml", sound); odd.State() != "WRONG" || !strings.Contains(odd.Why(), "take it off the list") {
		t.Errorf("%s: %s", odd.State(), odd.Why())
	}
	Refused["odd.yaml"] = Refusal{broken.Refusal.Code, "for this test"}
	if odd := check("odd.yaml", unsound); odd.State() != "refused" || !odd.Fine() {
		t.Errorf("%s: %s", odd.State(), odd.Why())
	}
	if s := Summarize(facts); s.Fine != 1 || s.Wrong != 1 || s.Files != 2 || s.Manifest.Containers != 1 {
		t.Errorf("%+v", s)
	}
}
