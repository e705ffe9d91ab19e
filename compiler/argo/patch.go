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
	args             string // expr-lang text of the list
	requests, limits []patchPair
	raw              []patchPair // fields of the pod's spec
	tolerations      []string
	pullSecrets      []string
}

type patchPair struct {
	key, expr string
	keyed     bool // the key is a tag that yields JSON
}

// text is the patch as JSON with tags, "" when there is nothing to patch.
// Braces that close stand apart, so that none ends a tag.
func (q *patch) text(fixed []corev1.Toleration) string {
	var main, spec []string
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
	if len(main) > 0 {
		spec = append(spec, `"containers":[{"name":"main",`+strings.Join(main, ",")+" } ]")
	}
	for _, x := range q.raw {
		spec = append(spec, quoteJSON(x.key)+":"+tag("toJson("+x.expr+")"))
	}
	if len(q.tolerations) > 0 {
		parts := append([]string(nil), q.tolerations...)
		for _, t := range fixed {
			b, _ := json.Marshal(t)
			parts = append(parts, "fromJSON("+expr.ArgoString(string(b))+")")
		}
		spec = append(spec, `"tolerations":`+tag("toJson("+listExpr(parts)+")"))
	}
	if len(q.pullSecrets) > 0 {
		list := make([]string, len(q.pullSecrets))
		for i, s := range q.pullSecrets {
			list[i] = `{"name":` + quoteJSON(s) + " }"
		}
		spec = append(spec, `"imagePullSecrets":[`+strings.Join(list, ",")+"]")
	}
	if len(spec) == 0 {
		return ""
	}
	return "{" + strings.Join(spec, ",") + " }"
}

func pairsJSON(list []patchPair) string {
	out := make([]string, len(list))
	for i, x := range list {
		key := quoteJSON(x.key)
		if x.keyed {
			key = x.key
		}
		out[i] = key + ":" + tag("toJson("+x.expr+")")
	}
	return "{" + strings.Join(out, ",") + " }"
}

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
