package randomtest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/backend/argo/verify"
	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/argo"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// Pipelines whose references lead elsewhere: to tasks that may be skipped, into
// groups that others cannot see, to outputs that nobody writes, around in a
// circle; inputs that are not optional any more, conditions that are gone. Each
// is refused by the compiler, or its run ends. Nothing may hang.

// reference is text that names something which may be another.
var reference = map[pipelinegen.Dialect]*regexp.Regexp{
	pipelinegen.DSL: regexp.MustCompile(`\b(tasks)\.([A-Za-z0-9_-]+)\.outputs\.[A-Za-z0-9_-]+|\b(outputs|inputs)\.([A-Za-z0-9_-]+)|\b(after): "([^"]+)"`),
	pipelinegen.KFP: regexp.MustCompile(`\b(producerTask|producerSubtask|outputParameterKey|outputArtifactKey|componentInputParameter|componentInputArtifact): "([^"]+)"`),
}

// dropped are lines without which a pipeline has fewer ways to do without a value.
var dropped = regexp.MustCompile(`\n *("?isOptional"?|optional|"?defaultValue"?|default|when|trigger|"?condition"?|"?strategy"?): [^\n]*`)

// mutant is a sample with a few of its references changed, the same for a seed.
func mutant(s sample) sample {
	r := rand.New(rand.NewPCG(s.opt.Seed, 1))
	text := string(s.Text)
	for range 1 + r.IntN(2) {
		if all := dropped.FindAllStringIndex(text, -1); len(all) > 0 && r.IntN(3) == 0 {
			at := all[r.IntN(len(all))]
			text = text[:at[0]] + text[at[1]:]
			continue
		}
		all := reference[s.opt.Dialect].FindAllStringSubmatchIndex(text, -1)
		if len(all) == 0 {
			break
		}
		at := all[r.IntN(len(all))]
		var others []string
		for _, x := range all {
			if kind(text, x) == kind(text, at) {
				others = append(others, text[x[0]:x[1]])
			}
		}
		other := others[r.IntN(len(others))]
		if r.IntN(5) == 0 {
			other = strings.TrimSuffix(other, `"`) + `x`
			if s.opt.Dialect == pipelinegen.KFP {
				other += `"`
			}
		}
		text = text[:at[0]] + other + text[at[1]:]
	}
	out := *s.Pipeline
	out.Text = []byte(text)
	return sample{&out, s.opt}
}

// kind is the first group of a match that is there.
func kind(text string, match []int) string {
	for i := 2; i < len(match); i += 4 {
		if match[i] >= 0 {
			return text[match[i]:match[i+1]]
		}
	}
	return ""
}

// accepted compiles a mutant. It may be refused with findings; what is accepted
// must be a manifest that Argo accepts.
func accepted(t testing.TB, s sample) bool {
	t.Helper()
	res, err := compiler.Compile(t.Context(), source.NewFile("random.yaml", s.Text), compiler.Options{Open: true, Stop: compiler.AfterCheck})
	if err != nil {
		t.Errorf("%s: %v\n%s", s, err, keep(t, s))
		return false
	}
	if diag.HasErrors(res.Diagnostics) {
		return false
	}
	for _, p := range res.Pipeline.Root.Inputs {
		if s.Args[p.Name.Text] == nil && !p.Optional && p.Default == nil {
			return false // it cannot be submitted
		}
	}
	var found diag.List
	m, err := argo.Lower(res.Pipeline, res.Info, argo.Options{Args: s.Args}, found.Report)
	if err != nil {
		t.Errorf("%s: %v\n%s", s, err, keep(t, s))
		return false
	}
	if found.Errors() {
		return false
	}
	wrong, err := verify.Check(t.Context(), m.YAML)
	if err != nil || len(wrong) > 0 {
		t.Errorf("%s: %v %v\n%s", s, wrong, err, keep(t, s))
		return false
	}
	return true
}

// drawMutants gives n mutants that the compiler accepts, and how many it refused
// on the way.
func drawMutants(t testing.TB, n int, opt pipelinegen.Options) (list []sample, refused int) {
	t.Helper()
	for i := 0; len(list) < n && !t.Failed(); i++ {
		s := draw(t, i, opt)
		m := mutant(s)
		switch {
		case slices.Equal(m.Text, s.Text):
		case accepted(t, m):
			list = append(list, m)
		default:
			refused++
		}
	}
	return list, refused
}

func TestMutantsEnd(t *testing.T) {
	n := setting(t, "local", 200) / 4
	list, refused := drawMutants(t, n, pipelinegen.Options{Size: 9, MaxPods: 8})
	t.Logf("%d accepted, %d refused", len(list), refused)
	if n >= 50 && refused < n/2 {
		t.Errorf("of %d mutants only %d are refused", n+refused, refused)
	}
	slots := make(chan struct{}, 4)
	for _, s := range list {
		t.Run(fmt.Sprint(s.opt.Dialect, s.opt.Seed), func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			if _, err := here(t, s); err != nil {
				t.Errorf("%v\n%s", err, keep(t, s))
			}
		})
	}
}
