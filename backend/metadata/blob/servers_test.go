package blob

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob/azureblob"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/storetest"
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

// s3Environ are the credentials of the S3 servers of these tests; nothing of
// the machine's own settings counts.
func s3Environ(t testing.TB) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
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

// versity starts a versitygw on a folder, nil if there is none. The program
// that restarts it is the caller.
func versity(t testing.TB, dir, address string) *exec.Cmd {
	t.Helper()
	program := os.Getenv("KFPGO_VERSITYGW")
	if program == "" {
		program, _ = exec.LookPath("versitygw")
	}
	if program == "" {
		t.Skip("no versitygw: it is not in PATH and KFPGO_VERSITYGW does not name it")
	}
	if err := os.MkdirAll(filepath.Join(dir, testBucket), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--port", address, "--quiet", "posix", dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY=test", "ROOT_SECRET_KEY=testtest")
	run(t, cmd, address)
	return cmd
}

// run starts a server and waits until it listens.
func run(t testing.TB, cmd *exec.Cmd, address string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the test may have done so
		_ = cmd.Wait()
	})
	for end := time.Now().Add(time.Minute); ; {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// freeAddress is one that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
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
	s3Environ(t)
	address, _ := fakeS3(t, nil)
	testStores(t, func(prefix string) string { return s3URL(address, prefix) })
}

func TestStoreOnVersity(t *testing.T) {
	s3Environ(t)
	address := freeAddress(t)
	versity(t, t.TempDir(), address)
	testStores(t, func(prefix string) string { return s3URL("http://"+address, prefix) })
}

func TestStoreOnGCS(t *testing.T) {
	// Objects are read by another API than they are written, told by the host.
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", Port: uint16(number), PublicHost: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: testBucket})
	t.Setenv("STORAGE_EMULATOR_HOST", address)
	testStores(t, func(prefix string) string { return "gs://" + testBucket + "/" + prefix })
}

// TestStoreOnAzure needs the program that KFPGO_AZURITE names (azurite-blob of
// npm's package azurite).
func TestStoreOnAzure(t *testing.T) {
	program := os.Getenv("KFPGO_AZURITE")
	if program == "" {
		t.Skip("KFPGO_AZURITE names no azurite-blob")
	}
	address, key := freeAddress(t), base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(program, "--blobHost", host, "--blobPort", port, "--location", t.TempDir(), "--skipApiVersionCheck", "--disableTelemetry", "--silent")
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS=account:"+key)
	run(t, cmd, address)
	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_KEY", key)
	opts := azureblob.NewDefaultServiceURLOptions()
	opts.StorageDomain, opts.Protocol, opts.IsLocalEmulator = address, "http", true
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
		return "azblob://" + testBucket + "/" + prefix + "?protocol=http&localemu=true&domain=" + address
	})
}
