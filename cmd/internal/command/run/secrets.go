package run

import (
	"os"
	"strings"
	"sync"

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

// notes gathers what the runner says beside the run, each once, to be told when
// the view is gone. The runner calls from several goroutines.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, old := range n.list {
		if old == text {
			return
		}
	}
	n.list = append(n.list, text)
}

func (n *notes) tell(a *app.App) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, text := range n.list {
		a.Notef("note: %s", text)
	}
}
