package runs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

// TestListSaysWhatItLeavesOut: a list that the default limit cuts short says
// so; one whose limit was asked for does not, whatever its order.
func TestListSaysWhatItLeavesOut(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	backends := app.RealBackends(app.Build{Version: "test"})
	store, err := backends.Store(t.Context(), dir+"/meta")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 51 {
		chain := metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
		events, err := chain.Events([]metadata.Record{{Run: &metadata.RunRecord{Name: fmt.Sprintf("run-%02d", i), State: metadata.Succeeded}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Append(t.Context(), events[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  string
		lines int // without the head
		said  bool
	}{
		{"", 50, true}, {"--sort name", 50, true}, {"--limit 50", 50, false}, {"--limit 51", 51, false}, {"--limit 0", 51, false}, {"--limit 3 --sort name", 3, false},
	} {
		s, b := iostreams.Test()
		a := &app.App{IO: s, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }, Exit: func(int) {}, Backends: backends}
		root := func(a *app.App) *cobra.Command {
			cmd := &cobra.Command{Use: "kfp-go", SilenceErrors: true, SilenceUsage: true}
			app.Setting(cmd.PersistentFlags(), "", "metadata", "color")
			cmd.AddCommand(New(a))
			return cmd
		}
		args := append([]string{"runs", "list", "--metadata", dir + "/meta", "--columns", "name"}, strings.Fields(c.args)...)
		exit := app.Main(a, root, args)
		lines := strings.Count(b.Out.String(), "\n") - 1
		said := strings.Contains(b.Err.String(), "--limit 0 shows all")
		if exit != 0 || lines != c.lines || said != c.said {
			t.Errorf("%q: exit code %d, %d lines, said %v\n%s", c.args, exit, lines, said, b.Err)
		}
	}
}
