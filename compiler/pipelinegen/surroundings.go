package pipelinegen

import "strconv"

// What only KFP's dialect has around a program: variables, inputs that nobody
// declared, metadata of artifacts, settings of the platform.

// surroundings gives a container variables and names of undeclared inputs.
func (g *generator) surroundings(c *component) {
	if g.r.chance(12) {
		for i := range g.r.between(1, 2) {
			c.env = append(c.env, setting{"VAR_" + strconv.Itoa(i), g.bite()})
		}
	}
	if g.r.chance(15) {
		c.extras = append(c.extras, g.name("extra"))
	}
}

// undeclared wires inputs that the task's component does not declare: those its
// program reads, and others.
func (g *generator) undeclared(t *task) {
	for _, name := range t.uses.extras {
		if !g.r.chance(75) {
			continue
		}
		v := value(&constant{pick(g.r, integers), typ{kind: anInteger}})
		if r := g.choose(t.in, t, func(r *ref) bool { return (r.t.kind == anInteger || r.t.kind == aBoolean) && !r.maybe }); r != nil {
			v = r
		}
		t.args = append(t.args, arg{name, v})
	}
	if g.r.chance(10) {
		ct := g.parameter()
		v := value(&constant{g.literal(ct), ct})
		if r := g.choose(t.in, t, func(r *ref) bool { return true }); r != nil && g.r.chance(70) {
			v = r
		}
		t.args = append(t.args, arg{g.name("noise"), v})
	}
}

// metadataKeys are keys of metadata that programs read.
var metadataKeys = []string{"k", "n", "a b", "é"}

// metadata is that of an artifact, nil in most cases; percent says how often it is
// not.
func (g *generator) metadata(percent int) map[string]any {
	if !g.r.chance(percent) {
		return nil
	}
	out := map[string]any{}
	for _, k := range metadataKeys {
		if g.r.chance(40) {
			out[k] = g.literal(g.parameter())
		}
	}
	return out
}

// settings are those of an executor that its program does not notice.
func (w *kfpWriter) settings() object {
	all := []field{
		{"podMetadata", object{{"labels", object{{"team", "a-1"}}}, {"annotations", object{{"example.com/note", w.text("two words\n")}}}}},
		{"imagePullPolicy", "IfNotPresent"},
		{"nodeSelector", object{{"labels", object{{"kubernetes.io/os", "linux"}}}}},
		{"nodeSelector", object{{"nodeSelectorJson", constantParameter(map[string]any{"kubernetes.io/os": "linux"})}}},
		{"tolerations", []any{object{{"key", "spare"}, {"operator", "Exists"}, {"effect", "NoSchedule"}}}},
		{"nodeAffinity", []any{object{{"matchExpressions", []any{object{{"key", "kubernetes.io/os"}, {"operator", "In"}, {"values", []any{"linux"}}}}}, {"weight", 1}}}},
		{"emptyDirMounts", []any{object{{"volumeName", "spare"}, {"mountPath", "/mnt/spare"}, {"sizeLimit", "1Mi"}}}},
		{"enabledSharedMemory", object{{"volumeName", "shared"}, {"size", "1Mi"}}},
		{"fieldPathAsEnv", []any{object{{"name", "TEAM"}, {"fieldPath", "metadata.labels['team']"}}}},
		{"activeDeadlineSeconds", "600"},
		{"initContainers", []any{object{{"name", "first"}, {"image", "busybox:1"}, {"command", []any{"true"}}}}},
	}
	var out object
	for _, f := range shuffled(w.r, all)[:w.r.between(1, 3)] {
		if !out.has(f.key) {
			out = append(out, f)
		}
	}
	return out
}

func constantParameter(v any) object {
	return object{{"runtimeValue", object{{"constant", v}}}}
}

func (o object) has(key string) bool {
	for _, f := range o {
		if f.key == key {
			return true
		}
	}
	return false
}
