package recording

import (
	"context"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/openlineage"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
)

// lineage tells a catalogue what is recorded, as it is recorded. The zero value
// tells nobody.
type lineage struct {
	sink     *openlineage.Sink
	follower *openlineage.Follower
}

// openLineage opens what the setting openlineage names. That it cannot be
// opened is wrong usage; that it does not answer later is a warning.
func openLineage(a *app.App, c *config.Config) (lineage, error) {
	if c.OpenLineage == "" {
		return lineage{}, nil
	}
	sink, err := openlineage.OpenSink(c.OpenLineage, openlineage.SinkOptions{Key: a.Getenv("OPENLINEAGE_API_KEY"), UserAgent: "kfp-go/" + a.Build.Version})
	if err != nil {
		return lineage{}, &app.ExitError{Code: app.ExitUsage, Err: err}
	}
	return lineage{sink, openlineage.NewFollower()}, nil
}

// wrote is for record.Options: nil where there is nobody to tell.
func (l *lineage) wrote() func(*metadata.Event) {
	if l.sink == nil {
		return nil
	}
	return func(e *metadata.Event) {
		for _, told := range l.follower.Recorded(e) {
			l.sink.Send(told)
		}
	}
}

// resume goes on with another run, which was followed until now by others.
func (l *lineage) resume(r *metadata.Run) {
	if l.sink != nil {
		l.follower = openlineage.Resume(r)
	}
}

func (l *lineage) close(ctx context.Context, a *app.App) {
	if l.sink == nil {
		return
	}
	if err := l.sink.Close(ctx); err != nil {
		a.Warnf("%v", err)
	}
}
