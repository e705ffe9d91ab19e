package follow

import "sync"

// Notes carry what a runner says beside the run to the view and, when that is
// gone, to whoever asks with Rest. Runners call from several goroutines.
type Notes struct {
	mu   sync.Mutex
	seen map[string]bool
	next chan string
}

// mostNotes bounds how many notes wait for the view.
const mostNotes = 64

// NewNotes holds none yet.
func NewNotes() *Notes {
	return &Notes{seen: map[string]bool{}, next: make(chan string, mostNotes)}
}

// Once takes a note that is said once, however often it is given.
func (n *Notes) Once(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.seen[text] {
		n.seen[text] = true
		n.Say(text)
	}
}

// Say takes a note.
func (n *Notes) Say(text string) {
	select {
	case n.next <- text:
	default: // a view that stands still does not hold up the run
	}
}

// Rest gives what no view has shown.
func (n *Notes) Rest(say func(text string)) {
	for {
		select {
		case text := <-n.next:
			say(text)
		default:
			return
		}
	}
}
