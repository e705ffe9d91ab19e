package blob

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob/azureblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/storetest"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// The bucket, or container, on every server of these tests.
const testBucket = "records"

// hurried makes the pauses between attempts short, for tests of what fails on
// purpose.
func hurried() {
	for _, p := range []*patience{&small, &large} {
		p.first, p.most = time.Millisecond, 5*time.Millisecond
	}
}

// fakeS3 is a server in this process; between it and the store stands what
// wrap makes of it, if not nil.
func fakeS3(t testing.TB, wrap func(http.Handler) http.Handler) (address string, backend *s3mem.Backend) {
	t.Helper()
	backend = s3mem.New()
	if err := backend.CreateBucket(testBucket); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL, backend
}

// s3URL is the URL of a store on a server.
func s3URL(address, prefix string) string {
	return "s3://" + testBucket + "/" + prefix + "?endpoint=" + url.QueryEscape(address)
}

// testStores runs the suite on parts of one bucket.
func testStores(t *testing.T, where func(prefix string) string) {
	storetest.Test(t, func(t *testing.T) func() metadata.Store {
		prefix := "deep/" + strings.ReplaceAll(t.Name(), "/", "_")
		return func() metadata.Store { return openURL(t, where(prefix)) }
	})
}

func openURL(t testing.TB, where string) *Store {
	t.Helper()
	s, err := Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*Store)
}

func TestStoreOnFakeS3(t *testing.T) {
	servertest.S3Environ(t)
	address, _ := fakeS3(t, nil)
	testStores(t, func(prefix string) string { return s3URL(address, prefix) })
}

func TestStoreOnVersity(t *testing.T) {
	servertest.S3Environ(t)
	server := servertest.NewVersity(t, testBucket)
	testStores(t, func(prefix string) string { return s3URL("http://"+server.Address, prefix) })
}

func TestStoreOnGCS(t *testing.T) {
	servertest.NewGCS(t, testBucket)
	testStores(t, func(prefix string) string { return "gs://" + testBucket + "/" + prefix })
}

func TestStoreOnAzure(t *testing.T) {
	server := servertest.NewAzurite(t, "", "")
	t.Setenv("AZURE_STORAGE_ACCOUNT", server.Account)
	t.Setenv("AZURE_STORAGE_KEY", server.Key)
	opts := azureblob.NewDefaultServiceURLOptions()
	opts.StorageDomain, opts.Protocol, opts.IsLocalEmulator = server.Address, "http", true
	service, err := azureblob.NewServiceURL(opts)
	if err != nil {
		t.Fatal(err)
	}
	client, err := azureblob.NewDefaultClient(service, testBucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	testStores(t, func(prefix string) string {
		return "azblob://" + testBucket + "/" + prefix + "?protocol=http&localemu=true&domain=" + server.Address
	})
}
