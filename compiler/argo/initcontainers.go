package argo

import (
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// pullSecrets go into the patch: a template has no field for them.
func (p *pod) pullSecrets(s *ir.Settings) {
	for _, v := range s.ImagePullSecrets {
		if _, ok := v.(*ir.Literal); ok {
			p.patch.pullSecrets = append(p.patch.pullSecrets, p.setting(v))
			continue
		}
		p.patch.pulls = append(p.patch.pulls, p.present(v, "({'name': # })"))
	}
}

// initContainers are the author's own; Argo's come before them. $(NAME) in them
// means a variable that they declare, as everywhere in Kubernetes.
func (p *pod) initContainers(s *ir.Settings) {
	for _, c := range s.InitContainers {
		out := wfv1.UserContainer{Container: corev1.Container{Name: c.Name.Text, Image: p.literalField(c.Image, c.Name.At)}}
		declared := map[string]bool{}
		for _, e := range c.Env {
			declared[e.Key] = true
		}
		braced := false
		text := func(s string) string {
			t := kubeletConst(s, declared)
			braced = braced || t != s
			return t
		}
		for _, a := range c.Command {
			out.Command = append(out.Command, text(a))
		}
		for _, a := range c.Args {
			out.Args = append(out.Args, text(a))
		}
		for _, e := range c.Env {
			out.Env = append(out.Env, corev1.EnvVar{Name: e.Key, Value: text(e.Value)})
		}
		if braced {
			out.Env = append([]corev1.EnvVar{{Name: braces}}, out.Env...)
		}
		for _, m := range c.Mounts {
			out.VolumeMounts = append(out.VolumeMounts, corev1.VolumeMount{Name: p.volumeNames[m.Volume], MountPath: m.Path})
		}
		if c.Sidecar {
			out.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		}
		for _, r := range c.Resources {
			p.quantity(r.Name, r.Request, &out.Resources.Requests, nil)
			p.quantity(r.Name, r.Limit, &out.Resources.Limits, nil)
		}
		p.t.InitContainers = append(p.t.InitContainers, out)
	}
}
