package run

import (
	"maps"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/build"
)

// readSecrets reads the values of --secret.
func readSecrets(texts []string) (map[string]string, error) {
	out := map[string]string{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		secret, key, slash := strings.Cut(name, "/")
		if !found || !slash || secret == "" || key == "" {
			return nil, app.Usagef("--secret takes SECRET/KEY=VALUE") // the text may hold the secret
		}
		if file, ok := strings.CutPrefix(value, "@"); ok && !strings.HasPrefix(file, "@") {
			data, err := build.ReadFile(file)
			if err != nil {
				return nil, app.Usagef("--secret %s: %v", name, err)
			}
			value = string(data)
		} else if strings.HasPrefix(value, "@@") {
			value = value[1:]
		}
		out[name] = value
	}
	return out, nil
}

// secretTexts are the values that tasks of a local run can be given as secrets:
// those of --secret and those that stand in the environment.
func secretTexts(given map[string]string, environ []string) []string {
	out := slices.Sorted(maps.Values(given))
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "KFPGO_SECRET_") {
			out = append(out, value)
		}
	}
	return out
}
