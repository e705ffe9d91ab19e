package e2ecorpus

import (
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A like is a pattern that the text of a value must match.
type like string

// A reader gives the content of an artifact, "" when it has none.
type reader func(t *testing.T, uri string) string

// readHere reads an artifact of a run on this machine.
func readHere(t *testing.T, uri string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	if info, err := os.Stat(u.Path); err != nil || info.IsDir() {
		return "" // metrics have metadata only
	}
	b, err := os.ReadFile(u.Path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func isArtifact(v any) bool {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return isArtifact(list[0])
	}
	m, ok := v.(map[string]any)
	return ok && m["uri"] != nil
}

// plain is a value without what must differ between places: of an artifact its
// type, its metadata and its text.
func plain(t *testing.T, v any, read reader) any {
	t.Helper()
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(t, v[i], read)
		}
		return out
	case map[string]any:
		if uri, ok := v["uri"].(string); ok {
			metadata, _ := v["metadata"].(map[string]any)
			if metadata == nil {
				metadata = map[string]any{}
			}
			return map[string]any{"type": v["type"], "metadata": metadata, "text": read(t, uri)}
		}
	}
	return v
}

// lookup finds "PATH.OUTPUT", or ".OUTPUT" of the run.
func (r run) lookup(name string) (any, bool) {
	i := strings.LastIndexByte(name, '.')
	path, output := name[:i], name[i+1:]
	if path == "" {
		v, ok := r.Outputs[output]
		return v, ok
	}
	for _, t := range r.Tasks {
		if t.Path == path {
			v, ok := t.Outputs[output]
			return v, ok
		}
	}
	return nil, false
}

// judge holds a run against what the table says of its pipeline.
func (c *pipeline) judge(t *testing.T, r run, p place, read reader) {
	t.Helper()
	want := c.end(p)
	if r.State != want {
		t.Errorf("the run %s (%s), want %s\n%s", r.State, r.Message, want, tail(r.log))
		return
	}
	c.judgeStates(t, r, want)
	for _, name := range sortedKeys(c.values) {
		got, ok := r.lookup(name)
		if p == onMachine && concealed(got, c.values[name]) {
			continue
		}
		fits(t, name, got, ok, c.values[name])
	}
	for _, name := range sortedKeys(c.texts) {
		v, ok := r.lookup(name)
		fits(t, "text of "+name, textOf(plain(t, v, read)), ok, c.texts[name])
	}
	for _, name := range sortedKeys(c.metadata) {
		v, ok := r.lookup(name)
		m, _ := plain(t, v, read).(map[string]any)
		fits(t, "metadata of "+name, m["metadata"], ok, c.metadata[name])
	}
	for _, text := range c.says {
		if !strings.Contains(r.log, text) {
			t.Errorf("the log does not say %q:\n%s", text, tail(r.log))
		}
	}
	for _, o := range c.order {
		r.ordered(t, o[0], o[1])
	}
	if c.check != nil {
		c.check(t, r)
	}
}

// concealed: a run here is told the secrets, so it does not repeat them.
func concealed(got, want any) bool {
	m, ok := got.(map[string]any)
	return ok && m["redacted"] == true && slices.ContainsFunc(secrets, func(s secret) bool { return s.value == want })
}

// judgeStates wants the states of the table, and of all others that they
// succeeded or were skipped.
func (c *pipeline) judgeStates(t *testing.T, r run, end string) {
	t.Helper()
	seen := map[string]bool{}
	for _, x := range r.Tasks {
		seen[x.Path] = true
		want, named := c.states[x.Path]
		switch {
		case named && x.State != want:
			t.Errorf("%s %s (%s), want %s", x.Path, x.State, x.Message, want)
		case !named && end == "succeeded" && x.State != "succeeded" && x.State != "skipped":
			t.Errorf("%s %s (%s)\n%s", x.Path, x.State, x.Message, tail(lines(r.log, x.Path)))
		}
	}
	for path, want := range c.states {
		if !seen[path] && want != "skipped" {
			t.Errorf("no task %s", path)
		}
	}
}

// textOf is the text of an artifact, or of each of a list.
func textOf(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = textOf(v[i])
		}
		return out
	case map[string]any:
		return v["text"]
	}
	return v
}

func fits(t *testing.T, name string, got any, there bool, want any) {
	t.Helper()
	if !there {
		t.Errorf("%s is missing, want %v", name, want)
		return
	}
	if pattern, ok := want.(like); ok {
		text, ok := got.(string)
		if !ok {
			b, _ := json.Marshal(got) // came from JSON
			text = string(b)
		}
		if !regexp.MustCompile(string(pattern)).MatchString(text) {
			t.Errorf("%s is %q, want what matches %s", name, text, pattern)
		}
		return
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var same any
	if err := json.Unmarshal(b, &same); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, same) {
		t.Errorf("%s is %v, want %v", name, got, same)
	}
}

// ordered wants every task of one path to be over before any of another begins.
func (r run) ordered(t *testing.T, before, after string) {
	t.Helper()
	below := func(x task, path string) bool {
		return x.Path == path || strings.HasPrefix(x.Path, path+"/") || strings.HasPrefix(x.Path, path+"[")
	}
	pairs := 0
	for _, a := range r.Tasks {
		for _, b := range r.Tasks {
			if below(a, before) && below(b, after) {
				pairs++
				if b.Started.Before(a.Finished) {
					t.Errorf("%s began at %v, before %s was over at %v", b.Path, b.Started, a.Path, a.Finished)
				}
			}
		}
	}
	if pairs == 0 {
		t.Errorf("no tasks %s and %s", before, after)
	}
}
