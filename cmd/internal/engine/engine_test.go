package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/fake"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/record"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

func TestLocalFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bundle.ndjson")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for metadata, want := range map[string]string{
		"/meta":        "/meta",
		"file:///meta": "/meta",
		"s3://bucket":  filepath.Join("/root", ".kfp-go"),
		file:           filepath.Join("/root", ".kfp-go"),
	} {
		if got := LocalFolder(&config.Config{Root: "/root", Metadata: metadata}); got != want {
			t.Errorf("%s: %s, want %s", metadata, got, want)
		}
	}
}

// named is a cluster with an address.
type named struct {
	*fake.Runner
	host string
}

func (n named) Host() string { return n.host }

// Each place is opened once, where its run belongs; what is not there counts as
// gone only where the run belongs.
func TestPlaces(t *testing.T) {
	s, _ := iostreams.Test()
	var dirs, namespaces []string
	a := &app.App{IO: s, Now: time.Now, Environ: os.Environ}
	a.Local = func(_ context.Context, opt app.LocalOptions) (backend.Runner, error) {
		dirs = append(dirs, opt.Dir)
		return fake.New(fake.Options{}), nil
	}
	a.Cluster = func(_ context.Context, c *config.Config, _ func(string)) (backend.Runner, error) {
		if c.Namespace == "down" {
			return nil, backend.ErrUnavailable
		}
		namespaces = append(namespaces, c.Namespace)
		return named{fake.New(fake.Options{}), "https://one:6443"}, nil
	}
	o := &Opener{App: a, Config: &config.Config{Root: "/root", Metadata: "s3://b", Namespace: "mine"}}
	here := a.Writer()
	local := func(by metadata.Writer, folder string) *metadata.Run {
		return &metadata.Run{ID: "id", By: by, RunRecord: metadata.RunRecord{Engine: record.Local, Folder: folder}}
	}
	cluster := func(namespace, host string) *metadata.Run {
		return &metadata.Run{ID: "id", By: here, RunRecord: metadata.RunRecord{Engine: record.Argo, Namespace: namespace, Cluster: host}}
	}
	for _, tt := range []struct {
		run  *metadata.Run
		sure bool
	}{
		{local(here, ""), true}, {local(here, "/elsewhere/runs/id"), true}, {local(here, "/etc/other"), true},
		{local(metadata.Writer{Host: "another"}, "/elsewhere/runs/id"), false},
		{cluster("", "https://one:6443"), true}, {cluster("ml", "https://one:6443"), true}, {cluster("ml", "https://two:6443"), false},
	} {
		p, err := o.Open(t.Context(), tt.run)
		if err != nil || p.Sure != tt.sure || p.Sure == (p.Elsewhere != "") {
			t.Errorf("%+v: %+v, %v", tt.run, p, err)
		}
	}
	if want := []string{"/root/.kfp-go/runs", "/elsewhere/runs"}; len(dirs) != 2 || dirs[0] != want[0] || dirs[1] != want[1] {
		t.Errorf("folders %q", dirs)
	}
	if len(namespaces) != 2 || namespaces[0] != "mine" || namespaces[1] != "ml" {
		t.Errorf("namespaces %q", namespaces)
	}
	if _, err := o.Open(t.Context(), cluster("down", "")); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("a cluster that is down: %v", err)
	}
}
