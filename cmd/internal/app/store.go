package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

// Writer says who writes records here.
func (a *App) Writer() metadata.Writer {
	w := metadata.Writer{Version: a.Build.Version}
	w.Host, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		w.User = u.Username
	}
	return w
}

// OpenStore opens the configured metadata file.
func (a *App) OpenStore(ctx context.Context, c *config.Config) (metadata.Store, error) {
	s, err := a.Store(ctx, c.Metadata)
	if err != nil {
		code := ExitFailure
		if errors.Is(err, metadata.ErrFormat) {
			code = ExitUsage
		}
		return nil, &ExitError{Code: code, Err: fmt.Errorf("metadata: %w", err)}
	}
	return s, nil
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
