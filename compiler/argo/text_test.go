package argo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	exprlang "github.com/expr-lang/expr"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// nasty draws text full of what Argo, the kubelet and YAML take for theirs.
func nasty(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom([]string{"{{", "}}", "{", "}", "$", "$$", "$(HOME)", "$(", ")", "{{=1+1}}", "{{workflow.name}}", "\n", "\n\n", " ", "\t", "'", "\"", "\\", "#", ": ", "- ", "é", "😀", "\x01", "\x7f", "\u2028", "yes", "1e3", "%", "<&>", "KFP_E"}),
		rapid.String()), 0, 8).Draw(t, "parts")
	return strings.ToValidUTF8(strings.Join(parts, ""), "?")
}

// kubelet expands a field as Kubernetes does.
func kubelet(s string, env map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch {
		case s[i+1] == '$':
			b.WriteByte('$')
			i++
		case s[i+1] == '(' && strings.IndexByte(s[i:], ')') > 0:
			end := i + strings.IndexByte(s[i:], ')')
			if v, ok := env[s[i+2:end]]; ok {
				b.WriteString(v)
			} else {
				b.WriteString(s[i : end+1])
			}
			i = end
		default: // the next byte is read as a character
			b.WriteString("$" + string(rune(s[i+1])))
			i++
		}
	}
	return b.String()
}

func TestKubeletRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := nasty(t)
		out := kubeletConst(s, nil)
		if strings.Contains(out, "{{") {
			t.Fatalf("%q still opens a tag: %q", s, out)
		}
		if got := kubelet(out, map[string]string{braces: ""}); got != s {
			t.Fatalf("%q arrives as %q", s, got)
		}
		program, err := exprlang.Compile(kubeletExpr("x"), exprlang.Env(map[string]any{"x": ""}))
		if err != nil {
			t.Fatal(err)
		}
		escaped, err := exprlang.Run(program, map[string]any{"x": s})
		if err != nil {
			t.Fatal(err)
		}
		if got := kubelet(escaped.(string), map[string]string{braces: ""}); got != s {
			t.Fatalf("at run time %q becomes %q, which arrives as %q", s, escaped, got)
		}
	})
}

// What the kubelet leaves alone is not escaped.
func TestHarmlessDollars(t *testing.T) {
	for text, want := range map[string]string{
		`echo "$INPUT_X" > $1`: `echo "$INPUT_X" > $1`,
		"$":                    "$$",
		"$$":                   "$$$$",
		"$(id)":                "$$(id)",
		"$é":                   "$$é",
		"${HOME}":              "${HOME}",
	} {
		if got := kubeletConst(text, nil); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// What KFP's programs mean by $(NAME), and how they write it as text.
func TestDeclaredVariables(t *testing.T) {
	for text, want := range map[string]string{
		"$(FOO)":          "value",
		"$$(FOO)":         "$(FOO)",
		"a$(FOO)$$(FOO)b": "avalue$(FOO)b",
		"$(NOPE) $$(FOO)": "$(NOPE) $(FOO)",
		"$$ $(FOO":        "$$ $(FOO",
	} {
		if got := kubelet(kubeletConst(text, map[string]bool{"FOO": true}), map[string]string{"FOO": "value"}); got != want {
			t.Errorf("%q arrives as %q, want %q", text, got, want)
		}
	}
}

func TestWireRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := nasty(t)
		text, _ := json.Marshal(map[string]any{s: []any{s, nil, 1.5}})
		out := wireConst(string(text))
		if strings.Contains(out, "{{") || strings.Contains(out, "$") {
			t.Fatalf("%q is not inert: %q", s, out)
		}
		var want, got any
		_ = json.Unmarshal(text, &want)
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if string(a) != string(b) {
			t.Fatalf("%s became %s", a, b)
		}
		program, err := exprlang.Compile(wireExpr("x"), exprlang.Env(map[string]any{"x": ""}))
		if err != nil {
			t.Fatal(err)
		}
		if now, err := exprlang.Run(program, map[string]any{"x": string(text)}); err != nil || now != out {
			t.Fatalf("at run time %q, at compile time %q (%v)", now, out, err)
		}
	})
}

// Whatever text a template holds, a YAML reader gets it back.
func TestYAMLRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &wfv1.Template{Name: nasty(t), Annotations: map[string]string{nasty(t): nasty(t)},
			Container: &corev1.Container{Image: nasty(t), Command: []string{nasty(t), nasty(t)}, Env: []corev1.EnvVar{{Name: "E", Value: nasty(t)}}}}
		out := printYAML(w)
		var back wfv1.Template
		if err := yaml.UnmarshalStrict(out, &back); err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		a, _ := json.Marshal(w)
		b, _ := json.Marshal(&back)
		if string(a) != string(b) {
			t.Fatalf("%s\nbecame\n%s\nthrough\n%s", a, b, out)
		}
	})
}

