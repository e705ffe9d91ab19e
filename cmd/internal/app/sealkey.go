package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

const sealKeyBytes = 32

// SealKey is the key with which secrets are sealed in the metadata file, made
// when it is first asked for. It lies in the user's state folder, never in the
// metadata file. Where there is no such folder there is no key, and nothing is
// kept of secrets.
func (a *App) SealKey(c *config.Config) ([]byte, error) {
	state := a.stateFolder()
	if state == "" {
		return nil, nil
	}
	name := filepath.Join(state, "keys", metadata.Digest([]byte(c.Metadata))[len("sha256:"):][:32])
	key, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		key, err = makeKey(name)
	}
	if err == nil && len(key) != sealKeyBytes {
		err = fmt.Errorf("it has %d bytes, not %d: remove it to have a new one made", len(key), sealKeyBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("the key that seals secrets, %s: %w", name, err)
	}
	return key, nil
}

// makeKey puts a new key in place, unless another process was faster.
func makeKey(name string) ([]byte, error) {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, ".new-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	key := make([]byte, sealKeyBytes)
	_, _ = rand.Read(key) // never fails
	_, err = f.Write(key)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	err = os.Link(f.Name(), name)
	if err != nil && !errors.Is(err, os.ErrExist) {
		err = writeNew(name, key) // some file systems have no hard links
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name)
}

// writeNew writes a file that nobody else has made. Who reads it at that very
// instant may see less than all of it.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name)
	}
	return err
}
