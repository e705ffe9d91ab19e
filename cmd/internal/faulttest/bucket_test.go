package faulttest

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// A bucket is an S3 server that lives on when the programs that use it die.
type bucket struct {
	address string
	places  atomic.Int64
}

// credentials are what the server takes; nothing of the machine's own counts.
var credentials = []string{
	"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=testtest", "AWS_EC2_METADATA_DISABLED=true",
	"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_PROFILE=", "AWS_REGION=", "AWS_SESSION_TOKEN=",
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	for _, v := range credentials {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	memory := s3mem.New()
	if err := memory.CreateBucket("records"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(memory, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(server.Close)
	return &bucket{address: server.URL}
}

// use puts a place's record into the bucket, under a prefix of its own.
func (b *bucket) use(p *place) {
	p.store = fmt.Sprintf("s3://records/%d?endpoint=%s", b.places.Add(1), url.QueryEscape(b.address))
	p.env = append(append(p.env, credentials...), "KFPGO_METADATA="+p.store)
}
