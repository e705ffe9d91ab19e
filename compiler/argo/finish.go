package argo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// describe declares the inputs' artifacts and writes down how the outputs are
// read.
func (p *pod) describe() {
	p.mountInputs()
	ports := map[string]string{}
	for _, port := range p.c.Outputs {
		name := portName(port.Name.Text)
		kind := portKind(port.Type)
		if kind == "string" && name == port.Name.Text {
			continue
		}
		if name != port.Name.Text {
			kind += " " + port.Name.Text
		}
		ports[name] = kind
	}
	if len(ports) > 0 {
		b, _ := json.Marshal(ports) // keys sorted
		p.annotate(NotePorts, string(b))
	}
}

// portKind names a type in annotations: string, integer, …, or an artifact's
// schema title behind "artifact ".
func portKind(t ir.Type) string {
	if t.IsArtifact() {
		for t.Kind == ir.List && t.Items != nil {
			t = *t.Items
		}
		return "artifact:" + t.Schema.Title
	}
	if t.Kind == ir.List {
		return "list"
	}
	return t.String()
}

func (p *pod) annotate(key, text string) {
	if p.t.Annotations == nil {
		p.t.Annotations = map[string]string{}
	}
	p.t.Annotations[key] = text
}

// finish adds what depends on everything else.
func (p *pod) finish() {
	p.memoize()
	p.t.PodSpecPatch = p.patch.text(p.t.Tolerations)
	if p.settings != nil && p.settings.Argo != nil {
		p.patchTemplate(p.settings.Argo, p.settings.ArgoAt)
	}
}

// memoize keeps results in config maps: one for each component and each of 256
// parts of its keys, since a full one makes tasks fail.
func (p *pod) memoize() {
	s := p.settings
	asked := s != nil && s.Cache != nil && s.Cache.Asked
	if !asked && (!p.l.opt.Cache || s == nil || s.Cache == nil) {
		return
	}
	e := p.cacheKey()
	name := templateName(p.l.componentName(p.c))
	sum := "sprig.sha256sum(" + e + ")"
	m := &wfv1.Memoize{
		Key: "kfp-" + tag(sum),
		Cache: &wfv1.Cache{ConfigMap: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{
			Name: "kfp-cache-{{workflow.namespace}}-" + cut(name, 100) + "-" + tag(sum+"[0:2]")}}},
	}
	if s.Cache.MaxAge > 0 {
		m.MaxAge = seconds(s.Cache.MaxAge)
	}
	p.t.Memoize = m
}

func (p *pod) cacheKey() string {
	if v := p.settings.Cache.Key; v != nil {
		digest := expr.ArgoString(p.c.Name.Text)
		if lit, ok := v.(*ir.Literal); ok {
			return "toJson([" + digest + ", " + expr.ArgoString(ir.Text(lit.V)) + "])"
		}
		return "toJson([" + digest + ", fromJSON(" + inputParam(p.computed[v]) + ")])"
	}
	what := wfv1.Template{Outputs: p.t.Outputs, Container: &corev1.Container{
		Image: p.main.Image, Command: p.main.Command, Args: p.main.Args, Env: p.main.Env, EnvFrom: p.main.EnvFrom, WorkingDir: p.main.WorkingDir}}
	sum := sha256.Sum256([]byte(string(printYAML(&what)) + p.patch.command + p.patch.args + p.claims()))
	parts := []string{expr.ArgoString("v1"), expr.ArgoString(hex.EncodeToString(sum[:12]))}
	for _, in := range p.u.params {
		parts = append(parts, inputParam(in.name))
	}
	return "toJson(" + listExpr(parts) + ")"
}

// claims are what the key says of volumes and of variables that may be absent:
// their names, or the inputs that bring them.
func (p *pod) claims() string {
	out := strings.Join(p.patch.env, "\n") + strings.Join(p.patch.envFrom, "\n")
	for _, v := range p.settings.Volumes {
		if v.Claim != nil {
			out += "\nclaim " + p.setting(v.Claim) + " at " + v.Path + " " + v.SubPath
		}
	}
	return out
}

// patchTemplate merges the author's own fields into the template.
func (p *pod) patchTemplate(patch map[string]any, at source.Span) {
	out := &wfv1.Template{}
	if err := merge(p.t, patch, out); err != nil {
		p.l.fail(msgPatch(at, "template", err))
		return
	}
	if out.Container == nil || out.DAG != nil || out.Steps != nil {
		p.l.fail(msgPatchKind(at))
		return
	}
	p.t = out
}

