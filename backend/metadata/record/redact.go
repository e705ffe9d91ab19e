package record

import (
	"slices"
	"strings"
)

// hidden replaces a secret in text.
const hidden = "[redacted]"

// A redactor knows which parameters are secret and what their values are.
type redactor struct {
	names  []string
	values []string // longest first
}

func newRedactor(parameters map[string]any, secrets []string) redactor {
	r := redactor{names: slices.Clone(secrets)}
	for _, name := range secrets {
		if s, ok := parameters[name].(string); ok && s != "" {
			r.values = append(r.values, s)
		}
	}
	slices.SortFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	return r
}

// name reports whether the run's parameter is secret.
func (r redactor) name(s string) bool { return slices.Contains(r.names, s) }

// holds reports whether a secret stands anywhere in a JSON value.
func (r redactor) holds(v any) bool {
	if len(r.values) == 0 {
		return false
	}
	switch v := v.(type) {
	case string:
		return r.text(v) != v
	case []any:
		return slices.ContainsFunc(v, r.holds)
	case map[string]any:
		for key, e := range v {
			if r.text(key) != key || r.holds(e) {
				return true
			}
		}
	}
	return false
}

// text takes the secrets out of a message.
func (r redactor) text(s string) string {
	for _, v := range r.values {
		s = strings.ReplaceAll(s, v, hidden)
	}
	return s
}
