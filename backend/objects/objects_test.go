package objects

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// server is an S3 server with one object; asked hears of each request's
// authorization.
func server(t *testing.T, asked func(authorization string)) *store.Store {
	t.Helper()
	mem := s3mem.New()
	if err := mem.CreateBucket("b"); err != nil {
		t.Fatal(err)
	}
	text := "one\ntwo\n"
	if _, err := mem.PutObject("b", "runs/x/main.log", nil, strings.NewReader(text), int64(len(text)), nil); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(mem).Server()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked(r.Header.Get("Authorization"))
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(ts.Close)
	place, err := store.Parse("s3://b/")
	if err != nil {
		t.Fatal(err)
	}
	return &store.Store{Place: place, Endpoint: strings.TrimPrefix(ts.URL, "http://"), Insecure: true,
		AccessKey: store.Secret{Name: "s3", Key: "a"}, SecretKey: store.Secret{Name: "s3", Key: "s"}}
}

func fromCluster(_ context.Context, s store.Secret) (string, error) { return "cluster-" + s.Key, nil }

// TestCredentials: what the user or the cluster describes leads to the
// cluster's secrets, what a record says does not.
func TestCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "environment")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	var auth string
	st := server(t, func(a string) { auth = a })
	refused := func(context.Context, store.Secret) (string, error) { return "", backend.ErrDenied }
	for name, tt := range map[string]struct {
		source Source
		want   string
	}{
		"described":              {Source{Stores: store.NewTable(st), Secret: fromCluster}, "Credential=cluster-a/"},
		"described, no cluster":  {Source{Stores: store.NewTable(st)}, "Credential=environment/"},
		"described, no right":    {Source{Stores: store.NewTable(st), Secret: refused}, "Credential=environment/"},
		"recorded":               {Source{Recorded: store.NewTable(st), Secret: fromCluster}, "Credential=environment/"},
		"described and recorded": {Source{Stores: store.NewTable(st), Recorded: store.NewTable(st), Secret: fromCluster}, "Credential=cluster-a/"},
	} {
		r, err := tt.source.Open(t.Context(), "s3://b/runs/x/main.log")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := io.ReadAll(r)
		if cerr := r.Close(); err != nil || cerr != nil || !bytes.Equal(data, []byte("one\ntwo\n")) {
			t.Errorf("%s: %q, %v, %v", name, data, err, cerr)
		}
		if !strings.Contains(auth, tt.want) {
			t.Errorf("%s: authorization %q, want %s", name, auth, tt.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "environment")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	s := Source{Stores: store.NewTable(server(t, func(string) {}))}
	for uri, want := range map[string]error{
		"s3://b/runs/none":            backend.ErrNotFound,
		"s3://b/":                     backend.ErrInvalid,
		"file:///etc/passwd":          backend.ErrInvalid,
		"no uri":                      backend.ErrInvalid,
		"oss://b/k":                   backend.ErrInvalid,
		"https://x.example.org/c/key": backend.ErrInvalid,
	} {
		if _, err := s.Open(t.Context(), uri); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", uri, err, want)
		}
	}
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>SignatureDoesNotMatch</Code><Message>check your key</Message></Error>")
	}))
	t.Cleanup(refusing.Close)
	closed := server(t, func(string) {})
	closed.Endpoint = strings.TrimPrefix(refusing.URL, "http://")
	_, err := (&Source{Stores: store.NewTable(closed)}).Open(t.Context(), "s3://b/k")
	if !errors.Is(err, backend.ErrDenied) || err.Error() != "s3://b/k: denied: SignatureDoesNotMatch: check your key" {
		t.Errorf("a server that refuses: %v", err)
	}
	down := server(t, func(string) {})
	down.Endpoint = "127.0.0.1:1"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Source{Stores: store.NewTable(down)}).Open(ctx, "s3://b/k"); err == nil {
		t.Error("a server that is not there")
	}
}

// TestAzureToken: this machine's own token goes to Azure only.
func TestAzureToken(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"https://a.blob.core.windows.net":           true,
		"http://a.blob.core.windows.net":            false,
		"https://a.blob.core.windows.net.evil.org":  false,
		"https://evil.org/a.blob.core.windows.net/": false,
	} {
		if atAzure(endpoint) != want {
			t.Errorf("%s: %v", endpoint, !want)
		}
	}
	for endpoint, want := range map[string]string{"https://acme.blob.core.windows.net": "acme", "http://127.0.0.1:10000/devstoreaccount1": "devstoreaccount1"} {
		if got := account(endpoint); got != want {
			t.Errorf("%s: %q", endpoint, got)
		}
	}
}
