package store

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const awsEndpoint = "s3.amazonaws.com"

// A Field is one setting of a store.
type Field struct {
	Name string
	Doc  string
	// Kinds of stores that have it.
	Kinds []Kind
	set   func(*Store, string) error
	given func(*Store) bool
}

// Fields are all settings of stores.
func Fields() []Field {
	return []Field{
		{"endpoint", "host and port (S3, OSS) or URL (Azure) of the service; default: Amazon's, for s3://; what the URI says, for https:// and abfss://", []Kind{S3, Azure, OSS}, (*Store).endpoint, func(s *Store) bool { return s.Endpoint != "" }},
		{"region", "region of the bucket", []Kind{S3}, words(func(s *Store) *string { return &s.Region }), func(s *Store) bool { return s.Region != "" }},
		{"insecure", "true: plain HTTP", []Kind{S3}, boolean(func(s *Store) *bool { return &s.Insecure }), func(s *Store) bool { return s.Insecure }},
		{"access-key-secret", "where the access key is, SECRET/KEY", []Kind{S3, OSS}, secret(func(s *Store) *Secret { return &s.AccessKey }), func(s *Store) bool { return s.AccessKey != Secret{} }},
		{"secret-key-secret", "where the secret key is, SECRET/KEY", []Kind{S3, OSS}, secret(func(s *Store) *Secret { return &s.SecretKey }), func(s *Store) bool { return s.SecretKey != Secret{} }},
		{"session-token-secret", "where the session token of a temporary key is, SECRET/KEY", []Kind{S3}, secret(func(s *Store) *Secret { return &s.SessionToken }), func(s *Store) bool { return s.SessionToken != Secret{} }},
		{"ca-secret", "where the certificate of the authority is that vouches for the service, SECRET/KEY", []Kind{S3}, secret(func(s *Store) *Secret { return &s.CA }), func(s *Store) bool { return s.CA != Secret{} }},
		{"role-arn", "role to assume", []Kind{S3}, words(func(s *Store) *string { return &s.RoleARN }), func(s *Store) bool { return s.RoleARN != "" }},
		{"service-account-key-secret", "where the JSON key of a service account is, SECRET/KEY; default: the pod's own identity", []Kind{GCS}, secret(func(s *Store) *Secret { return &s.ServiceAccountKey }), func(s *Store) bool { return s.ServiceAccountKey != Secret{} }},
		{"account-key-secret", "where the account's key, or a SAS token, is, SECRET/KEY", []Kind{Azure}, secret(func(s *Store) *Secret { return &s.AccountKey }), func(s *Store) bool { return s.AccountKey != Secret{} }},
		{"use-sdk-creds", "true: credentials that the cloud's library finds in the pod", []Kind{S3, Azure, OSS}, boolean(func(s *Store) *bool { return &s.SDKCredentials }), func(s *Store) bool { return s.SDKCredentials }},
	}
}

// Names are the settings of a kind.
func Names(k Kind) []string {
	var out []string
	for _, f := range Fields() {
		if slices.Contains(f.Kinds, k) {
			out = append(out, f.Name)
		}
	}
	return out
}

// An UnknownField is a setting that stores of the kind do not have.
type UnknownField struct {
	Name string
	Kind Kind
}

func (e *UnknownField) Error() string {
	return fmt.Sprintf("unknown key %q of a store of %s", e.Name, e.Kind)
}

