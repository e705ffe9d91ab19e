package run

import (
	"os"
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

func isFile(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.Mode().IsRegular()
}
