// Package segment is the form in which old events lie together: a segment holds
// the events of many runs, byte for byte as they were written, one compressed
// frame for each run; an index holds a row for each of these runs, reduced; an
// object of edges holds the artifacts that they read and wrote. Its idea:
// index and edges are derived and can be made again from the segment, and all
// three bear the digest of their content in their names. It knows nothing of
// buckets.
package segment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A Kind of object.
type Kind string

// The kinds; also the folders in which they lie.
const (
	Segments Kind = "segments"
	Indexes  Kind = "index"
	Edges    Kind = "edges"
)

// Levels.
const (
	FromInbox = 0 // folded once
	Merged    = 1 // folded of several of those
	Month     = 2 // all of a month that is over
	maxLevel  = 9 // of later versions
)

// A Name is what the name of an object says.
type Name struct {
	Kind     Kind
	Level    int
	From, To string // the ids of the oldest and the newest run inside
	Sum      string // the first 32 digits of the SHA-256 of the object
}

// suffix is how names of that kind end.
func (k Kind) suffix() string {
	if k == Segments {
		return ".zst"
	}
	return ".ndjson.zst"
}

// Dir is the folder of the kind, with the slash.
func (k Kind) Dir() string { return string(k) + "/" }

// Key is where the object lies.
func (n Name) Key() string {
	return string(n.Kind) + "/" + strconv.Itoa(n.Level) + "/" + n.From + "_" + n.To + "_" + n.Sum + n.Kind.suffix()
}

// ParseName reads a key; ok is false for one that is no object of these kinds.
func ParseName(key string) (n Name, ok bool) {
	kind, rest, _ := strings.Cut(key, "/")
	n.Kind = Kind(kind)
	if n.Kind != Segments && n.Kind != Indexes && n.Kind != Edges {
		return n, false
	}
	level, rest, _ := strings.Cut(rest, "/")
	if len(level) != 1 || level[0] < '0' || level[0] > '0'+maxLevel {
		return n, false
	}
	n.Level = int(level[0] - '0')
	rest, ok = strings.CutSuffix(rest, n.Kind.suffix())
	parts := strings.Split(rest, "_")
	if !ok || len(parts) != 3 {
		return n, false
	}
	n.From, n.To, n.Sum = parts[0], parts[1], parts[2]
	return n, metadata.ValidID(n.From) && metadata.ValidID(n.To) && n.From <= n.To &&
		len(n.Sum) == sumLength && strings.Trim(n.Sum, "0123456789abcdef") == ""
}

// NameOf is the name of an object with that content, of runs between two.
func NameOf(kind Kind, level int, from, to string, data []byte) Name {
	return Name{Kind: kind, Level: level, From: from, To: to, Sum: sum(data)}
}

const sumLength = 32

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])[:sumLength]
}

// Check reports ErrDamaged if the data is not what the name says.
func (n Name) Check(data []byte) error {
	if sum(data) != n.Sum {
		return damaged("its content does not have the checksum that its name states")
	}
	return nil
}

// Holds reports whether a run with that id, or with an id that begins so, may
// be inside.
func (n Name) Holds(prefix string) bool {
	return prefix <= n.To && (prefix >= n.From || strings.HasPrefix(n.From, prefix))
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", metadata.ErrDamaged, fmt.Sprintf(format, args...))
}
