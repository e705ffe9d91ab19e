package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

// Writer says who writes records here; its id is this process's own.
func (a *App) Writer() metadata.Writer {
	a.writer.Do(func() {
		w := &a.writer.Writer
		w.ID, w.Version = metadata.NewID(a.Now()), a.Build.Version
		w.Host, _ = os.Hostname()
		if u, err := user.Current(); err == nil {
			w.User = u.Username
		}
	})
	return a.writer.Writer
}

// oneWriter is made when it is first asked for.
type oneWriter struct {
	sync.Once
	metadata.Writer
}

// OpenStore opens the configured metadata file. What cannot be written there
// now is put aside on this machine and leaves with the next use.
func (a *App) OpenStore(ctx context.Context, c *config.Config) (metadata.Store, error) {
	return a.openStore(ctx, c, false)
}

// InsistStore is OpenStore for who insists on the record: everything up to the
// first event must reach the metadata file itself. What comes later is put aside
// rather than lost.
func (a *App) InsistStore(ctx context.Context, c *config.Config) (metadata.Store, error) {
	return a.openStore(ctx, c, true)
}

func (a *App) openStore(ctx context.Context, c *config.Config, insist bool) (metadata.Store, error) {
	s, err := a.RequireStore(ctx, c)
	state := a.stateFolder()
	if err != nil || state == "" {
		return s, err
	}
	notices := &spoolNotices{app: a}
	spool, err := blob.WithSpool(s, blob.SpoolDir(state, c.Metadata), notices.add)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if insist {
		spool.Insist()
	}
	notices.Store = spool
	return notices, nil
}

// RequireStore opens the configured metadata file itself: what cannot be
// written is an error.
func (a *App) RequireStore(ctx context.Context, c *config.Config) (metadata.Store, error) {
	s, err := a.Store(ctx, c.Metadata)
	if err != nil {
		code := ExitFailure
		if errors.Is(err, metadata.ErrFormat) {
			code = ExitUsage
		}
		return nil, &ExitError{Code: code, Err: fmt.Errorf("metadata: %w", err)}
	}
	if b, ok := s.(*blob.Store); ok && c.CacheDir != "" {
		b.UseCache(filepath.Join(c.CacheDir, "metadata"))
	}
	return s, nil
}

// stateFolder is where kfp-go keeps what must outlive a command, "" when
// nothing says where.
func (a *App) stateFolder() string {
	if dir := a.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kfp-go")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "kfp-go")
}

// spoolNotices holds back what a store says of itself until it is closed, when
// no view is drawn any more.
type spoolNotices struct {
	metadata.Store
	app  *App
	mu   sync.Mutex
	said []string
}

// Edges implements metadata.EdgeSource where the store does.
func (n *spoolNotices) Edges() metadata.EdgeReader {
	if source, ok := n.Store.(metadata.EdgeSource); ok {
		return source.Edges()
	}
	return nil
}

// Maintain implements metadata.Maintainer where the store does.
func (n *spoolNotices) Maintain(ctx context.Context) error {
	if m, ok := n.Store.(metadata.Maintainer); ok {
		return m.Maintain(ctx)
	}
	return nil
}

func (n *spoolNotices) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, text)
}

func (n *spoolNotices) Close() error {
	err := n.Store.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, text := range n.said {
		n.app.Warnf("%s", text)
	}
	n.said = nil
	return err
}

// FindRun is the run that a name stands for; a name that stands for none, or
// for several, is wrong usage.
func FindRun(ctx context.Context, s metadata.Store, name string) (*metadata.Run, error) {
	r, err := metadata.Find(ctx, s, name)
	var which *metadata.RunError
	if errors.As(err, &which) {
		return nil, WithHint(&ExitError{Code: ExitUsage, Err: err}, "`kfp-go runs list` shows the recorded runs")
	}
	return r, err
}

// OpenRun opens the configured metadata file, as OpenStore does, and finds a run
// in it. The store is the caller's to close.
func (a *App) OpenRun(ctx context.Context, c *config.Config, name string) (metadata.Store, *metadata.Run, error) {
	s, err := a.OpenStore(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	r, err := FindRun(ctx, s, name)
	if err != nil {
		_ = s.Close()
		return nil, nil, err
	}
	return s, r, nil
}

// RunArgument is the name of a run among a command's arguments, the last run's
// if there is none.
func RunArgument(args []string) string {
	if len(args) == 0 {
		return metadata.Last
	}
	return args[0]
}

// Where names the configured metadata file for people: a folder as it was
// given, a URL without its query.
func Where(c *config.Config) string {
	if !strings.Contains(c.Metadata, "://") {
		return c.Metadata
	}
	return blob.Name(c.Metadata)
}
