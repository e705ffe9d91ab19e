package local

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// stopName is the file in a run's folder that tells the process that executes
// the run to stop it.
const stopName = "stop"

// askToStop tells the process that executes the run of the folder.
func askToStop(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, stopName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// heedEvery is how often a run looks whether another process wants it stopped.
const heedEvery = 200 * time.Millisecond

// heed stops the run when another process wants that, until the context ends.
func (r *run) heed(ctx context.Context) {
	name := filepath.Join(r.dir, stopName)
	tick := time.NewTicker(heedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := os.Lstat(name); err == nil {
			r.cancel(errCancelled)
			return
		}
	}
}
