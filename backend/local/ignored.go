package local

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Ignored says, a line each, what of the pipeline only a cluster can do and a
// run on this machine leaves out. It is empty for most pipelines.
func Ignored(p *ir.Pipeline) []string {
	has := map[string]bool{}
	p.Walk(func(_ *ir.Component, t *ir.Task) { ignoredSettings(t.Settings, has) })
	claims, dirs := false, false
	for _, c := range p.All() {
		switch b := c.Body.(type) {
		case *ir.Claim:
			claims = true
		case *ir.Container:
			dirs = dirs || b.WorkDir != ""
		}
	}
	if p.TTL != nil || p.PodGC != "" {
		has["ttl"] = true
	}
	if p.Schedule != nil {
		has["schedule"] = true
	}
	if p.Mutex.Text != "" {
		has["mutex"] = true
	}
	if p.Semaphore != nil {
		has["semaphore"] = true
	}
	if p.ArgoSpec != nil {
		has["argo"] = true
	}
	var notes []string
	var names []string
	for _, name := range order() {
		if has[name] {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		notes = append(notes, "only the cluster knows these settings, they have no effect here: "+strings.Join(names, ", "))
	}
	if claims {
		notes = append(notes, "volume claims are folders of the run here, and are not mounted into tasks")
	}
	if dirs {
		notes = append(notes, "a working directory belongs to its image: tasks start in an empty folder of their own here")
	}
	return notes
}

func order() []string {
	return []string{
		"resources", "accelerator", "spot", "node-selector", "affinity", "tolerations", "security-context", "volumes", "init-containers",
		"service-account", "labels", "annotations", "image-pull-policy", "image-pull-secrets", "priority-class", "queue",
		"shared-memory", "ttl", "mutex", "semaphore", "schedule", "argo",
	}
}

func ignoredSettings(s *ir.Settings, has map[string]bool) {
	if s == nil {
		return
	}
	for name, set := range map[string]bool{
		"resources": len(s.Resources) > 0, "accelerator": s.Accelerator != nil, "spot": s.Spot != "" && s.Spot != "never",
		"node-selector": len(s.NodeSelector) > 0 || s.NodeSelectorFrom != nil, "affinity": len(s.Affinity) > 0, "tolerations": len(s.Tolerations) > 0,
		"security-context": s.SecurityContext != nil, "volumes": len(s.Volumes) > 0, "init-containers": len(s.InitContainers) > 0, "service-account": s.ServiceAccount != nil,
		"labels": len(s.Labels) > 0, "annotations": len(s.Annotations) > 0, "image-pull-policy": s.ImagePullPolicy != "",
		"image-pull-secrets": len(s.ImagePullSecrets) > 0, "priority-class": s.PriorityClass != "", "queue": s.Queue != "",
		"shared-memory": s.SharedMemory != "", "argo": s.Argo != nil,
	} {
		if set {
			has[name] = true
		}
	}
}
