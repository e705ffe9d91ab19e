package rules

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

func secretInEnv() *lint.Rule {
	return &lint.Rule{
		Code: "L502", Name: "secret-in-env", Severity: diag.Warning,
		Doc: `A variable that sounds like a secret holds a constant.

The manifest, the metadata file and everybody who may read a Workflow would
know it.

` + "```yaml" + `
components:
  train:
    image: acme/train:1.4
    env: {DB_PASSWORD: hunter2}        # L502
` + "```" + `

Take it from a Kubernetes Secret: ` + "`env: {DB_PASSWORD: {secret: database, key: password}}`" + `.
`,
		Run: func(p *lint.Pass) {
			env := func(vars []*ir.EnvVar) {
				for _, e := range vars {
					if s, ok := text(e.Value); ok && len(s) > 0 && soundsSecret(e.Name.Text) && !looksLikeReference(s) {
						p.Reportf(e.Value.Span(), "take it from a Kubernetes Secret", "%q holds a secret in plain sight", e.Name.Text)
					}
				}
			}
			for _, c := range p.Pipeline.Components {
				if b := c.Container(); b != nil {
					env(b.Env)
				}
			}
			p.Pipeline.Walk(func(_ *ir.Component, t *ir.Task) {
				if t.Settings != nil {
					env(t.Settings.Env)
				}
			})
		},
	}
}

// soundsSecret looks at the words of a variable's name.
func soundsSecret(name string) bool {
	words := "_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_") + "_"
	for _, w := range [...]string{"_PASSWORD_", "_PASSWD_", "_SECRET_", "_TOKEN_", "_API_KEY_", "_APIKEY_", "_ACCESS_KEY_", "_PRIVATE_KEY_", "_CREDENTIALS_"} {
		if strings.Contains(words, w) {
			return true
		}
	}
	return false
}

// looksLikeReference: a path, a URL or another variable is where a secret is,
// not what it is.
func looksLikeReference(s string) bool {
	return strings.HasPrefix(s, "/") || strings.Contains(s, "://") || strings.HasPrefix(s, "$")
}
