package runs

import (
	"context"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

// TestDeleteAsks: on a terminal only a yes deletes.
func TestDeleteAsks(t *testing.T) {
	for _, c := range []struct {
		answer string
		gone   bool
	}{{"y\n", true}, {"YES\n", true}, {"yes", true}, {"\n", false}, {"", false}, {"n\n", false}, {"yup\n", false}} {
		s, b := iostreams.Test()
		s.InTTY, s.ErrTTY = true, true
		b.In.WriteString(c.answer)
		dir := t.TempDir()
		t.Setenv("HOME", dir)
		a := &app.App{IO: s, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }, Exit: func(int) {},
			Backends: app.RealBackends(app.Build{Version: "test"})}
		store, err := a.Store(t.Context(), dir+"/meta")
		if err != nil {
			t.Fatal(err)
		}
		chain := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
		events, err := chain.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: "one", State: metadata.Succeeded}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
		root := func(a *app.App) *cobra.Command {
			cmd := &cobra.Command{Use: "kfp-go", SilenceErrors: true, SilenceUsage: true}
			app.Setting(cmd.PersistentFlags(), "", "metadata", "color")
			cmd.AddCommand(New(a))
			return cmd
		}
		exit := app.Main(a, root, []string{"runs", "delete", "one", "--metadata", dir + "/meta"})
		snap, err := store.Load(context.WithoutCancel(t.Context()), metadata.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if gone := len(snap.Runs) == 0; gone != c.gone || (exit == 0) != c.gone {
			t.Errorf("%q: gone %v, exit code %d\n%s", c.answer, gone, exit, b.Err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
