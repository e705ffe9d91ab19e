package local

import (
	"io"
	"os/exec"
	"strconv"
	"sync"

	"github.com/kfp-go/kfp-go/backend/local/group"
)

// A watchdog kills the process groups of a run when this process dies without
// having done so: a shell that reads their numbers from a pipe, whose end it
// sees however we end. A nil watchdog, or one on a machine without sh, does
// nothing.
type watchdog struct {
	once sync.Once
	mu   sync.Mutex
	in   io.WriteCloser
	cmd  *exec.Cmd
}

const watchdogScript = `trap '' INT TERM HUP
all=
while read -r op id; do
  case $op in
  +) all="$all $id" ;;
  -) rest=
     for p in $all; do [ "$p" = "$id" ] || rest="$rest $p"; done
     all=$rest ;;
  esac
done
for p in $all; do kill -s KILL -- "-$p" 2>/dev/null; done
exit 0
`

func (w *watchdog) start() {
	cmd := exec.Command("sh", "-c", watchdogScript)
	cmd.Dir = "/"
	group.Own(cmd)
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	w.in, w.cmd = in, cmd
}

func (w *watchdog) add(id int) {
	if w == nil {
		return
	}
	w.once.Do(w.start)
	w.tell("+ " + strconv.Itoa(id) + "\n")
}

func (w *watchdog) remove(id int) {
	if w != nil {
		w.tell("- " + strconv.Itoa(id) + "\n")
	}
}

func (w *watchdog) tell(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.in != nil {
		_, _ = io.WriteString(w.in, line)
	}
}

// close ends the watchdog, whose groups have all ended.
func (w *watchdog) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.in != nil {
		_ = w.in.Close()
		_ = w.cmd.Wait()
		w.in = nil
	}
}
