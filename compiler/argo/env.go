package argo

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// env is the environment: the container's, overridden by the task's.
func (p *pod) env() []corev1.EnvVar {
	var out []corev1.EnvVar
	at := map[string]int{}
	put := func(e corev1.EnvVar) {
		if i, ok := at[e.Name]; ok {
			out[i] = e
			return
		}
		at[e.Name] = len(out)
		out = append(out, e)
	}
	for _, e := range p.body.Env {
		put(p.envVar(e, func(v ir.Value) []piece { return p.pieces(v) }))
	}
	if p.settings != nil {
		for _, e := range p.settings.Env {
			if ref := keyRefOf(e); ref != nil && p.absent[ref.Name] {
				i, ok := at[e.Name.Text]
				p.optionalEnv(e, ref, ok && out[i].ValueFrom == nil)
				continue
			}
			put(p.envVar(e, p.settingPieces))
		}
	}
	return out
}

func keyRefOf(e *ir.EnvVar) *ir.KeyRef {
	if e.Secret != nil {
		return e.Secret
	}
	return e.ConfigMap
}

// optionalEnv is a variable that is there if the name of its object is; over is
// true where a plain value is overridden.
func (p *pod) optionalEnv(e *ir.EnvVar, ref *ir.KeyRef, over bool) {
	kind := "configMapKeyRef"
	if e.Secret != nil {
		kind = "secretKeyRef"
	}
	source := "'name': #, 'key': " + p.settingText(ref.Key)
	if ref.Optional != nil {
		source += ", 'optional': " + strconv.FormatBool(*ref.Optional)
	}
	value := ""
	if over {
		value = "'value': nil, "
	}
	entry := "({'name': " + expr.ArgoString(e.Name.Text) + ", " + value + "'valueFrom': ({'" + kind + "': ({" + source + " }) }) })"
	p.patch.env = append(p.patch.env, p.present(ref.Name, entry))
}

func (p *pod) envVar(e *ir.EnvVar, pieces func(ir.Value) []piece) corev1.EnvVar {
	out := corev1.EnvVar{Name: e.Name.Text}
	plain := func(v ir.Value) string { return p.plainPieces(pieces(v), e.Name.At) }
	switch {
	case e.Secret != nil:
		out.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: plain(e.Secret.Name)}, Key: plain(e.Secret.Key), Optional: e.Secret.Optional}}
	case e.ConfigMap != nil:
		out.ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: plain(e.ConfigMap.Name)}, Key: plain(e.ConfigMap.Key), Optional: e.ConfigMap.Optional}}
	case e.SecretInput != "":
		in := "split(string(fromJSON(" + inputParam(portName(e.SecretInput)) + ") ?? '/') + '/','/')"
		optional := false
		if port := p.c.Input(e.SecretInput); port != nil {
			optional = port.Optional
		}
		out.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: tag(in + "[0]")}, Key: tag(in + "[1]"), Optional: optionalPtr(optional)}}
	case e.FieldPath != "":
		out.ValueFrom = &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: e.FieldPath}}
	default:
		out.Value = p.render(pieces(e.Value), true)
	}
	return out
}

func optionalPtr(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

// plainPieces writes pieces into a field that nobody but Argo expands.
func (p *pod) plainPieces(pieces []piece, at source.Span) string {
	var b strings.Builder
	for _, x := range pieces {
		switch {
		case x.tag != "":
			b.WriteString(x.tag)
		case x.expr == "":
			b.WriteString(p.literalField(x.literal, at))
		default:
			b.WriteString(tag(x.expr))
		}
	}
	return b.String()
}
