package app

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

// Whoever asks first makes the key; all who ask have the same one, and nobody
// else can read it.
func TestSealKey(t *testing.T) {
	a, _ := testApp()
	state := t.TempDir()
	a.LookupEnv = func(k string) (string, bool) { return state, k == "XDG_STATE_HOME" }
	c := &config.Config{Metadata: "s3://bucket"}
	keys := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = a.SealKey(c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if len(k) != sealKeyBytes || !bytes.Equal(k, keys[0]) {
			t.Errorf("%x and %x", k, keys[0])
		}
	}
	other, err := a.SealKey(&config.Config{Metadata: "s3://other"})
	if err != nil || bytes.Equal(other, keys[0]) {
		t.Errorf("another store has the same key, %v", err)
	}
	files, err := filepath.Glob(filepath.Join(state, "kfp-go", "keys", "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	if err := os.WriteFile(files[0], []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, one := a.SealKey(c)
	_, two := a.SealKey(&config.Config{Metadata: "s3://other"})
	if (one == nil) == (two == nil) {
		t.Errorf("a damaged key: %v, %v", one, two)
	}
}