// Set reads one setting.
func (s *Store) Set(name, value string) error {
	for _, f := range Fields() {
		if f.Name == name && slices.Contains(f.Kinds, s.Kind) {
			if err := f.set(s, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
	}
	return &UnknownField{name, s.Kind}
}

// Complete fills in what follows from the URI and refuses what cannot work.
func (s *Store) Complete() error {
	if s.Place.Endpoint != "" {
		if s.Endpoint != "" && s.Endpoint != s.Place.Endpoint {
			return fmt.Errorf("endpoint %q: the URI says %q", s.Endpoint, s.Place.Endpoint)
		}
		s.Endpoint = s.Place.Endpoint
	}
	if s.Endpoint == "" && strings.HasPrefix(s.URI, "s3://") {
		s.Endpoint = awsEndpoint
	}
	keys := s.AccessKey != Secret{} || s.SecretKey != Secret{} || s.AccountKey != Secret{}
	switch {
	case s.Endpoint == "" && s.Kind != GCS:
		return fmt.Errorf("endpoint is missing")
	case (s.AccessKey == Secret{}) != (s.SecretKey == Secret{}):
		return fmt.Errorf("access-key-secret and secret-key-secret go together")
	case s.SessionToken != Secret{} && s.AccessKey == Secret{}:
		return fmt.Errorf("session-token-secret needs access-key-secret and secret-key-secret")
	case keys && s.RoleARN != "":
		return fmt.Errorf("either keys or role-arn, not both")
	case keys && s.SDKCredentials:
		return fmt.Errorf("either a secret or use-sdk-creds, not both")
	case !keys && !s.SDKCredentials && (s.Kind == Azure || s.Kind == OSS):
		need := "access-key-secret and secret-key-secret"
		if s.Kind == Azure {
			need = "account-key-secret"
		}
		return fmt.Errorf("%s, or use-sdk-creds: true, is missing", need)
	}
	return nil
}

// Settings are those that are given, as names and texts, in the order of
// Fields.
func (s *Store) Settings() [][2]string {
	texts := map[string]string{
		"endpoint": s.Endpoint, "region": s.Region, "role-arn": s.RoleARN,
		"insecure": strconv.FormatBool(s.Insecure), "use-sdk-creds": strconv.FormatBool(s.SDKCredentials),
		"access-key-secret": s.AccessKey.String(), "secret-key-secret": s.SecretKey.String(),
		"session-token-secret": s.SessionToken.String(), "ca-secret": s.CA.String(),
		"service-account-key-secret": s.ServiceAccountKey.String(), "account-key-secret": s.AccountKey.String(),
	}
	var out [][2]string
	for _, f := range Fields() {
		if f.given(s) {
			out = append(out, [2]string{f.Name, texts[f.Name]})
		}
	}
	return out
}

// String is SECRET/KEY.
// FromSettings are the stores of URIs with their settings, as Settings gives
// them. What is no store, or no setting of one, is left out: others wrote it.
func FromSettings(settings map[string]map[string]string) Table {
	var all []*Store
	for _, uri := range slices.Sorted(maps.Keys(settings)) {
		place, err := Parse(uri)
		if err != nil {
			continue
		}
		s := &Store{Place: place}
		for _, name := range slices.Sorted(maps.Keys(settings[uri])) {
			_ = s.Set(name, settings[uri][name])
		}
		all = append(all, s)
	}
	return NewTable(all...)
}

func (s Secret) String() string { return s.Name + "/" + s.Key }

func (s *Store) endpoint(v string) error {
	scheme, host, isURL := strings.Cut(v, "://")
	switch {
	case v == "" || strings.IndexFunc(v, unfit) >= 0:
		return fmt.Errorf("%q is no address of a service", v)
	case s.Kind == Azure && (!isURL || scheme != "http" && scheme != "https" || host == ""):
		return fmt.Errorf("%q is no URL: Azure's is https://ACCOUNT%s", v, blobHost)
	case s.Kind != Azure && isURL && s.Kind == S3:
		return fmt.Errorf("%q is a URL: write the host and port only, and insecure: true for plain HTTP", v)
	case s.Kind == S3 && strings.Contains(v, "/"):
		return fmt.Errorf("%q is no host and port", v)
	}
	s.Endpoint = strings.TrimRight(v, "/")
	return nil
}

func words(field func(*Store) *string) func(*Store, string) error {
	return func(s *Store, v string) error {
		if v == "" || strings.IndexFunc(v, unfit) >= 0 {
			return fmt.Errorf("%q cannot stand there", v)
		}
		*field(s) = v
		return nil
	}
}

func boolean(field func(*Store) *bool) func(*Store, string) error {
	return func(s *Store, v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		*field(s) = b
		return nil
	}
}

func secret(field func(*Store) *Secret) func(*Store, string) error {
	return func(s *Store, v string) error {
		name, key, ok := strings.Cut(v, "/")
		if !ok || !objectName(name) || !dataKey(key) {
			// What was written may be the key itself: it is not repeated.
			return fmt.Errorf("it takes the name of a Kubernetes secret and a key in it, SECRET/KEY, never the key's text itself")
		}
		*field(s) = Secret{name, key}
		return nil
	}
}

// objectName reports whether the text can name a Kubernetes secret.
func objectName(s string) bool {
	if s == "" || len(s) > 253 || strings.ContainsAny(s[:1]+s[len(s)-1:], "-.") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.') }) < 0
}

// dataKey reports whether the text can be a key of a secret.
func dataKey(s string) bool {
	if s == "" || len(s) > 253 || s == "." || s == ".." {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !letter(r) && !strings.ContainsRune("-._", r) }) < 0
}
