package blob

import (
	"errors"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// TestOpenRemote: what a URL may say, and what its store is called. Nothing is
// asked of any server.
func TestOpenRemote(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hidden")
	t.Setenv("STORAGE_EMULATOR_HOST", "localhost:1")
	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_KEY", "aGlkZGVu")
	for where, want := range map[string]string{
		"s3://bucket":                         "s3://bucket",
		"s3://bucket/":                        "s3://bucket/",
		"s3://bucket/team/a":                  "s3://bucket/team/a/",
		"s3://bucket?prefix=team/&region=x":   "s3://bucket/team/",
		"s3://bucket?endpoint=http://minio:1": "s3://bucket",
		"s3://b?endpoint=https://h&use_path_style=true&disable_https=true&request_checksum_calculation=when_required&response_checksum_validation=when_required&ssetype=aws:kms&kmskeyid=x": "s3://b",
		"gs://bucket/x": "gs://bucket/x/",
		"azblob://box?domain=127.0.0.1:1&protocol=http&localemu=true&prefix=p": "azblob://box/p/",
	} {
		s, err := Open(t.Context(), where)
		if err != nil {
			t.Errorf("Open(%q): %v", where, err)
			continue
		}
		if got := s.(*Store).Where(); got != want {
			t.Errorf("Open(%q) is called %q, want %q", where, got, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for where, want := range map[string]string{
		"s3://":                                 "names no bucket",
		"s3://id:hidden@bucket":                 "must not hold credentials",
		"s3://b?secret_access_key=hidden":       "looks like a credential",
		"s3://b?AWSAccessKeyId=hidden":          "looks like a credential",
		"azblob://b?sig=hidden":                 "looks like a credential",
		"gs://b?private_key_path=hidden":        "looks like a credential",
		"gs://b?universe_domain=hidden":         `unknown parameter "universe_domain"; known: anonymous, prefix`,
		"s3://b?awssdk=v1":                      "known: accelerate, anonymous,",
		"s3://b?region=a&region=b":              "more than once",
		"s3://b?endpoint=http://u:hidden@h":     "without credentials",
		"s3://b?endpoint=http://h?x=hidden":     "without credentials",
		"s3://b?endpoint=minio:9000":            "must begin with https://",
		"s3://b/x?prefix=y":                     "one is enough",
		"s3://b/x/../y":                         "cannot be a part",
		"s3://b?prefix=a//b":                    "cannot be a part",
		"s3://b?prefix=a%00":                    "cannot be a part",
		"s3://b?x;y":                            "malformed",
		"s3://b?endpoint=127.0.0.1:9000":        "must begin with https://",
		"s3://b?disable_https=perhaps":          "disable_https= is true or false",
		"gs://b?anonymous=1":                    "anonymous= is true or false",
		"s3://b?request_checksum_calculation=x": "request_checksum_calculation= is when_supported or when_required",
		"s3://b?rate_limiter_capacity=hidden":   "rate_limiter_capacity= is a whole number",
		"s3://b/x#y":                            "ends before the sign #",
		"s3:bucket/x":                           "write s3://bucket/x, or ./s3:bucket/x",
		"gs:bucket":                             "write gs://bucket",
		"file:records":                          "write the path alone, records",
		"file://records/x":                      "write a plain path, or file:///path",
		"file:///":                              "names no folder",
		"file:///srv/meta?shared=all":           "/srv/meta: the only parameter",
	} {
		s, err := Open(t.Context(), where)
		if err == nil || s != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, %v; want %q", where, s, err, want)
		} else if strings.Contains(err.Error(), "hidden") {
			t.Errorf("Open(%q) shows the secret: %v", where, err)
		}
	}
	for _, where := range []string{"s3://b?x=y", "file://host/x", "file:///x?y=z", "s3:b", "s3://b?anonymous=maybe"} {
		if _, err := Open(t.Context(), where); !errors.Is(err, metadata.ErrFormat) {
			t.Errorf("a wrong URL, %s, is %v", where, err)
		}
	}
	if got := Name("s3://b/p?endpoint=https://h&token=hidden"); got != "s3://b/p" {
		t.Errorf("Name: %q", got)
	}
}

// TestAzureTokens: a token goes to no server that a URL names.
func TestAzureTokens(t *testing.T) {
	for _, name := range []string{"AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGEBLOB_CONNECTIONSTRING", "AZURE_STORAGE_DOMAIN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=hidden")
	for where, want := range map[string]string{
		"azblob://box?domain=example.org":      "must stand in AZURE_STORAGE_DOMAIN",
		"azblob://box?storage_account=another": "belongs to the account in AZURE_STORAGE_ACCOUNT",
		"azblob://box?protocol=gopher":         "protocol= is https or http",
	} {
		if _, err := Open(t.Context(), where); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("Open(%q): %v", where, err)
		}
	}
	t.Setenv("AZURE_STORAGE_ACCOUNT", "")
	if _, err := Open(t.Context(), "azblob://box"); err == nil || !strings.Contains(err.Error(), "AZURE_STORAGE_ACCOUNT") {
		t.Errorf("no account: %v", err)
	}
}
