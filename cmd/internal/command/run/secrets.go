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

// notes carry what the runner says beside the run, each once, to the view and,
// when that is gone, to standard error. The runner calls from several
// goroutines.
type notes struct {
	mu   sync.Mutex
	seen map[string]bool
	next chan string
}

// mostNotes bounds how many notes wait for the view; there are a handful of
// kinds.
const mostNotes = 64

func newNotes() *notes {
	return &notes{seen: map[string]bool{}, next: make(chan string, mostNotes)}
}

func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[text] {
		return
	}
	n.seen[text] = true
	select {
	case n.next <- text:
	default: // a view that stands still does not hold up the run
	}
}

// tell says what the view did not.
func (n *notes) tell(a *app.App) {
	for {
		select {
		case text := <-n.next:
			a.Notef("note: %s", text)
		default:
			return
		}
	}
}
