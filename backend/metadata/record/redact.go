package record

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// hidden replaces a secret in text.
const hidden = "[redacted]"

// gram is the length, in bytes, from which on a piece of a secret is hidden
// too: messages are cut, and base64 of more than the secret holds only a part
// of the secret's own.
const gram = 16

// A redactor knows which parameters are secret and what must not be written.
// It is not changed once made.
type redactor struct {
	key    []byte // of the seals; nil: none
	names  []string
	values []string            // the secrets as they are
	short  []string            // forms shorter than a gram, the longest first
	grams  map[string]struct{} // of all other forms
}

// newRedactor hides the texts, and the values of the parameters that are
// secret.
func newRedactor(key []byte, parameters map[string]any, names, texts []string) *redactor {
	r := &redactor{key: key, names: slices.Clone(names), grams: map[string]struct{}{}}
	for _, name := range names {
		if s, ok := parameters[name].(string); ok {
			texts = append(slices.Clip(texts), s)
		}
	}
	for _, s := range texts {
		r.add(s)
	}
	slices.SortFunc(r.short, func(a, b string) int { return len(b) - len(a) })
	return r
}

// with is the redactor that also knows what the parameters say of secrets.
func (r *redactor) with(parameters map[string]any) *redactor {
	for _, name := range r.names {
		if s, ok := parameters[name].(string); ok && s != "" && !slices.Contains(r.values, s) {
			return newRedactor(r.key, parameters, r.names, r.values)
		}
	}
	return r
}

func (r *redactor) add(secret string) {
	if strings.TrimSpace(secret) == "" || slices.Contains(r.values, secret) {
		return
	}
	r.values = append(r.values, secret)
	for _, form := range forms(secret) {
		if len(form) < gram {
			r.short = append(r.short, form)
			continue
		}
		for i := 0; i+gram <= len(form); i++ {
			r.grams[form[i:i+gram]] = struct{}{}
		}
	}
}

// forms are the ways in which a secret is written by others: with escapes, in
// base64 wherever it begins, line by line.
func forms(secret string) []string {
	seen := map[string]bool{}
	add := func(s string) {
		if s != "" {
			seen[s] = true
		}
	}
	parts := []string{secret, strings.TrimSpace(secret)}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= gram/2 {
			parts = append(parts, line)
		}
	}
	for _, s := range parts {
		add(s)
		add(url.QueryEscape(s))
		add(url.PathEscape(s))
		add(strings.Trim(strconv.Quote(s), `"`))
		add(strings.Trim(strconv.QuoteToASCII(s), `"`))
		add(hex.EncodeToString([]byte(s)))
		for _, escape := range []bool{true, false} {
			var b strings.Builder
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(escape)
			if enc.Encode(s) == nil {
				text := strings.TrimSuffix(b.String(), "\n")
				add(text[1 : len(text)-1])
			}
		}
	}
	for offset := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			add(inBase64(enc, secret, offset))
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// inBase64 is what a secret makes of base64 text in which it stands offset
// bytes after a multiple of three, without the digits that its neighbours have
// a part in.
func inBase64(enc *base64.Encoding, secret string, offset int) string {
	text := enc.EncodeToString(append(make([]byte, offset), secret...))
	first := (offset*8 + 5) / 6
	last := (offset + len(secret)) * 8 / 6
	if last-first < gram/2 {
		return "" // so short that it could be anything
	}
	return text[first:last]
}

// secret reports whether the run's parameter is secret.
func (r *redactor) secret(name string) bool { return slices.Contains(r.names, name) }

// seal is what is kept of a value.
func (r *redactor) seal(v any) metadata.Value {
	text, isText := v.(string)
	data := []byte(text)
	if !isText {
		var err error
		if data, err = json.Marshal(v); err != nil {
			return metadata.Value{Redacted: true}
		}
	}
	return metadata.Value{Redacted: true, HMAC: metadata.Seal(r.key, data)}
}

// holds reports whether a secret stands anywhere in a JSON value.
func (r *redactor) holds(v any) bool {
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

// text takes the secrets out of a text.
func (r *redactor) text(s string) string {
	if len(r.values) == 0 {
		return s
	}
	s = r.long(s)
	for _, v := range r.short {
		s = strings.ReplaceAll(s, v, hidden)
	}
	return s
}

// long takes out every stretch of grams.
func (r *redactor) long(s string) string {
	var b strings.Builder
	done, end := 0, 0 // up to where s is written, and the stretch reaches
	for i := 0; i+gram <= len(s); i++ {
		if _, ok := r.grams[s[i:i+gram]]; !ok {
			continue
		}
		if i > end || end == 0 {
			b.WriteString(s[done:i])
			b.WriteString(hidden)
		}
		end = i + gram
		done = end
	}
	if end == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// texts takes the secrets out of the values of labels and the like.
func (r *redactor) texts(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[r.text(k)] = r.text(v)
	}
	return out
}

// uri takes credentials and secrets out of where something lies: passwords and
// the signatures of links that somebody made for a while.
func (r *redactor) uri(s string) string {
	s = r.text(s)
	if !strings.ContainsAny(s, "@?") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return s
	}
	changed := false
	if _, has := u.User.Password(); has {
		u.User, changed = nil, true
	}
	q := u.Query()
	for name := range q {
		if slices.Contains(signatures, strings.ToLower(name)) {
			q.Set(name, "redacted")
			changed = true
		}
	}
	if !changed {
		return s
	}
	if u.RawQuery != "" {
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// signatures are the parameters of URLs that let anybody in.
var signatures = []string{"sig", "signature", "token", "access_token", "x-amz-signature", "x-amz-security-token", "x-goog-signature"}
