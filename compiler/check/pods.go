package check

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// storageClass: "" is a class too, that of no provisioner.
func (c *checker) storageClass(name *string) {
	if name != nil {
		c.plainName("storage class", *name)
	}
}

func (c *checker) accessModes(modes []string, at source.Span) {
	for _, m := range modes {
		switch m {
		case "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod":
		default:
			c.fail(codeChoice, at, msgChoice("access mode", m), "known: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod")
		}
	}
}

func (c *checker) synchronization(p *ir.Pipeline) {
	if m := p.Mutex; m.Text != "" && !isObjectName(m.Text) {
		c.fail(codeObject, m.At, msgObject("mutex", m.Text), hintObject)
	}
	s := p.Semaphore
	if s == nil {
		return
	}
	if s.ConfigMap != "" && !isObjectName(s.ConfigMap) {
		c.fail(codeObject, s.At, msgObject("config map", s.ConfigMap), hintObject)
	}
	if !isConfigKey(s.Key) {
		c.fail(codeObject, s.At, msgConfigKey("config map", s.Key), "letters, digits, -, _ and ., at most 253 characters")
	}
}

// volumeNames checks the names that authors give to volumes: one name is one
// volume, however often it is mounted.
func (c *checker) volumeNames(vs []*ir.Volume) {
	named := map[string]*ir.Volume{}
	for _, v := range vs {
		if v.EmptyDir == nil && v.Ephemeral == nil || v.Name() == "" {
			continue
		}
		name := v.Name()
		if !isLabelDNS(name) {
			c.fail(codeVolume, v.At, msgVolumeName(name), hintVolumeName)
			continue
		}
		if first := named[name]; first != nil && !sameVolume(first, v) {
			c.fail(codeVolume, v.At, msgVolumeTwice(name), "one name is one volume; name them apart")
			continue
		}
		named[name] = v
	}
}

const hintVolumeName = "lower-case letters, digits and -, at most 63 characters, beginning and ending with a letter or digit"

func isLabelDNS(s string) bool { return len(s) <= 63 && isObjectName(s) && !strings.Contains(s, ".") }

func sameVolume(a, b *ir.Volume) bool {
	switch {
	case a.EmptyDir != nil && b.EmptyDir != nil:
		return *a.EmptyDir == *b.EmptyDir
	case a.Ephemeral != nil && b.Ephemeral != nil:
		x, y := a.Ephemeral, b.Ephemeral
		return x.Size == y.Size && sameText(x.StorageClass, y.StorageClass) && strings.Join(x.AccessModes, ",") == strings.Join(y.AccessModes, ",")
	}
	return false
}

func sameText(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// The names of Argo's own containers in a pod.
var argoContainers = map[string]bool{"init": true, "main": true, "wait": true}

func (c *checker) initContainers(s *ir.Settings) {
	if len(s.InitContainers) == 0 {
		return
	}
	volumes := map[string]int{} // how many different things bear a name
	for i, v := range s.Volumes {
		repeated := false
		for _, w := range s.Volumes[:i] {
			repeated = repeated || w.Name() == v.Name() && (sameVolume(w, v) || sameObject(w, v))
		}
		if name := v.Name(); name != "" && !repeated {
			volumes[name]++
		}
	}
	seen := map[string]bool{}
	for _, x := range s.InitContainers {
		switch name := x.Name.Text; {
		case !isLabelDNS(name):
			c.fail(codeInit, x.Name.At, msgInitName(name), hintVolumeName)
		case argoContainers[name]:
			c.fail(codeInit, x.Name.At, msgInitTaken(name, "Argo's own"), "call it something else")
		case seen[name]:
			c.fail(codeInit, x.Name.At, msgInitTaken(name, "another container's"), "call it something else")
		}
		seen[x.Name.Text] = true
		c.image(&ir.Literal{V: x.Image, At: x.Name.At}, x.Name.At)
		for _, e := range x.Env {
			if !isEnvName(e.Key) {
				c.fail(codeEnv, e.At, msgEnvName(e.Key), "letters, digits, _, - and ., not beginning with a digit")
			}
		}
		c.resources(x.Resources)
		c.initMounts(x, volumes)
	}
}

func sameObject(a, b *ir.Volume) bool {
	return a.Secret != nil && b.Secret != nil || a.ConfigMap != nil && b.ConfigMap != nil || a.Claim != nil && b.Claim != nil
}

func (c *checker) initMounts(x *ir.InitContainer, volumes map[string]int) {
	paths := map[string]bool{}
	for _, m := range x.Mounts {
		switch {
		case !strings.HasPrefix(m.Path, "/") || strings.Contains(m.Path, ":"):
			c.fail(codeMount, m.At, msgMount(m.Path), "an absolute path without a colon")
		case paths[m.Path]:
			c.fail(codeMount, m.At, msgMountTwice(m.Path), "one path holds one volume")
		case volumes[m.Volume] == 0:
			c.fail(codeInit, m.At, msgNoVolume(m.Volume), "the name of an empty or ephemeral volume of the task, or of a Secret, ConfigMap or claim that it mounts and that is known when the pipeline is compiled")
		case volumes[m.Volume] > 1:
			c.fail(codeInit, m.At, msgManyVolumes(m.Volume), "give the empty or ephemeral volume another name")
		}
		paths[m.Path] = true
	}
}

// securityContext finds what Kubernetes refuses only once the pod is there.
func (c *checker) securityContext(v ir.Value) {
	lit, ok := v.(*ir.Literal)
	if !ok {
		return
	}
	m, _ := lit.V.(map[string]any)
	if user, ok := m["runAsUser"].(int64); ok && user == 0 && m["runAsNonRoot"] == true {
		c.fail(codeRoot, lit.At, "a container that must not run as root is to run as user 0", "name another user")
	}
	for _, key := range [...]string{"runAsUser", "runAsGroup"} {
		if id, ok := m[key].(int64); ok && id < 0 {
			c.fail(codeCount, lit.At, msgNegativeID(key), "")
		}
	}
}
