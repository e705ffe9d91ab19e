package store

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ uri, clean, kind, bucket, prefix, endpoint, path string }{
		{"s3://b", "s3://b/", "S3", "b", "", "", "/s3/b/"},
		{"s3://b/p/q/", "s3://b/p/q/", "S3", "b", "p/q/", "", "/s3/b/p/q/"},
		{"minio://b/p", "minio://b/p/", "S3", "b", "p/", "", "/minio/b/p/"},
		{"gs://b.c/p", "gs://b.c/p/", "Google Cloud Storage", "b.c", "p/", "", "/gcs/b.c/p/"},
		{"oss://b/p", "oss://b/p/", "OSS", "b", "p/", "", "/oss/b/p/"},
		{"azblob://c/p", "azblob://c/p/", "Azure Blob Storage", "c", "p/", "", "/azblob/c/p/"},
		{"https://a.blob.core.windows.net/c/p", "https://a.blob.core.windows.net/c/p/", "Azure Blob Storage", "c", "p/", "https://a.blob.core.windows.net", "/https/a.blob.core.windows.net/c/p/"},
		{"abfss://c@a.dfs.core.windows.net", "abfss://c@a.dfs.core.windows.net/", "Azure Blob Storage", "c", "", "https://a.blob.core.windows.net", "/abfss/c@a.dfs.core.windows.net/"},
	} {
		p, err := Parse(tt.uri)
		if err != nil {
			t.Errorf("%s: %v", tt.uri, err)
			continue
		}
		if p.URI != tt.clean || p.Kind.String() != tt.kind || p.Bucket != tt.bucket || p.Prefix != tt.prefix || p.Endpoint != tt.endpoint || p.Path() != tt.path {
			t.Errorf("%s: %+v %s", tt.uri, p, p.Path())
		}
		if parts := strings.SplitN(p.URI, "/", p.KeyStart()+1); parts[p.KeyStart()] != p.Prefix {
			t.Errorf("%s: the key does not begin behind %d slashes", tt.uri, p.KeyStart())
		}
		if got := FromPath(p.Path()); p.SDK() && got != p.Path() || !p.SDK() && got != p.URI {
			t.Errorf("%s: from its path %s", tt.uri, got)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for uri, want := range map[string]string{
		"":                                    "is no URI of an object store: write s3://BUCKET",
		"bucket/p":                            "is no URI of an object store",
		"s3:/b":                               "is no URI of an object store",
		"hdfs://b":                            `there is no object store of scheme "hdfs"`,
		"S3://b":                              `there is no object store of scheme "S3"`,
		"s3://":                               "names no bucket",
		"s3:///p":                             "names no bucket",
		"azblob:///p":                         "names no container",
		"s3://b/../x":                         `its path has an element that is ".."`,
		"s3://b//x":                           "its path has an element that is empty",
		"s3://b/{{x}}":                        "holds '{', which cannot stand in it",
		"s3://b/$x":                           "holds '$'",
		"s3://b/a b":                          "holds ' '",
		"s3://b/é":                            "holds 'é'",
		"s3://b\n":                            `holds '\n'`,
		"s3://b:9000/x":                       `"b:9000" is no name of a bucket`,
		"https://example.com/x":               "one of Azure is https://ACCOUNT.blob.core.windows.net/CONTAINER",
		"https://.blob.core.windows.net/x":    "one of Azure is",
		"https://a.blob.core.windows.net":     "names no container",
		"abfss://a.dfs.core.windows.net/x":    "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net",
		"abfss://c@a.blob.core.windows.net/":  "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net",
		"s3://b/" + strings.Repeat("x", 2000): "longer than 1024 bytes",
	} {
		if _, err := Parse(uri); err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want %q", uri, err, want)
		}
	}
}

func with(t *testing.T, uri string, settings ...string) (*Store, error) {
	t.Helper()
	p, err := Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{Place: p}
	for i := 0; i < len(settings); i += 2 {
		if err := s.Set(settings[i], settings[i+1]); err != nil {
			return s, err
		}
	}
	return s, s.Complete()
}

