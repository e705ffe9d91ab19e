//go:build unix

package local

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder takes the lock of a run's folder, which the system lets go of when
// this process ends, however it does. ok is false when another process has it.
func lockFolder(dir string) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, false, nil
	}
	return func() { f.Close() }, true, nil
}

// held reports whether a living process executes the run of the folder.
func held(dir string) bool {
	f, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	defer f.Close()
	// A shared lock, so that two who look at the same moment do not take each
	// other for the process that executes the run.
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}
