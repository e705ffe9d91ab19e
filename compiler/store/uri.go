package store

import (
	"errors"
	"fmt"
	"strings"
)

// Forms are the URIs that name a place, for messages.
const Forms = "s3://BUCKET, minio://BUCKET, gs://BUCKET, oss://BUCKET, azblob://CONTAINER, https://ACCOUNT.blob.core.windows.net/CONTAINER or abfss://CONTAINER@ACCOUNT.dfs.core.windows.net"

const (
	maxURI     = 1024
	blobHost   = ".blob.core.windows.net"
	lakeHost   = ".dfs.core.windows.net"
	bucketSign = "-._"
)

// Parse reads the URI of a place, without options.
func Parse(uri string) (Place, error) {
	if len(uri) > maxURI {
		return Place{}, fmt.Errorf("longer than %d bytes", maxURI)
	}
	if i := strings.IndexFunc(uri, unfit); i >= 0 {
		return Place{}, fmt.Errorf("%q holds %q, which cannot stand in it", uri, []rune(uri[i:])[0])
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return Place{}, fmt.Errorf("%q is no URI of an object store: write %s, with a prefix behind it if wanted", uri, Forms)
	}
	p := Place{Kind: kindOf(scheme)}
	rest = strings.TrimRight(rest, "/") + "/"
	switch {
	case p.Kind == 0:
		return Place{}, fmt.Errorf("%q: there is no object store of scheme %q: write %s", uri, scheme, Forms)
	case scheme == "https":
		return p, p.account(uri, rest)
	case scheme == "abfs" || scheme == "abfss":
		return p, p.lake(uri, scheme, rest)
	}
	p.Bucket, p.Prefix, _ = strings.Cut(rest, "/")
	return p, p.finish(uri, scheme+"://"+rest, 3)
}

// unfit are characters that Argo, the kubelet or a URI would take for its own.
func unfit(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune(`{}$?#"'\<>`, r) || r > 0x7f
}

func kindOf(scheme string) Kind {
	for _, s := range schemes {
		if s.name == scheme {
			return s.kind
		}
	}
	return 0
}

// account reads ACCOUNT.blob.core.windows.net/CONTAINER/KEY.
func (p *Place) account(uri, rest string) error {
	host, path, _ := strings.Cut(rest, "/")
	if !strings.HasSuffix(host, blobHost) || host == blobHost {
		return fmt.Errorf("%q is no URI of an object store: one of Azure is https://ACCOUNT%s/CONTAINER", uri, blobHost)
	}
	p.Endpoint = "https://" + host
	p.Bucket, p.Prefix, _ = strings.Cut(path, "/")
	return p.finish(uri, "https://"+rest, 4)
}

// lake reads CONTAINER@ACCOUNT.dfs.core.windows.net/KEY.
func (p *Place) lake(uri, scheme, rest string) error {
	authority, key, _ := strings.Cut(rest, "/")
	container, host, ok := strings.Cut(authority, "@")
	account, isLake := strings.CutSuffix(host, lakeHost)
	if !ok || !isLake || account == "" {
		return fmt.Errorf("%q is no URI of an object store: one of this scheme is %s://CONTAINER@ACCOUNT%s", uri, scheme, lakeHost)
	}
	p.Endpoint = "https://" + account + blobHost
	p.Bucket, p.Prefix = container, key
	return p.finish(uri, scheme+"://"+rest, 3)
}

func (p *Place) finish(uri, clean string, slashes int) error {
	if p.Bucket == "" {
		return fmt.Errorf("%q names no %s", uri, p.container())
	}
	if i := strings.IndexFunc(p.Bucket, func(r rune) bool { return !letter(r) && !strings.ContainsRune(bucketSign, r) }); i >= 0 {
		return fmt.Errorf("%q: %q is no name of a %s", uri, p.Bucket, p.container())
	}
	for _, part := range strings.Split(strings.TrimSuffix(p.Prefix, "/"), "/") {
		if part == "." || part == ".." || part == "" && p.Prefix != "" {
			return fmt.Errorf("%q: its path has an element that is %s", uri, map[bool]string{true: "empty", false: `"` + part + `"`}[part == ""])
		}
	}
	p.URI, p.slashes = clean, slashes
	return nil
}

func (p *Place) container() string {
	if p.Kind == Azure {
		return "container"
	}
	return "bucket"
}

func letter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// A Root is where a run's artifacts go: a place, and options that KFP lets
// stand behind its URI.
type Root struct {
	Place
	options []option
}

type option struct{ name, value string }

// ParseRoot reads "URI?region=…&endpoint=…".
func ParseRoot(text string) (*Root, error) {
	uri, query, asked := strings.Cut(text, "?")
	p, err := Parse(uri)
	if err != nil {
		return nil, err
	}
	r := &Root{Place: p}
	if !asked {
		return r, nil
	}
	if p.Kind != S3 {
		return nil, fmt.Errorf("options behind %q: a root in %s takes none", uri, p.Kind)
	}
	for _, pair := range strings.Split(query, "&") {
		if err := r.option(pair); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// option reads one of those that KFP's object store library knows for S3.
func (r *Root) option(pair string) error {
	name, value, _ := strings.Cut(pair, "=")
	value, err := unescape(value)
	if err != nil {
		return fmt.Errorf("option %q: %w", pair, err)
	}
	switch name {
	case "region", "endpoint", "disableSSL", "disable_https":
		if value == "" {
			return fmt.Errorf("option %q has no value", name)
		}
		r.options = append(r.options, option{name, value})
		return new(Store).use(r.Place, r.options)
	case "s3ForcePathStyle", "use_path_style", "usePathStyle", "awssdk", "hostname_immutable":
		return nil // Argo finds out by itself
	}
	return fmt.Errorf("option %q is none of region, endpoint, disableSSL, s3ForcePathStyle", name)
}

// unescape undoes percent signs.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", errors.New("a percent sign needs two hexadecimal digits behind it")
		}
		hi, lo := hex(s[i+1]), hex(s[i+2])
		if hi < 0 || lo < 0 {
			return "", errors.New("a percent sign needs two hexadecimal digits behind it")
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), nil
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// use applies a root's options.
func (s *Store) use(p Place, options []option) error {
	s.Place = p
	for _, o := range options {
		switch o.name {
		case "region":
			if err := s.Set("region", o.value); err != nil {
				return err
			}
		case "endpoint":
			host, plain := strings.CutPrefix(o.value, "http://")
			host = strings.TrimSuffix(strings.TrimPrefix(host, "https://"), "/")
			if err := s.Set("endpoint", host); err != nil {
				return err
			}
			s.Insecure = s.Insecure || plain
		default:
			if err := s.Set("insecure", o.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// Store is the store of a root: that of the table with the root's options, else
// what the options say, with credentials that the pod finds by itself, as KFP
// has it. It is nil where only the run's own repository can be meant.
func (r *Root) Store(t Table) *Store {
	s := t.Find(r.URI)
	switch {
	case s != nil && len(r.options) == 0:
		own := *s
		own.Place = r.Place
		return &own
	case s == nil && len(r.options) == 0:
		return nil
	}
	out := Store{SDKCredentials: true}
	if s != nil {
		out = *s
	}
	_ = out.use(r.Place, r.options) // ParseRoot has tried them
	if out.Endpoint == "" && strings.HasPrefix(r.URI, "s3://") {
		out.Endpoint = awsEndpoint
	}
	if out.Endpoint == "" {
		return nil
	}
	return &out
}
