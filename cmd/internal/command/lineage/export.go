package lineage

import (
	"bufio"
	"context"
	"errors"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/openlineage"
	"github.com/kfp-go/kfp-go/backend/metadata/provenance"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
)

// The formats that other tools read; they tell of one run.
const (
	openLineage = "openlineage"
	inToto      = "in-toto"
)

func export(ctx context.Context, store metadata.Store, opt *Options) error {
	if opt.Up || opt.Down || opt.Depth != 0 {
		return app.Usagef("--output %s tells of a whole run: --up, --down and --depth have no meaning with it", opt.Form)
	}
	r, err := wholeRun(ctx, store, opt.Target, "--output "+opt.Form)
	if err != nil {
		return err
	}
	if opt.Form == inToto {
		return writeStatement(opt.App, r)
	}
	out := bufio.NewWriter(opt.App.IO.Out)
	if err := openlineage.Write(out, openlineage.Events(r)); err != nil {
		return err
	}
	return out.Flush()
}

// writeStatement prints the provenance; what it cannot vouch for is said beside
// it.
func writeStatement(a *app.App, r *metadata.Run) error {
	s, unknown, err := provenance.Of(r)
	for _, uri := range unknown {
		a.Notef("no subject: %s: no SHA-256 is recorded of it", uri)
	}
	switch {
	case errors.Is(err, provenance.ErrUnfinished):
		return &app.ExitError{Code: app.ExitUsage, Err: err, Hint: "its provenance follows when it has"}
	case err != nil:
		return &app.ExitError{Code: app.ExitFailure, Err: err}
	}
	return output.JSON(a.IO.Out, s)
}