func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNames()
		var all []string
		for range rapid.IntRange(1, 20).Draw(t, "n") {
			all = append(all, n.take(taskName(rapid.OneOf(rapid.SampledFrom([]string{"if", "a_b", "a-b", "a b", "1", "not", strings.Repeat("x", 200)}), rapid.String()).Draw(t, "name"))))
		}
		for i, name := range all {
			if !simpleName(name, true) || keyword(name) {
				t.Fatalf("%q is no name of a task", name)
			}
			if slices.Contains(all[:i], name) {
				t.Fatalf("%q twice", name)
			}
		}
		if name := templateName(rapid.String().Draw(t, "template")); strings.ToLower(name) != name || name == "" || len(name) > maxName {
			t.Fatalf("%q is no name of a template", name)
		}
	})
}

// A budget per class, as Argo evaluates it.
func TestClassesAgree(t *testing.T) {
	three, term := 3, 143
	for _, x := range []struct {
		message string
		code    *int
		want    string
	}{
		{"Pod was active on the node longer than the specified deadline", nil, "timeout"},
		{"OOMKilled (exit code 137)", nil, "out-of-memory"},
		{"main: OOMKilled (exit code 137)", &three, "out-of-memory"},
		{"pod deleted", nil, "preempted"},
		{"The node was low on resource: memory. Evicted", nil, "preempted"},
		{"main: Error (exit code 143)", &term, "preempted"},
		{"ImagePullBackOff", nil, "infrastructure"},
		{"main: Error (exit code 3)", &three, "error"},
	} {
		if got := Class(x.message, x.code).String(); got != x.want {
			t.Errorf("%q: %s, want %s", x.message, got, x.want)
		}
	}
}

func TestReaderPaths(t *testing.T) {
	dag := func(name string, notes string, tasks ...wfv1.DAGTask) wfv1.Template {
		out := wfv1.Template{Name: name, DAG: &wfv1.DAGTemplate{Tasks: tasks}}
		if notes != "" {
			out.Annotations = map[string]string{NotePaths: notes}
		}
		return out
	}
	wf := &wfv1.Workflow{}
	wf.Name = "w"
	wf.Spec.Templates = []wfv1.Template{
		dag("main", `{"a-b":"a_b","part-1":""}`), dag("part", ""), dag("loop", `{"item":"[*]"}`), dag("body", `{"branch-1":"[1]"}`),
		{Name: "c", Container: &corev1.Container{}},
	}
	node := func(id, name, template, in string, kind wfv1.NodeType, retried bool) {
		n := wfv1.NodeStatus{ID: id, DisplayName: name, TemplateName: template, BoundaryID: in, Type: kind}
		if retried {
			n.NodeFlag = &wfv1.NodeFlag{Retried: true}
		}
		wf.Status.Nodes[id] = n
	}
	wf.Status.Nodes = wfv1.Nodes{}
	node("w", "w", "main", "", wfv1.NodeTypeDAG, false)
	node("p", "part-1", "part", "w", wfv1.NodeTypeDAG, false)
	node("x", "a-b", "c", "w", wfv1.NodeTypePod, false)
	node("l", "each", "loop", "p", wfv1.NodeTypeDAG, false)
	node("g", "item", "body", "l", wfv1.NodeTypeTaskGroup, false)
	node("i", "item(12:12)", "body", "l", wfv1.NodeTypeDAG, false)
	node("b", "branch-1", "body", "i", wfv1.NodeTypeDAG, false)
	node("y", "go", "c", "b", wfv1.NodeTypeRetry, false)
	node("y0", "go(0)", "c", "b", wfv1.NodeTypePod, true)
	node("z", "z", "gone", "w", wfv1.NodeTypePod, false)
	node("o", "o", "c", "o", wfv1.NodeTypePod, false) // in itself: a damaged status
	got := TaskPaths(wf)
	want := map[string]string{"x": "a_b", "y": "each[12][1]/go"}
	for id, path := range want {
		if got[id] != path {
			t.Errorf("%s: %q, want %q", id, got[id], path)
		}
	}
	for _, id := range []string{"g", "y0", "z", "l"} {
		if got[id] != "" {
			t.Errorf("%s is no task: %q", id, got[id])
		}
	}
}
