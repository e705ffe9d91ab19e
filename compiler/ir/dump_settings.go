package ir

import (
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/source"
)

func (d *dumper) settings(s *Settings) {
	if s == nil {
		return
	}
	d.line(source.Span{}, "settings")
	d.in(func() {
		d.retry(s.Retry)
		d.num("timeout", s.Timeout)
		d.cache(s.Cache)
		for _, r := range s.Resources {
			d.line(r.At, "resource", r.Name, optionalValue("request", r.Request), optionalValue("limit", r.Limit))
		}
		if a := s.Accelerator; a != nil {
			d.line(a.At, "accelerator", optionalValue("type", a.Type), optionalValue("count", a.Count), optionalValue("product", a.Product))
		}
		d.text("spot", s.Spot)
		d.settingPairs("node-selector", s.NodeSelector)
		d.value("node-selector-from", s.NodeSelectorFrom)
		for _, v := range s.Affinity {
			d.value("affinity", v)
		}
		for _, t := range s.Tolerations {
			d.value("toleration", t)
		}
		d.value("security-context", s.SecurityContext)
		d.env(s.Env)
		for _, e := range s.EnvFrom {
			d.line(e.At, "env-from", optionalValue("secret", e.Secret), optionalValue("config-map", e.ConfigMap), quoted("prefix", e.Prefix), strings.TrimSpace(optionalText(e.Optional)))
		}
		for _, v := range s.Volumes {
			d.volume(v)
		}
		for _, c := range s.InitContainers {
			d.initContainer(c)
		}
		d.value("service-account", s.ServiceAccount)
		d.settingPairs("label", s.Labels)
		d.settingPairs("annotation", s.Annotations)
		d.text("image-pull-policy", s.ImagePullPolicy)
		for _, v := range s.ImagePullSecrets {
			d.value("image-pull-secret", v)
		}
		d.text("priority-class", s.PriorityClass)
		d.text("queue", s.Queue)
		d.text("shared-memory", s.SharedMemory)
		if s.Argo != nil {
			d.line(s.ArgoAt, "argo", literalText(s.Argo))
		}
	})
}

func optionalValue(key string, v Value) string {
	if v == nil {
		return ""
	}
	return key + " " + ValueText(v)
}

func quoted(key, v string) string {
	if v == "" {
		return ""
	}
	return key + " " + strconv.Quote(v)
}

func (d *dumper) settingPairs(key string, ps []*SettingPair) {
	for _, p := range ps {
		d.line(p.At, key, strconv.Quote(p.Key), "=", ValueText(p.Value))
	}
}

func (d *dumper) retry(r *Retry) {
	if r == nil {
		return
	}
	d.line(r.At, "retry")
	d.in(func() {
		d.value("limit", r.Limit)
		for _, c := range r.On {
			memory := ""
			if c.MemoryFactor != 0 {
				memory = "memory x" + strconv.Itoa(c.MemoryFactor)
			}
			d.line(c.At, "on", c.Class.String(), strconv.Itoa(c.Limit), memory)
		}
		d.num("duration", r.Duration)
		d.num("factor", r.Factor)
		d.num("max", r.Max)
	})
}

func (d *dumper) cache(c *Cache) {
	if c == nil {
		return
	}
	asked := ""
	if c.Asked {
		asked = "asked"
	}
	d.line(c.At, "cache", asked, optionalValue("key", c.Key))
	d.in(func() { d.num("max-age", c.MaxAge) })
}

func storageClass(name *string) string {
	if name == nil {
		return ""
	}
	return "storage-class " + strconv.Quote(*name)
}

func (d *dumper) initContainer(c *InitContainer) {
	kind := "init-container"
	if c.Sidecar {
		kind = "sidecar"
	}
	d.line(c.Name.At, kind, strconv.Quote(c.Name.Text), "image", strconv.Quote(c.Image))
	d.in(func() {
		for _, a := range c.Command {
			d.line(source.Span{}, "command", strconv.Quote(a))
		}
		for _, a := range c.Args {
			d.line(source.Span{}, "arg", strconv.Quote(a))
		}
		d.pairs("env", c.Env)
		for _, m := range c.Mounts {
			d.line(m.At, "mount", strconv.Quote(m.Volume), "at", strconv.Quote(m.Path))
		}
		for _, r := range c.Resources {
			d.line(r.At, "resource", r.Name, optionalValue("request", r.Request), optionalValue("limit", r.Limit))
		}
	})
}

func (d *dumper) volume(v *Volume) {
	d.line(v.At, "volume", strconv.Quote(v.Path))
	d.in(func() {
		d.text("sub-path", v.SubPath)
		d.flag("read-only", v.ReadOnly)
		if v.Optional != nil {
			d.line(source.Span{}, "optional="+strconv.FormatBool(*v.Optional))
		}
		d.value("secret", v.Secret)
		d.value("config-map", v.ConfigMap)
		d.value("claim", v.Claim)
		if e := v.EmptyDir; e != nil {
			d.line(source.Span{}, "empty-dir", quoted("name", e.Name), quoted("medium", e.Medium), quoted("size-limit", e.SizeLimit))
		}
		if e := v.Ephemeral; e != nil {
			d.line(source.Span{}, "ephemeral", quoted("name", e.Name), quoted("size", e.Size), storageClass(e.StorageClass), strings.Join(e.AccessModes, ","))
			d.in(func() { d.pairs("label", e.Labels); d.pairs("annotation", e.Annotations) })
		}
		if v.Other != nil {
			d.json("other", v.Other)
		}
	})
}
