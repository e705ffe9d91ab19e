package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A cacheEntry is the place of one task's results among those of all runs. The
// zero entry caches nothing.
type cacheEntry struct {
	run    *run
	comp   *ir.Component
	key    string
	file   string
	maxAge float64
}

// A cached is what an entry's file holds.
type cached struct {
	Version int                       `json:"version"`
	Run     string                    `json:"run"`
	Created time.Time                 `json:"created"`
	Outputs map[string]backend.Output `json:"outputs"`
}

const cacheVersion = 1

// cacheEntry is the entry of the task, if it wants one. A key that cannot be
// computed means no caching; the attempt will say what is wrong.
func (r *run) cacheEntry(in *instance, c *ir.Container) cacheEntry {
	if r.opt.NoCache || in.task.Settings == nil || in.task.Settings.Cache == nil {
		return cacheEntry{}
	}
	want := in.task.Settings.Cache
	if !want.Asked && !r.opt.CacheAll {
		return cacheEntry{}
	}
	key, err := in.cacheKey(c, want)
	if err != nil {
		return cacheEntry{}
	}
	return cacheEntry{
		run: r, comp: in.comp, key: "sha256:" + key, maxAge: want.MaxAge,
		file: filepath.Join(r.opt.CacheDir, "tasks", key[:2], key+".json"),
	}
}

// cacheKey covers image, command, args, env, names of claims, values of
// parameters and URIs of artifacts; secrets by name only.
func (in *instance) cacheKey(c *ir.Container, want *ir.Cache) (string, error) {
	facts := map[string]any{"v": cacheVersion, "pipeline": in.scope.run.pipeline.Name.Text}
	if want.Key != nil {
		key, err := in.scope.eval(want.Key)
		if err != nil {
			return "", err
		}
		facts["component"], facts["key"] = in.comp.Name.Text, plain(key)
		return digest(facts), nil
	}
	s := in.inner(&box{comp: in.comp, inputs: in.inputs, dir: "/", symbolic: true, kfp: c.Contract == ir.KFPContract})
	facts["image"] = in.image(c)
	var err error
	if facts["command"], err = s.box.argv(s, c.Command); err != nil {
		return "", err
	}
	if facts["args"], err = s.box.argv(s, c.Args); err != nil {
		return "", err
	}
	if facts["env"], err = in.cacheEnv(c, s); err != nil {
		return "", err
	}
	if claims, err := in.cacheClaims(); err != nil {
		return "", err
	} else if len(claims) > 0 {
		facts["claims"] = claims
	}
	inputs := make(map[string]any, len(in.inputs))
	for name, v := range in.inputs {
		if all := artifactsOf(v); len(all) > 0 {
			uris := make([]string, len(all))
			for i, a := range all {
				uris[i] = a.URI
			}
			inputs[name] = map[string]any{"uris": uris}
			continue
		}
		inputs[name] = v
	}
	facts["inputs"] = inputs
	outputs := make(map[string]any, len(in.comp.Outputs))
	for _, p := range in.comp.Outputs {
		outputs[p.Name.Text] = p.Type.String()
	}
	facts["outputs"] = outputs
	return digest(facts), nil
}

// cacheClaims are the claims that the task mounts in a cluster.
func (in *instance) cacheClaims() ([]any, error) {
	if in.task.Settings == nil {
		return nil, nil
	}
	var out []any
	for _, v := range in.task.Settings.Volumes {
		if v.Claim == nil {
			continue
		}
		name, err := in.scope.text(v.Claim)
		if err != nil {
			return nil, err
		}
		out = append(out, []any{name, v.Path, v.SubPath})
	}
	return out, nil
}

func (in *instance) cacheEnv(c *ir.Container, inner *scope) (any, error) {
	all := [][]*ir.EnvVar{c.Env}
	scopes := []*scope{inner}
	if s := in.task.Settings; s != nil {
		all, scopes = append(all, s.Env), append(scopes, in.scope)
	}
	var out []any
	for i, vars := range all {
		for _, v := range vars {
			text, err := scopes[i].text(v.Value)
			if err != nil {
				return nil, err
			}
			entry := []any{v.Name.Text, text, v.FieldPath, v.SecretInput}
			for _, ref := range [...]*ir.KeyRef{v.Secret, v.ConfigMap} {
				if ref == nil {
					continue
				}
				name, err := scopes[i].text(ref.Name)
				if err != nil {
					return nil, err
				}
				key, err := scopes[i].text(ref.Key)
				if err != nil {
					return nil, err
				}
				entry = append(entry, name, key)
			}
			out = append(out, entry)
		}
	}
	return out, nil
}

func digest(v any) string {
	sum := sha256.Sum256([]byte(rawJSON(v)))
	return hex.EncodeToString(sum[:])
}

// load gives the results of an earlier run, if they are young enough and their
// files still exist.
func (e cacheEntry) load() (map[string]any, bool) {
	if e.file == "" {
		return nil, false
	}
	f, err := os.Open(e.file)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.UseNumber()
	var c cached
	if d.Decode(&c) != nil || c.Version != cacheVersion {
		return nil, false
	}
	if e.maxAge > 0 && e.run.now().Sub(c.Created) > seconds(e.maxAge) {
		return nil, false
	}
	restoreOutputs(c.Outputs)
	values := make(map[string]any, len(c.Outputs))
	for _, p := range e.comp.Outputs {
		o, ok := c.Outputs[p.Name.Text]
		if !ok {
			continue
		}
		v, ok := fromRecord(p, o)
		if !ok {
			return nil, false
		}
		values[p.Name.Text] = v
	}
	return values, true
}

// fromRecord makes a value of what was recorded; false when its file is gone.
func fromRecord(p *ir.Port, o backend.Output) (any, bool) {
	one := func(r *backend.Artifact) (*artifact, bool) {
		t := p.Type
		for t.Kind == ir.List && t.Items != nil {
			t = *t.Items
		}
		a := &artifact{
			Name: p.Name.Text, URI: r.URI, Schema: t.Schema, Metadata: r.Metadata, Bytes: r.Bytes, Digest: r.Digest,
		}
		path, err := a.path()
		if err != nil || a.Bytes < 0 {
			return a, true
		}
		_, err = os.Stat(path)
		return a, err == nil
	}
	switch {
	case o.Artifact != nil:
		return one(o.Artifact)
	case o.List != nil:
		list := make([]any, len(o.List))
		for i, r := range o.List {
			a, ok := one(r)
			if !ok {
				return nil, false
			}
			list[i] = a
		}
		return list, true
	}
	return o.Value, true
}

// save keeps the results; not being able to is no failure of the task.
func (e cacheEntry) save(values map[string]any) {
	if e.file == "" {
		return
	}
	b, err := json.Marshal(cached{
		Version: cacheVersion, Run: string(e.run.id), Created: e.run.now(), Outputs: outputsOf(e.comp.Outputs, values),
	})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(e.file), 0o755)
	}
	if err == nil {
		err = writeFile(e.file, b)
	}
	if err != nil {
		e.run.note("warning: the result could not be cached: " + err.Error())
	}
}
