package local

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// passed are the variables that every program may need; a name that ends in *
// stands for all that begin so.
func passed() []string {
	return []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM", "TZ", "LANG", "LANGUAGE", "LC_*",
		"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE",
		"LD_LIBRARY_PATH", "PYENV_ROOT", "PYENV_VERSION", "SYSTEMROOT", "PATHEXT", "COMSPEC",
	}
}

func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if rest, ok := strings.CutSuffix(p, "*"); ok {
			return strings.HasPrefix(name, rest)
		}
		return name == p
	})
}

// An environ is an ordered environment.
type environ struct {
	names  []string
	values map[string]string
}

func (e *environ) set(name, value string) {
	if e.values == nil {
		e.values = map[string]string{}
	}
	if _, ok := e.values[name]; !ok {
		e.names = append(e.names, name)
	}
	e.values[name] = value
}

func (e *environ) list() []string {
	out := make([]string, len(e.names))
	for i, n := range e.names {
		out[i] = n + "=" + e.values[n]
	}
	return out
}

// base is the environment before the pipeline adds to it.
func (r *run) base() *environ {
	e := &environ{}
	patterns := append(passed(), r.opt.PassEnv...)
	for _, kv := range r.opt.Environ {
		if name, value, ok := strings.Cut(kv, "="); ok && name != "" && matches(name, patterns) {
			e.set(name, value)
		}
	}
	return e
}

func (r *run) lookupEnv(name string) (string, bool) {
	for _, kv := range r.opt.Environ {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// variables evaluates the declared variables of a task: the container's own and
// those of its settings, which win. Those whose optional source is missing are
// left out. secret tells which values must not be shown.
func (in *instance) variables(c *ir.Container, inner *scope) (*environ, error) {
	e := &environ{}
	if s := in.task.Settings; s != nil {
		if err := in.objects(s); err != nil {
			return nil, err
		}
		for _, from := range s.EnvFrom {
			if err := in.envFrom(e, from); err != nil {
				return nil, err
			}
		}
	}
	for _, v := range c.Env {
		if err := in.variable(e, v, inner); err != nil {
			return nil, fmt.Errorf("env %q: %w", v.Name.Text, err)
		}
	}
	if s := in.task.Settings; s != nil {
		for _, v := range s.Env {
			if err := in.variable(e, v, in.scope); err != nil {
				return nil, fmt.Errorf("env %q: %w", v.Name.Text, err)
			}
		}
	}
	for _, name := range e.names {
		if err := processText("env "+name, e.values[name]); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (in *instance) variable(e *environ, v *ir.EnvVar, s *scope) error {
	name := v.Name.Text
	switch {
	case v.SecretInput != "":
		ref, ok := in.inputs[v.SecretInput].(string)
		if !ok {
			return nil // absent
		}
		secret, key, ok := strings.Cut(ref, "/")
		if !ok {
			return fmt.Errorf("input %q must be SECRET/KEY", v.SecretInput)
		}
		return in.fromStore(e, name, in.scope.run.secret, secret, key, false)
	case v.Secret != nil:
		return in.keyRef(e, name, in.scope.run.secret, v.Secret, s)
	case v.ConfigMap != nil:
		return in.keyRef(e, name, in.scope.run.configMap, v.ConfigMap, s)
	case v.FieldPath != "":
		text, err := in.field(v.FieldPath)
		e.set(name, text)
		return err
	}
	if s.box != nil {
		s.box.env = e.values
		text, err := s.box.literalText(s, v.Value)
		e.set(name, text)
		return err
	}
	text, err := s.text(v.Value)
	e.set(name, text)
	return err
}

type store func(name, key string) (string, error)

func (in *instance) keyRef(e *environ, name string, from store, ref *ir.KeyRef, s *scope) error {
	object, there, err := objectName(s, ref.Name)
	if err != nil || !there {
		return err
	}
	key, err := s.text(ref.Key)
	if err != nil {
		return err
	}
	return in.fromStore(e, name, from, object, key, ref.Optional != nil && *ref.Optional)
}

func (in *instance) fromStore(e *environ, name string, from store, object, key string, optional bool) error {
	value, err := from(object, key)
	if err != nil {
		if optional {
			return nil
		}
		return err
	}
	e.set(name, value)
	return nil
}

func (in *instance) envFrom(e *environ, from *ir.EnvFrom) error {
	v, all, kind := from.Secret, in.scope.run.opt.Secrets, "secret"
	if from.ConfigMap != nil {
		v, all, kind = from.ConfigMap, in.scope.run.opt.ConfigMaps, "config map"
	}
	object, there, err := objectName(in.scope, v)
	if err != nil || !there {
		return err
	}
	found := false
	for _, k := range keys(all) {
		if key, ok := strings.CutPrefix(k, object+"/"); ok {
			e.set(from.Prefix+key, all[k])
			found = true
		}
	}
	if !found && (from.Optional == nil || !*from.Optional) {
		return fmt.Errorf("%s %q has no keys here; give them as NAME/KEY=value", kind, object)
	}
	return nil
}

func (r *run) secret(name, key string) (string, error) {
	return r.stored("secret", "KFPGO_SECRET_", r.opt.Secrets, name, key)
}

func (r *run) configMap(name, key string) (string, error) {
	return r.stored("config map", "KFPGO_CONFIGMAP_", r.opt.ConfigMaps, name, key)
}

func (r *run) stored(kind, prefix string, given map[string]string, name, key string) (string, error) {
	if v, ok := given[name+"/"+key]; ok {
		return v, nil
	}
	variable := prefix + variableName(name) + "_" + variableName(key)
	if v, ok := r.lookupEnv(variable); ok {
		return v, nil
	}
	return "", fmt.Errorf("%s %q with key %q is the cluster's; for a run here set %s", kind, name, key, variable)
}

func variableName(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z':
			return c - 'a' + 'A'
		case 'A' <= c && c <= 'Z' || '0' <= c && c <= '9':
			return c
		}
		return '_'
	}, s)
}

// field is what the downward API would give: the task's own labels and
// annotations and the names of things that exist here.
func (in *instance) field(path string) (string, error) {
	s := in.task.Settings
	for _, f := range [...]struct {
		prefix string
		pairs  func() []*ir.SettingPair
	}{
		{"metadata.labels['", func() []*ir.SettingPair { return s.Labels }},
		{"metadata.annotations['", func() []*ir.SettingPair { return s.Annotations }},
	} {
		key, ok := strings.CutPrefix(path, f.prefix)
		key, closed := strings.CutSuffix(key, "']")
		if !ok || !closed || s == nil {
			continue
		}
		for _, p := range f.pairs() {
			if p.Key == key {
				return in.scope.text(p.Value)
			}
		}
	}
	switch path {
	case "metadata.name":
		return in.scope.run.name, nil
	case "metadata.uid":
		return string(in.scope.run.id), nil
	case "metadata.namespace":
		return "default", nil
	}
	return "", nil
}
