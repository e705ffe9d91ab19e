package blob

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/blob/drivertest"
	"gocloud.dev/blob/memblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/storetest"
)

type harness struct {
	dir    string
	noLink bool
}

func (h harness) MakeDriver(context.Context) (driver.Bucket, error) {
	b, err := newBucket(h.dir, false)
	b.noLink = h.noLink
	return b, err
}

// A folder that is missing is an empty bucket.
func (h harness) MakeDriverForNonexistentBucket(context.Context) (driver.Bucket, error) {
	return nil, nil
}
func (h harness) HTTPClient() *http.Client         { return nil }
func (h harness) SupportsCopy() bool               { return true }
func (h harness) SupportsNonSlashDelimiters() bool { return true }
func (h harness) Close()                           {}

// TestDriver is gocloud's own conformance suite. The driver keeps no content
// types and no metadata: objects hold all that there is to know.
func TestDriver(t *testing.T) {
	for name, noLink := range map[string]bool{"link": false, "rename": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			drivertest.RunConformanceTests(t, func(_ context.Context, t *testing.T) (drivertest.Harness, error) {
				switch n := t.Name(); {
				case strings.Contains(n, "ContentType"), strings.HasSuffix(n, "TestAttributes"), strings.Contains(n, "TestMetadata/"):
					t.SkipNow()
				}
				return harness{dir, noLink}, nil
			}, nil)
		})
	}
}

func TestStoreOnFiles(t *testing.T) {
	storetest.Test(t, func(t *testing.T) func() metadata.Store {
		dir := filepath.Join(t.TempDir(), "deep", "store")
		return func() metadata.Store {
			s, err := Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
	})
}

// TestStoreInMemory shows that the store needs nothing but the portable API.
func TestStoreInMemory(t *testing.T) {
	storetest.Test(t, func(t *testing.T) func() metadata.Store {
		bucket := memblob.OpenBucket(nil)
		t.Cleanup(func() { bucket.Close() })
		return func() metadata.Store { return New(gcblob.PrefixedBucket(bucket, "x/"), "mem://") }
	})
}
