package objects

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/servertest"
	"github.com/kfp-go/kfp-go/compiler/store"
)

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(h[:])
}

func always(int64) bool { return true }
func never(int64) bool  { return false }

func survey(t *testing.T, s *Source) *Survey {
	t.Helper()
	v := NewSurvey(s)
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// contents of the bucket on every server: an object, an empty one, one with a
// name that needs escapes, a folder of two and one in it.
var contents = map[string]string{
	"runs/model": "a model", "runs/empty": "", "runs/a b+c": "escaped", "runs/folder/x": "12345", "runs/folder/deep/y": "678",
}

// testContents asks a server that has contents in a bucket, and reads from it.
func testContents(t *testing.T, s *Source, root string) {
	t.Helper()
	v := survey(t, s)
	for _, tt := range []struct {
		name string
		read func(int64) bool
		want Content
		err  error
	}{
		{"runs/model", always, Content{7, sum("a model")}, nil},
		{"runs/model", never, Content{Bytes: 7}, nil},
		{"runs/empty", always, Content{0, sum("")}, nil},
		{"runs/a b+c", always, Content{7, sum("escaped")}, nil},
		{"runs/folder", always, Content{Bytes: 8}, nil},
		{"runs/folder/", always, Content{Bytes: 8}, nil},
		{"runs/folder/x", always, Content{5, sum("12345")}, nil},
		{"runs/fold", always, Content{}, backend.ErrNotFound}, // the beginning of a name
		{"runs/none", always, Content{}, backend.ErrNotFound},
		{"runs/none/", always, Content{}, backend.ErrNotFound},
		{"", always, Content{}, backend.ErrInvalid},
	} {
		got, err := v.Content(t.Context(), root+tt.name, tt.read)
		if got != tt.want || !errors.Is(err, tt.err) || err != nil && errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("%q: %+v, %v, want %+v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
	r, err := s.Open(t.Context(), root+"runs/folder/deep/y")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if cerr := r.Close(); err != nil || cerr != nil || string(data) != "678" {
		t.Errorf("read %q, %v, %v", data, err, cerr)
	}
	if _, err := s.Open(t.Context(), root+"runs/none"); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
}

// testRefused asks a server that lets nobody in.
func testRefused(t *testing.T, s *Source, uri string) {
	t.Helper()
	if _, err := s.Open(t.Context(), uri); !errors.Is(err, backend.ErrDenied) || errors.Is(err, backend.ErrNotFound) {
		t.Errorf("refused: %v", err)
	}
	if c, err := survey(t, s).Content(t.Context(), uri, always); c != (Content{}) || !errors.Is(err, backend.ErrDenied) || errors.Is(err, backend.ErrNotFound) {
		t.Errorf("refused: %+v, %v", c, err)
	}
}

// described is a Source of one store and the secrets of a cluster.
func described(t *testing.T, uri string, secrets map[string]string, settings ...string) *Source {
	t.Helper()
	place, err := store.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	st := &store.Store{Place: place}
	for i := 0; i < len(settings); i += 2 {
		if err := st.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return &Source{Stores: store.NewTable(st), Secret: func(_ context.Context, s store.Secret) (string, error) {
		text, ok := secrets[s.Name+"/"+s.Key]
		if !ok {
			return "", backend.ErrNotFound
		}
		return text, nil
	}}
}

func onVersity(t *testing.T) (*servertest.Versity, *Source) {
	t.Helper()
	servertest.S3Environ(t)
	server := servertest.NewVersity(t, "box")
	for name, text := range contents {
		file := filepath.Join(server.Dir, "box", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return server, described(t, "s3://box/", nil, "endpoint", server.Address, "insecure", "true")
}

func TestVersity(t *testing.T) {
	_, source := onVersity(t)
	testContents(t, source, "s3://box/")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	testRefused(t, source, "s3://box/runs/model")
}

// TestKeptChecksum: a SHA-256 that the store itself checked is taken without
// reading the object; one of an object in parts, which is another thing, not.
func TestKeptChecksum(t *testing.T) {
	server, source := onVersity(t)
	var reads atomic.Int32
	target, err := url.Parse("http://" + server.Address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "" {
			reads.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	place := *source.Stores[0]
	place.Endpoint = strings.TrimPrefix(front.URL, "http://")
	source = &Source{Stores: store.NewTable(&place)}

	bucket, err := source.s3(t.Context(), &place)
	if err != nil {
		t.Fatal(err)
	}
	var client *s3.Client
	if !bucket.As(&client) {
		t.Fatal("no client")
	}
	name, text := "box", "with a checksum"
	h := sha256.Sum256([]byte(text))
	checksum := base64.StdEncoding.EncodeToString(h[:])
	for key, in := range map[string]*s3.PutObjectInput{
		"kept":    {ChecksumSHA256: &checksum},
		"not":     {},
		"another": {ChecksumAlgorithm: types.ChecksumAlgorithmCrc32},
		"claimed": {Metadata: map[string]string{"sha256": sum("something else"), "x-amz-checksum-sha256": checksum}},
	} {
		in.Bucket, in.Key, in.Body = &name, &key, strings.NewReader(text)
		if _, err := client.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	v := survey(t, source)
	for key, want := range map[string]int32{"kept": 0, "not": 1, "another": 1, "claimed": 1} {
		reads.Store(0)
		c, err := v.Content(t.Context(), "s3://box/"+key, always)
		if err != nil || c != (Content{int64(len(text)), sum(text)}) || reads.Load() != want {
			t.Errorf("%s: %+v, %v after %d reads, want %d", key, c, err, reads.Load(), want)
		}
	}
}

func TestGCS(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir())
	server := servertest.NewGCS(t, "box")
	for name, text := range contents {
		server.CreateObject(fakestorage.Object{ObjectAttrs: fakestorage.ObjectAttrs{BucketName: "box", Name: name}, Content: []byte(text)})
	}
	testContents(t, &Source{}, "gs://box/")
	testContents(t, described(t, "gs://box/", nil), "gs://box/")

	// The emulator refuses nobody. Google answers like this.
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":{"code":403,"message":"somebody does not have storage.objects.get access to the Google Cloud Storage object."}}`)
	}))
	t.Cleanup(refusing.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(refusing.URL, "http://"))
	testRefused(t, &Source{}, "gs://box/runs/model")
}

func TestAzure(t *testing.T) {
	server := servertest.NewAzurite(t, "", "")
	key, err := container.NewSharedKeyCredential(server.Account, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := container.NewClientWithSharedKeyCredential(server.Endpoint()+"/box", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for name, text := range contents {
		if _, err := client.NewBlockBlobClient(name).UploadBuffer(t.Context(), []byte(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	secrets := map[string]string{"azure/key": server.Key, "azure/wrong": base64.StdEncoding.EncodeToString([]byte("another"))}
	source := described(t, "azblob://box/", secrets, "endpoint", server.Endpoint(), "account-key-secret", "azure/key")
	testContents(t, source, "azblob://box/")
	testRefused(t, described(t, "azblob://box/", secrets, "endpoint", server.Endpoint(), "account-key-secret", "azure/wrong"), "azblob://box/runs/model")
	// Without its key, this machine's own identity does not go to a server that is none of Azure's.
	testRefused(t, described(t, "azblob://box/", nil, "endpoint", server.Endpoint(), "account-key-secret", "azure/key"), "azblob://box/runs/model")
}

// TestUnreachable: a store that is not there is told apart from objects that
// are not, and a caller who has no time is obeyed.
func TestUnreachable(t *testing.T) {
	servertest.S3Environ(t)
	source := described(t, "s3://box/", nil, "endpoint", "127.0.0.1:1", "insecure", "true")
	if c, err := survey(t, source).Content(t.Context(), "s3://box/x", always); c != (Content{}) || !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("%+v, %v", c, err)
	}
	asked, released := make(chan struct{}, 1), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-released:
		}
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(released) })
	source = described(t, "s3://box/", nil, "endpoint", strings.TrimPrefix(silent.URL, "http://"), "insecure", "true")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		<-asked
		cancel()
	})
	if c, err := survey(t, source).Content(ctx, "s3://box/x", always); c != (Content{}) || !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %+v, %v", c, err)
	}
	wg.Wait()
}

// TestLargeFolder: nobody is kept waiting for the size of a folder without end.
func TestLargeFolder(t *testing.T) {
	servertest.S3Environ(t)
	page := 0
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		page++
		_, _ = io.WriteString(w, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>")
		for i := range 1000 {
			_, _ = fmt.Fprintf(w, "<Contents><Key>d/%d-%d</Key><Size>1</Size><ETag>e</ETag><LastModified>2026-11-23T09:00:00Z</LastModified></Contents>", page, i)
		}
		_, _ = io.WriteString(w, "</ListBucketResult>")
	}))
	t.Cleanup(endless.Close)
	source := described(t, "s3://box/", nil, "endpoint", strings.TrimPrefix(endless.URL, "http://"), "insecure", "true")
	c, err := survey(t, source).Content(t.Context(), "s3://box/d", always)
	if c != (Content{}) || !errors.Is(err, backend.ErrInvalid) || !strings.Contains(err.Error(), "more than 10000 objects") || page > mostListed/1000+1 {
		t.Errorf("%+v, %v after %d pages", c, err, page)
	}
}

// TestNonsense: an answer that the driver cannot cope with is an error like any
// other.
func TestNonsense(t *testing.T) {
	servertest.S3Environ(t)
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, "<ListBucketResult><Contents><Key>d/x</Key></Contents></ListBucketResult>")
	}))
	t.Cleanup(odd.Close)
	source := described(t, "s3://box/", nil, "endpoint", strings.TrimPrefix(odd.URL, "http://"), "insecure", "true")
	if c, err := survey(t, source).Content(t.Context(), "s3://box/d", always); c != (Content{}) || !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("%+v, %v", c, err)
	}
}
