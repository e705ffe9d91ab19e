package segment

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A Table finds edges of one object by run and by URI. It holds the object as it
// lies in the store, and of the text only where lines begin and a hash of each
// URI: a twelfth of it.
type Table struct {
	data   []byte
	starts []uint32   // of the lines, which are in order of their runs
	hashes []edgeHash // by hash
}

type edgeHash struct{ hash, line uint32 }

var seed = maphash.MakeSeed()

func hashOf(uri []byte) uint32 { return uint32(maphash.Bytes(seed, uri)) }

// OpenTable reads edges that lie under that name. It keeps data.
func OpenTable(n Name, data []byte) (*Table, error) {
	lines, err := ParseEdges(n, data)
	if err != nil {
		return nil, err
	}
	t := &Table{data: data, starts: make([]uint32, len(lines)), hashes: make([]edgeHash, len(lines))}
	at := uint32(0)
	for i, l := range lines {
		t.starts[i], t.hashes[i] = at, edgeHash{hashOf(l.URI()), uint32(i)}
		at += uint32(len(l)) + 1
	}
	slices.SortFunc(t.hashes, func(a, b edgeHash) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return int(a.line) - int(b.line)
	})
	return t, nil
}

// Text decompresses the lines. Whoever asks the same table several times keeps
// it meanwhile.
func (t *Table) Text() ([]byte, error) { return decompress(textDecoder(), t.data) }

func (t *Table) line(text []byte, i int) EdgeLine {
	end := len(text)
	if i+1 < len(t.starts) {
		end = int(t.starts[i+1])
	}
	return EdgeLine(bytes.TrimSuffix(text[t.starts[i]:end], []byte("\n")))
}

// An EdgeFilter is an EdgeQuery prepared for many tables.
type EdgeFilter struct {
	digest string
	uris   [][]byte // as they stand in a line
	hashes []uint32
	runs   []string // in order
}

// NewEdgeFilter prepares a query.
func NewEdgeFilter(q metadata.EdgeQuery) *EdgeFilter {
	f := &EdgeFilter{digest: q.Digest, runs: slices.Compact(slices.Sorted(slices.Values(q.Runs)))}
	for _, uri := range q.URIs {
		escaped := EscapeURI(uri)
		f.uris, f.hashes = append(f.uris, escaped), append(f.hashes, hashOf(escaped))
	}
	return f
}

// Within reports whether edges of that name may be wanted, as far as the name
// tells.
func (f *EdgeFilter) Within(n Name) bool {
	if len(f.uris) > 0 || f.digest != "" {
		return true
	}
	i, _ := slices.BinarySearch(f.runs, n.From)
	return i < len(f.runs) && f.runs[i] <= n.To
}

// May reports whether the table holds something that is wanted, without its
// text: seldom too often, never too rarely. n is its name.
func (t *Table) May(n Name, f *EdgeFilter) bool {
	if f.digest != "" {
		return true
	}
	if i, _ := slices.BinarySearch(f.runs, n.From); i < len(f.runs) && f.runs[i] <= n.To {
		return true
	}
	return slices.ContainsFunc(f.hashes, func(h uint32) bool {
		i := t.first(h)
		return i < len(t.hashes) && t.hashes[i].hash == h
	})
}

// first is the first of the hashes that is not less.
func (t *Table) first(h uint32) int {
	i, _ := slices.BinarySearchFunc(t.hashes, h, func(a edgeHash, h uint32) int {
		switch {
		case a.hash < h:
			return -1
		case a.hash > h:
			return 1
		}
		return 0
	})
	return i
}

// Find gives the lines of the table's text that are wanted, each once, in order.
func (t *Table) Find(text []byte, f *EdgeFilter) []EdgeLine {
	var found []int
	for _, run := range f.runs {
		i, _ := slices.BinarySearchFunc(t.starts, run, func(at uint32, run string) int {
			return strings.Compare(string(text[int(at)+len(edgeHead):int(at)+len(edgeHead)+36]), run)
		})
		for ; i < len(t.starts) && t.line(text, i).Run() == run; i++ {
			found = append(found, i)
		}
	}
	for k, uri := range f.uris {
		for i := t.first(f.hashes[k]); i < len(t.hashes) && t.hashes[i].hash == f.hashes[k]; i++ {
			if n := int(t.hashes[i].line); bytes.Equal(t.line(text, n).URI(), uri) {
				found = append(found, n)
			}
		}
	}
	if f.digest != "" {
		for i := range t.starts {
			if t.line(text, i).digest(f.digest) {
				found = append(found, i)
			}
		}
	}
	slices.Sort(found)
	var out []EdgeLine
	for _, i := range slices.Compact(found) {
		out = append(out, t.line(text, i))
	}
	return out
}

// digest reports whether the artifact's id or digest begins so. The id is not
// in the line where it follows from the URI.
func (l EdgeLine) digest(prefix string) bool {
	if bytes.Contains(l, []byte(`":"`+prefix)) {
		a, err := l.Decode()
		return err == nil && (strings.HasPrefix(a.ID, prefix) || strings.HasPrefix(a.Digest, prefix))
	}
	var uri string
	if json.Unmarshal(append(append([]byte{'"'}, l.URI()...), '"'), &uri) != nil {
		return false
	}
	return strings.HasPrefix(metadata.ArtifactID(uri), prefix)
}
