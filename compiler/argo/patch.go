package argo

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
)

// patch is what goes into podSpecPatch because Argo does not substitute in the
// fields themselves.
type patch struct {
	command, args    string // expr-lang texts of the lists
	requests, limits []patchPair
	main, spec       []patchPair // fields of the container and of the pod's spec
	selector         []string    // node selectors, as structs
	tolerations      []string    // tolerations, lists of them, or nil
	pullSecrets      []string    // constant names
	// Entries that may be absent: structs or nil.
	env, envFrom, mounts, volumes, pulls []string
}

type patchPair struct {
	key, expr string
	// computed: the key is an expression too. Where key or value are empty, there
	// is no entry.
	computed bool
}

// patchJSON inserts the JSON of an expression. What it holds may be anybody's
// text, and must survive the passes that follow.
func patchJSON(e string) string { return tag(wireExpr("toJson(" + e + ")")) }

// some is a list of those entries that are there.
func some(entries []string) string {
	return "filter(" + listExpr(entries) + ",# != nil)"
}

// text is the patch as JSON with tags, "" when there is nothing to patch.
// Braces that close stand apart, so that none ends a tag.
func (q *patch) text(fixed []corev1.Toleration) string {
	var main, spec []string
	if q.command != "" {
		main = append(main, `"command":`+tag("toJson("+q.command+")"))
	}
	if q.args != "" {
		main = append(main, `"args":`+tag("toJson("+q.args+")"))
	}
	var res []string
	for _, x := range []struct {
		name string
		list []patchPair
	}{{"requests", q.requests}, {"limits", q.limits}} {
		if len(x.list) > 0 {
			res = append(res, quoteJSON(x.name)+":"+pairsJSON(x.list))
		}
	}
	if len(res) > 0 {
		main = append(main, `"resources":{`+strings.Join(res, ",")+" }")
	}
	if len(q.env) > 0 {
		main = append(main, `"env":`+patchJSON(some(q.env)))
	}
	if len(q.envFrom) > 0 {
		main = append(main, `"envFrom":`+patchJSON(some(q.envFrom)))
	}
	if len(q.mounts) > 0 {
		main = append(main, `"volumeMounts":`+patchJSON(some(q.mounts)))
	}
	for _, x := range q.main {
		main = append(main, quoteJSON(x.key)+":"+patchJSON(x.expr))
	}
	if len(main) > 0 {
		spec = append(spec, `"containers":[{"name":"main",`+strings.Join(main, ",")+" } ]")
	}
	for _, x := range q.spec {
		spec = append(spec, quoteJSON(x.key)+":"+patchJSON(x.expr))
	}
	if len(q.selector) > 0 {
		spec = append(spec, `"nodeSelector":`+patchJSON(merged(q.selector)))
	}
	if len(q.tolerations) > 0 {
		parts := append([]string(nil), q.tolerations...)
		for _, t := range fixed {
			b, _ := json.Marshal(t)
			parts = append(parts, "fromJSON("+expr.ArgoString(string(b))+")")
		}
		spec = append(spec, `"tolerations":`+patchJSON("filter(flatten("+listExpr(parts)+"),# != nil)"))
	}
	if len(q.volumes) > 0 {
		spec = append(spec, `"volumes":`+patchJSON(some(q.volumes)))
	}
	if pulls := q.pullList(); pulls != "" {
		spec = append(spec, pulls)
	}
	if len(spec) == 0 {
		return ""
	}
	return "{" + strings.Join(spec, ",") + " }"
}

// pullList are the image pull secrets.
func (q *patch) pullList() string {
	switch {
	case len(q.pulls) > 0:
		list := make([]string, len(q.pullSecrets))
		for i, s := range q.pullSecrets {
			list[i] = `({'name': ` + expr.ArgoString(s) + " })"
		}
		return `"imagePullSecrets":` + patchJSON(some(append(list, q.pulls...)))
	case len(q.pullSecrets) > 0:
		list := make([]string, len(q.pullSecrets))
		for i, s := range q.pullSecrets {
			list[i] = `{"name":` + quoteJSON(s) + " }"
		}
		return `"imagePullSecrets":[` + strings.Join(list, ",") + "]"
	}
	return ""
}

// merged is one struct of several, of which the first wins.
func merged(structs []string) string {
	out := structs[0]
	for _, s := range structs[1:] {
		out = "sprig.merge(" + out + "," + s + ")"
	}
	return out
}

func pairsJSON(list []patchPair) string {
	for _, x := range list {
		if x.computed {
			return pairsExpr(list)
		}
	}
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = quoteJSON(x.key) + ":" + tag("toJson("+x.expr+")") // a quantity: braces are an error anyway
	}
	return "{" + strings.Join(out, ",") + " }"
}

// pairsExpr writes the struct as text: expr-lang cannot make one whose keys are
// computed, in a form that has JSON.
func pairsExpr(list []patchPair) string {
	pairs := make([]string, len(list))
	for i, x := range list {
		key := x.key
		if !x.computed {
			key = expr.ArgoString(x.key)
		}
		pairs[i] = "[" + key + ", " + x.expr + "]"
	}
	there := "filter(" + listExpr(pairs) + ",not (#[0] in [nil,'']) and not (#[1] in [nil,'','0']))"
	return tag(wireExpr("'{' + join(map(" + there + "," + pairText("#[0]", "#[1]") + "),',') + '}'"))
}

func pairText(key, value string) string { return "toJson(" + key + ") + ':' + toJson(" + value + ")" }

// quoteJSON quotes a text that may hold tags: nothing but quotes and
// backslashes is escaped.
func quoteJSON(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// strict decodes a JSON value into an API type and refuses unknown fields.
func strict(v any, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
