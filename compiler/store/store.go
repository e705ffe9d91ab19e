// Package store knows where artifacts can lie: which URIs belong to which
// object store, and what has to be known to reach it. It reads no configuration
// and names no key, only the secrets that hold keys.
package store

import (
	"slices"
	"strings"
)

// A Kind is the protocol of an object store.
type Kind uint8

// The kinds.
const (
	S3 Kind = iota + 1 // and what is compatible with it
	GCS
	Azure
	OSS
)

// String is the kind as messages name it.
func (k Kind) String() string {
	return [...]string{"", "S3", "Google Cloud Storage", "Azure Blob Storage", "OSS"}[k]
}

// A Place is a part of an object store: everything below one URI.
type Place struct {
	URI    string // ends in a slash
	Kind   Kind
	Bucket string // Azure: the container
	Prefix string // of keys; "" or ends in a slash
	// Endpoint follows from the URI (Azure's account), "": it does not.
	Endpoint string
	slashes  int // in the URI before the key
}

// A Store is a place with what is needed to reach it.
type Store struct {
	Place
	Endpoint, Region, RoleARN          string
	Insecure, SDKCredentials           bool
	AccessKey, SecretKey, SessionToken Secret
	CA, AccountKey, ServiceAccountKey  Secret
}

// A Secret is one key of a Kubernetes secret; the zero value is none.
type Secret struct{ Name, Key string }

// A Table holds stores, those with the longest URIs first, so that the first
// that fits counts.
type Table []*Store

// NewTable sorts stores; of two with equal URIs the first counts.
func NewTable(stores ...*Store) Table {
	t := slices.Clone(Table(stores))
	slices.SortStableFunc(t, func(a, b *Store) int {
		if n := len(b.URI) - len(a.URI); n != 0 {
			return n
		}
		return strings.Compare(a.URI, b.URI)
	})
	return slices.CompactFunc(t, func(a, b *Store) bool { return a.URI == b.URI })
}

// Find is the store that a URI lies in, nil if there is none.
func (t Table) Find(uri string) *Store {
	for _, s := range t {
		if s.Holds(uri) {
			return s
		}
	}
	return nil
}

// Holds reports whether a URI lies in the place, or is the place itself.
func (p *Place) Holds(uri string) bool {
	return strings.HasPrefix(uri, p.URI) || uri+"/" == p.URI
}

// KeyStart is how many slashes of a URI of the place stand before the key.
func (p *Place) KeyStart() int { return p.slashes }

// schemes of URIs, with what the KFP SDK makes of them in paths ("": nothing).
var schemes = [...]struct {
	name string
	kind Kind
	path string
}{
	{"s3", S3, "/s3/"},
	{"minio", S3, "/minio/"},
	{"gs", GCS, "/gcs/"},
	{"oss", OSS, ""},
	{"azblob", Azure, ""},
	{"abfss", Azure, ""},
	{"abfs", Azure, ""},
	{"https", Azure, ""},
}

// Path is where the place appears among the files of a container: what the KFP
// SDK makes of the URI, and the like for stores that it does not know.
func (p *Place) Path() string {
	scheme, rest, _ := strings.Cut(p.URI, "://")
	for _, s := range schemes {
		if s.name == scheme && s.path != "" {
			return s.path + rest
		}
	}
	return "/" + scheme + "/" + rest
}

// SDK reports whether the KFP SDK derives the same paths from URIs of the place.
func (p *Place) SDK() bool {
	for _, s := range schemes {
		if strings.HasPrefix(p.URI, s.name+"://") {
			return s.path != ""
		}
	}
	return false
}

// FromPath gives the URI of a path that stands for one in a store which the KFP
// SDK does not know; other texts stay.
func FromPath(path string) string {
	for _, s := range schemes {
		if rest, ok := strings.CutPrefix(path, "/"+s.name+"/"); ok && s.path == "" {
			return s.name + "://" + rest
		}
	}
	return path
}