// merge applies a strategic-merge patch to an API object.
func merge[T any](object *T, patch map[string]any, out *T) error {
	have, err := json.Marshal(object)
	if err != nil {
		return err
	}
	more, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	if err := strict(patch, new(T)); err != nil && !isDirective(patch) {
		return err
	}
	merged, err := strategicpatch.StrategicMergePatch(have, more, *new(T))
	if err != nil {
		return err
	}
	return json.Unmarshal(merged, out)
}

// isDirective reports whether the patch uses directives such as $patch, which
// are no fields.
func isDirective(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if len(k) > 0 && k[0] == '$' || isDirective(x) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if isDirective(x) {
				return true
			}
		}
	}
	return false
}

// annotate writes down which elements of task paths differ from the names of
// the DAG's tasks.
func (d *dag) annotate(t *wfv1.Template) {
	notes := map[string]string{}
	for i := range t.DAG.Tasks {
		for _, name := range [...]string{t.DAG.Tasks[i].Name, t.DAG.Tasks[i].Name + ".onExit"} {
			if element, ok := d.notes[name]; ok {
				notes[name] = element
			}
		}
	}
	if len(notes) == 0 {
		return
	}
	b, _ := json.Marshal(notes)
	if t.Annotations == nil {
		t.Annotations = map[string]string{}
	}
	t.Annotations[NotePaths] = string(b)
}

// ordered lists the templates as a reader meets them: the entrypoint first,
// each behind the one that first calls it.
func (l *lowerer) ordered() []wfv1.Template {
	out := make([]wfv1.Template, 0, len(l.templates))
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		t := l.templates[name]
		if t == nil || seen[name] {
			return
		}
		seen[name] = true
		out = append(out, *t)
		if t.DAG == nil {
			return
		}
		for i := range t.DAG.Tasks {
			visit(t.DAG.Tasks[i].Template)
			if h, ok := t.DAG.Tasks[i].Hooks[wfv1.ExitLifecycleEvent]; ok {
				visit(h.Template)
			}
		}
	}
	visit(entrypoint)
	l.notePaths(out)
	return out
}

// notePaths writes the path of its task on every pod whose template is used
// once.
func (l *lowerer) notePaths(list []wfv1.Template) {
	at := make(map[string]int, len(list))
	for i := range list {
		at[list[i].Name] = i
	}
	uses := make([]int, len(list))
	path := make([]string, len(list))
	for i := range list {
		if list[i].DAG == nil {
			continue
		}
		elements := pathElements(&list[i])
		for k := range list[i].DAG.Tasks {
			t := &list[i].DAG.Tasks[k]
			use := func(template, name string) {
				j, ok := at[template]
				if !ok {
					return
				}
				uses[j]++
				path[j] = joinPath(path[i], element(elements, name))
				if uses[i] > 1 {
					uses[j] = 2
				}
			}
			use(t.Template, t.Name)
			if h, ok := t.Hooks[wfv1.ExitLifecycleEvent]; ok {
				use(h.Template, t.Name+".onExit")
			}
		}
	}
	for i := range list {
		t := &list[i]
		if uses[i] != 1 || t.DAG != nil || path[i] == "" {
			continue
		}
		if t.Metadata.Annotations == nil {
			t.Metadata.Annotations = map[string]string{}
		}
		t.Metadata.Annotations[NoteTask] = path[i]
		l.bodies[t.Name] = append([]byte(nil), l.writer.template(withoutName(t))...)
	}
}

func withoutName(t *wfv1.Template) *wfv1.Template {
	out := *t
	out.Name = ""
	return &out
}

func pathElements(t *wfv1.Template) map[string]string {
	text := t.Annotations[NotePaths]
	if text == "" {
		return nil
	}
	out := map[string]string{}
	_ = json.Unmarshal([]byte(text), &out) // our own; a foreign one is no harm
	return out
}

func element(elements map[string]string, name string) string {
	if e, ok := elements[name]; ok {
		return e
	}
	return name
}

func joinPath(parent, element string) string {
	switch {
	case element == "":
		return parent
	case element[0] == '[' || parent == "":
		return parent + element
	}
	return parent + "/" + element
}

// sizes lists what each template adds, largest first.
func (l *lowerer) sizes() []Size {
	out := make([]Size, 0, len(l.templates))
	for name := range l.templates {
		out = append(out, Size{name, len(l.bodies[name])})
	}
	slices.SortFunc(out, func(a, b Size) int { return cmp.Or(b.Bytes-a.Bytes, strings.Compare(a.Template, b.Template)) })
	return out
}