func TestMistakesOfStores(t *testing.T) {
	const id, key = "access-key-secret", "secret-key-secret"
	for _, tt := range []struct {
		want, uri string
		settings  []string
	}{
		{"", "s3://b", nil},
		{"", "gs://b", nil},
		{"", "https://a.blob.core.windows.net/c", []string{"use-sdk-creds", "true"}},
		{`unknown key "bucket" of a store of S3`, "s3://b", []string{"bucket", "x"}},
		{`unknown key "region" of a store of OSS`, "oss://b", []string{"region", "x"}},
		{"endpoint is missing", "minio://b", nil},
		{"endpoint is missing", "oss://b", []string{"use-sdk-creds", "true"}},
		{"endpoint is missing", "azblob://b", []string{"use-sdk-creds", "true"}},
		{"account-key-secret, or use-sdk-creds: true, is missing", "https://a.blob.core.windows.net/c", nil},
		{"access-key-secret and secret-key-secret, or use-sdk-creds: true, is missing", "oss://b", []string{"endpoint", "oss.com"}},
		{"go together", "s3://b", []string{id, "s/k"}},
		{"go together", "s3://b", []string{key, "s/k"}},
		{"either a secret or use-sdk-creds", "s3://b", []string{id, "s/k", key, "s/k", "use-sdk-creds", "true"}},
		{"either keys or role-arn", "s3://b", []string{id, "s/k", key, "s/k", "role-arn", "arn:x"}},
		{"session-token-secret needs", "s3://b", []string{"session-token-secret", "s/k"}},
		{"write the host and port only, and insecure: true", "s3://b", []string{"endpoint", "http://minio:9000"}},
		{`"minio/x" is no host and port`, "s3://b", []string{"endpoint", "minio/x"}},
		{`"minio:9000" is no URL`, "azblob://b", []string{"endpoint", "minio:9000"}},
		{`is no address of a service`, "s3://b", []string{"endpoint", "{{x}}"}},
		{`the URI says "https://a.blob.core.windows.net"`, "https://a.blob.core.windows.net/c", []string{"endpoint", "https://b.blob.core.windows.net", "use-sdk-creds", "true"}},
		{`"maybe" is neither true nor false`, "s3://b", []string{"insecure", "maybe"}},
		{"SECRET/KEY, never the key's text itself", "s3://b", []string{id, "AKIAIOSFODNN7EXAMPLE"}},
		{"SECRET/KEY", "s3://b", []string{id, "wJalr/XUtnFEMI"}},
		{"SECRET/KEY", "s3://b", []string{id, "s/.."}},
		{"SECRET/KEY", "s3://b", []string{id, "-s/k"}},
		{"cannot stand there", "s3://b", []string{"region", "{{x}}"}},
	} {
		_, err := with(t, tt.uri, tt.settings...)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s %v: %v", tt.uri, tt.settings, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %v: %v, want %q", tt.uri, tt.settings, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "AKIA"):
			t.Errorf("a key is repeated: %v", err)
		}
	}
}

// What Settings says, Set understands.
func TestSettingsRoundTrip(t *testing.T) {
	s, err := with(t, "minio://b", "endpoint", "m:9", "region", "r", "insecure", "true", "access-key-secret", "s/a", "secret-key-secret", "s/b", "session-token-secret", "s/c", "ca-secret", "s/d")
	if err != nil {
		t.Fatal(err)
	}
	var flat []string
	for _, x := range s.Settings() {
		flat = append(flat, x[0], x[1])
	}
	again, err := with(t, "minio://b", flat...)
	if err != nil || *again != *s || len(flat) != 14 {
		t.Errorf("%v %v: %+v, want %+v", err, flat, again, s)
	}
}

func TestFind(t *testing.T) {
	a, _ := with(t, "s3://b")
	b, _ := with(t, "s3://b/in")
	twice, _ := with(t, "s3://b/in", "region", "other")
	table := NewTable(a, b, twice)
	if len(table) != 2 {
		t.Errorf("%d stores", len(table))
	}
	for uri, want := range map[string]*Store{"s3://b/x": a, "s3://b": a, "s3://b/in": b, "s3://b/in/x": b, "s3://b/inx": a, "s3://bb/x": nil, "gs://b/x": nil} {
		if got := table.Find(uri); got != want {
			t.Errorf("%s: %+v", uri, got)
		}
	}
}

func TestRoot(t *testing.T) {
	a, _ := with(t, "s3://b", "region", "old", "access-key-secret", "s/a", "secret-key-secret", "s/b")
	table := NewTable(a)
	for _, tt := range []struct{ text, want string }{
		{"gs://none/p", ""},
		{"s3://b/p", "s3://b/p/ s3.amazonaws.com old false false s/a"},
		{"s3://b/p?region=new", "s3://b/p/ s3.amazonaws.com new false false s/a"},
		{"s3://c?region=new", "s3://c/ s3.amazonaws.com new false true /"},
		{"minio://c/p?region=x", ""},
		{"minio://c/p?endpoint=http%3A%2F%2Fm%3A9&s3ForcePathStyle=true", "minio://c/p/ m:9  true true /"},
		{"s3://c?endpoint=m:9&disableSSL=true&awssdk=v2", "s3://c/ m:9  true true /"},
	} {
		r, err := ParseRoot(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		got := ""
		if s := r.Store(table); s != nil {
			got = strings.Join([]string{s.URI, s.Endpoint, s.Region, text(s.Insecure), text(s.SDKCredentials), s.AccessKey.String()}, " ")
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
	for root, want := range map[string]string{
		"x":                       "is no URI of an object store",
		"gs://b?region=x":         "a root in Google Cloud Storage takes none",
		"s3://b?":                 "is none of region",
		"s3://b?regoin=x":         `option "regoin" is none of region, endpoint`,
		"s3://b?region=":          `option "region" has no value`,
		"s3://b?region=%zz":       "two hexadecimal digits",
		"s3://b?region=%7B%7Bx":   "cannot stand there",
		"s3://b?disableSSL=maybe": "neither true nor false",
	} {
		if _, err := ParseRoot(root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", root, err, want)
		}
	}
	if a.Region != "old" {
		t.Error("a root has changed the table")
	}
}

func text(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
