package kfpspec

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// sharedMemory is an empty volume in memory at /dev/shm.
func (s *scope) sharedMemory(of tree.Field) *ir.Volume {
	v := &ir.Volume{Path: "/dev/shm", EmptyDir: &ir.EmptyDir{Medium: "Memory"}, At: of.Key.Span()}
	for _, f := range s.fields(of.Value, "enabledSharedMemory") {
		switch name := camel(f.Key.Scalar); name {
		case "volumeName":
			v.EmptyDir.Name = s.str(f.Value, name)
		case "size":
			v.EmptyDir.SizeLimit = s.str(f.Value, name)
		default:
			s.lenient(f, "enabledSharedMemory", "volumeName", "size")
		}
	}
	return v
}

func (s *scope) initContainer(n *tree.Node) *ir.InitContainer {
	c := &ir.InitContainer{Name: ir.Ident{At: head(n)}}
	for _, f := range s.fields(n, "initContainers") {
		if f.Value.IsNull() {
			continue
		}
		switch name := camel(f.Key.Scalar); name {
		case "name":
			c.Name = s.ident(f.Value, name)
		case "image":
			c.Image = s.str(f.Value, name)
		case "command":
			c.Command = s.strs(f.Value, name)
		case "args":
			c.Args = s.strs(f.Value, name)
		case "env":
			for _, item := range s.items(f.Value, name) {
				c.Env = append(c.Env, s.initEnv(item))
			}
		case "volumeMounts":
			for _, item := range s.items(f.Value, name) {
				c.Mounts = append(c.Mounts, s.initMount(item))
			}
		case "restartPolicy":
			switch policy := s.str(f.Value, name); policy {
			case "Always":
				c.Sidecar = true
			case "":
			default:
				s.add(unknownChoice(name, policy, f.Value.Span(), "Always"))
			}
		case "resources":
			c.Resources = s.initResources(f)
		default:
			s.lenient(f, "an init container", "name", "image", "command", "args", "env", "volumeMounts", "restartPolicy", "resources")
		}
	}
	return c
}

func (s *scope) initEnv(n *tree.Node) ir.Pair {
	e := ir.Pair{At: head(n)}
	for _, f := range s.fields(n, "env") {
		switch f.Key.Scalar {
		case "name":
			e.Key, e.At = s.str(f.Value, "name"), f.Value.Span()
		case "value":
			e.Value = s.str(f.Value, "value")
		default:
			s.lenient(f, "an environment variable", "name", "value")
		}
	}
	return e
}

func (s *scope) initMount(n *tree.Node) ir.Mount {
	m := ir.Mount{At: head(n)}
	for _, f := range s.fields(n, "volumeMounts") {
		switch name := camel(f.Key.Scalar); name {
		case "volumeName":
			m.Volume, m.At = s.str(f.Value, name), f.Value.Span()
		case "mountPath":
			m.Path = s.str(f.Value, name)
		default:
			s.lenient(f, "volumeMounts", "volumeName", "mountPath")
		}
	}
	return m
}

func (s *scope) initResources(of tree.Field) []*ir.Resource {
	var out []*ir.Resource
	find := func(name string, at source.Span) *ir.Resource {
		for _, r := range out {
			if r.Name == name {
				return r
			}
		}
		out = append(out, &ir.Resource{Name: name, At: at})
		return out[len(out)-1]
	}
	for _, f := range s.fields(of.Value, "resources") {
		for _, x := range s.fields(f.Value, "resources") {
			v := &ir.Literal{V: s.str(x.Value, x.Key.Scalar), At: x.Value.Span()}
			switch f.Key.Scalar {
			case "requests":
				find(x.Key.Scalar, x.Key.Span()).Request = v
			case "limits":
				find(x.Key.Scalar, x.Key.Span()).Limit = v
			}
		}
		if f.Key.Scalar != "requests" && f.Key.Scalar != "limits" {
			s.lenient(f, "resources", "requests", "limits")
		}
	}
	return out
}

// embeddedPlatforms finds the platform settings that components bring along.
// Labels of executors are unique in the file, so they serve as in the
// PlatformSpec, which wins field by field.
func (r *reader) embeddedPlatforms(components *tree.Node) {
	for _, c := range r.fields(components, "components") {
		list := field(c.Value, "singlePlatformSpecs")
		for _, spec := range r.items(list, "singlePlatformSpecs") {
			r.embeddedPlatform(spec)
		}
	}
}

func (r *reader) embeddedPlatform(n *tree.Node) {
	for _, f := range r.fields(n, "singlePlatformSpecs") {
		switch camel(f.Key.Scalar) {
		case "platform":
			if name := r.str(f.Value, "platform"); name != "" && !strings.EqualFold(name, "kubernetes") {
				r.add(unknownPlatform(name, f.Value.Span()))
				return
			}
		case "deploymentSpec", "version":
		case "config", "pipelineConfig":
			r.dropped(f)
		default:
			r.lenient(f, "singlePlatformSpecs", "platform", "deploymentSpec")
		}
	}
	for _, f := range r.fields(field(n, "deploymentSpec"), "deploymentSpec") {
		if f.Key.Scalar != "executors" {
			r.lenient(f, "deploymentSpec", "executors")
			continue
		}
		for _, x := range r.fields(f.Value, "executors") {
			if r.executors != nil && r.executors[x.Key.Scalar] == nil {
				r.add(unknownExecutor(x.Key.Scalar, x.Key.Span(), offerSorted(r, r.executors)))
			}
			if r.embedded == nil {
				r.embedded = map[string]*tree.Node{}
			}
			r.embedded[x.Key.Scalar] = x.Value
		}
	}
}
