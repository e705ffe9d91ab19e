package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kfp-go/kfp-go/backend/claim"
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
	key := make([]byte, sealKeyBytes)
	_, _ = rand.Read(key) // never fails
	if err := claim.File(name, key); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name)
}
