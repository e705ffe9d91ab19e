// Package servertest starts real object-store servers for tests: versitygw for
// S3, Microsoft's azurite, and fake-gcs-server in this process. Its idea: where
// the program of a server is not to be had, the test is skipped and says what
// would name it.
package servertest

import (
	"encoding/base64"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// Keys of the S3 servers.
const (
	AccessKey = "test"
	SecretKey = "testtest"
)

// startTime bounds what it takes until a server listens.
const startTime = time.Minute

// FreeAddress is one of a host ("": this machine) that nobody listens on.
func FreeAddress(t testing.TB, host string) string {
	t.Helper()
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skipf("nothing can listen on %s: %v", host, err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// S3Environ sets the credentials of the S3 servers; nothing of the machine's own
// settings counts.
func S3Environ(t testing.TB) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
}

// A Versity is a versitygw on a folder, which can be killed and started again.
type Versity struct {
	Address string
	Dir     string // a folder in it is a bucket
	program string
	cmd     *exec.Cmd
}

// NewVersity starts the versitygw that KFPGO_VERSITYGW names, or that stands in
// PATH, with one bucket.
func NewVersity(t testing.TB, bucket string) *Versity {
	t.Helper()
	program := os.Getenv("KFPGO_VERSITYGW")
	if program == "" {
		program, _ = exec.LookPath("versitygw")
	}
	if program == "" {
		t.Skip("no versitygw: it is not in PATH and KFPGO_VERSITYGW does not name it")
	}
	v := &Versity{program: program, Dir: t.TempDir(), Address: FreeAddress(t, "")}
	if err := os.Mkdir(filepath.Join(v.Dir, bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Kill)
	v.Start(t)
	return v
}

// Start starts a server that was killed, and waits until it listens.
func (v *Versity) Start(t testing.TB) {
	t.Helper()
	v.cmd = exec.Command(v.program, "--port", v.Address, "--quiet", "posix", v.Dir)
	v.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	start(t, v.cmd, v.Address)
}

// Running reports whether the server was started and not killed since.
func (v *Versity) Running() bool { return v.cmd != nil }

// Kill ends the server at once, if it runs.
func (v *Versity) Kill() {
	if v.cmd != nil {
		kill(v.cmd)
	}
	v.cmd = nil
}

// An Azurite is Microsoft's emulator of its Blob Storage.
type Azurite struct {
	Address      string
	Account, Key string
}

// NewAzurite starts the program that KFPGO_AZURITE names (azurite-blob of npm's
// package azurite) on a host, "": this machine. Without an account's name it is
// "account".
func NewAzurite(t testing.TB, host, account string) *Azurite {
	t.Helper()
	program := os.Getenv("KFPGO_AZURITE")
	if program == "" {
		t.Skip("KFPGO_AZURITE names no azurite-blob")
	}
	if account == "" {
		account = "account"
	}
	a := &Azurite{Address: FreeAddress(t, host), Account: account, Key: base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))}
	host, port, err := net.SplitHostPort(a.Address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--blobHost", host, "--blobPort", port, "--location", t.TempDir(), "--skipApiVersionCheck", "--disableTelemetry", "--silent")
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+a.Account+":"+a.Key)
	t.Cleanup(func() { kill(cmd) })
	start(t, cmd, a.Address)
	return a
}

// Endpoint is the URL of the account.
func (a *Azurite) Endpoint() string { return "http://" + a.Address + "/" + a.Account }

// NewGCS starts a fake-gcs-server with one bucket, and has this process's
// clients go there.
func NewGCS(t testing.TB, bucket string) *fakestorage.Server {
	t.Helper()
	// Objects are read by another API than they are written, told by the host.
	address := FreeAddress(t, "")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: host, Port: uint16(number), PublicHost: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	t.Setenv("STORAGE_EMULATOR_HOST", address)
	return server
}

// start runs a server and waits until it listens.
func start(t testing.TB, cmd *exec.Cmd, address string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(startTime); ; {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(end) {
			kill(cmd)
			t.Fatal(err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

func kill(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
