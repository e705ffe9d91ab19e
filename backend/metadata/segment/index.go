package segment

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A Header is the first line of an index.
type Header struct {
	Kind    string `json:"kind"` // index
	Version int    `json:"v"`
	Segment string `json:"segment"`         // its key
	Edges   string `json:"edges,omitempty"` // key of the edges' object, "": there are none
	Runs    int    `json:"runs"`
	Events  int    `json:"events"`
	// Replaces are the keys of indexes whose events are all in this one's
	// segment and in those of the indexes that With names. While one of these
	// is missing nothing is replaced.
	Replaces []string `json:"replaces,omitempty"`
	With     []string `json:"with,omitempty"`
}

// An Index is one that was read.
type Index struct {
	Name   Name
	Header Header
	Lines  []Line // oldest run first
	Size   int    // of the text that the lines hold, in bytes
}

const indexVersion = 1

// ParseIndex reads an index that lies under that name.
func ParseIndex(n Name, data []byte) (*Index, error) {
	if err := n.Check(data); err != nil {
		return nil, err
	}
	text, err := decompress(textDecoder(), data)
	if err != nil {
		return nil, err
	}
	return parseIndexText(n, text)
}

func parseIndexText(n Name, text []byte) (*Index, error) {
	x := &Index{Name: n, Size: len(text)}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if err := json.Unmarshal(first, &x.Header); err != nil || x.Header.Kind != "index" {
		return nil, damaged("it does not begin as an index does")
	}
	if x.Header.Version != indexVersion {
		return nil, damaged("it is of version %d, which this version does not know", x.Header.Version)
	}
	seg, ok := ParseName(x.Header.Segment)
	if !ok || seg.Kind != Segments {
		return nil, damaged("it names no segment")
	}
	if e, ok := ParseName(x.Header.Edges); x.Header.Edges != "" && (!ok || e.Kind != Edges) {
		return nil, damaged("what it names as edges is none")
	}
	x.Lines = make([]Line, 0, bytes.Count(rest, []byte("\n")))
	last := ""
	for line := range bytes.Lines(rest) {
		l := Line(bytes.TrimSuffix(line, []byte("\n")))
		if !bytes.HasPrefix(l, []byte(rowHead)) || len(l) < atEnd || !metadata.ValidID(l.Run()) {
			return nil, damaged("a row does not begin as rows do")
		}
		if id := l.Run(); id <= last || id < n.From || id > n.To {
			return nil, damaged("a row is out of order")
		} else {
			last = id
		}
		x.Lines = append(x.Lines, l)
	}
	if len(x.Lines) != x.Header.Runs {
		return nil, damaged("it has %d rows and states %d", len(x.Lines), x.Header.Runs)
	}
	return x, nil
}

// Unlisted reports whether there are runs whose edges are not listed.
func (x *Index) Unlisted() bool {
	return slices.ContainsFunc(x.Lines, Line.Unlisted)
}

// An EdgeLine is an artifact that a run's task read or wrote, as it lies among
// the edges.
type EdgeLine []byte

const edgeHead = `{"kind":"edge","run":"`

// Run is the id of the run.
func (l EdgeLine) Run() string { return string(l[len(edgeHead) : len(edgeHead)+36]) }

// Decode reads the edge.
func (l EdgeLine) Decode() (*metadata.ArtifactRecord, error) {
	a := new(metadata.ArtifactRecord)
	if err := json.Unmarshal(l, a); err != nil {
		return nil, damaged("an edge is no JSON of an edge")
	}
	if a.ID == "" {
		a.ID = metadata.ArtifactID(a.URI)
	}
	return a, nil
}

// URI is the artifact's URI as it stands in the line, escaped.
func (l EdgeLine) URI() []byte {
	_, rest, _ := bytes.Cut(l, []byte(`"uri":"`))
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return rest[:i]
		}
	}
	return nil
}

// EscapeURI is what URI gives for an artifact that lies there.
func EscapeURI(uri string) []byte {
	q := quote(uri)
	return q[1 : len(q)-1]
}

// ParseEdges reads edges that lie under that name, the oldest run first.
func ParseEdges(n Name, data []byte) ([]EdgeLine, error) {
	if err := n.Check(data); err != nil {
		return nil, err
	}
	text, err := decompress(textDecoder(), data)
	if err != nil {
		return nil, err
	}
	return parseEdgesText(text)
}

func parseEdgesText(text []byte) ([]EdgeLine, error) {
	lines := make([]EdgeLine, 0, bytes.Count(text, []byte("\n")))
	end := len(edgeHead) + 36
	for line := range bytes.Lines(text) {
		l := EdgeLine(bytes.TrimSuffix(line, []byte("\n")))
		if !bytes.HasPrefix(l, []byte(edgeHead)) || len(l) <= end || !metadata.ValidID(l.Run()) {
			return nil, damaged("an edge does not begin as edges do")
		}
		if len(lines) > 0 && l.Run() < lines[len(lines)-1].Run() {
			return nil, damaged("an edge is out of order")
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// appendEdge writes an edge; the artifact's id follows from its URI and is left
// out where it does.
func appendEdge(out []byte, run string, a *metadata.ArtifactRecord) ([]byte, error) {
	short := *a
	if short.ID == metadata.ArtifactID(a.URI) {
		short.ID = ""
	}
	body, err := encode(short)
	if err != nil {
		return nil, err
	}
	out = append(append(append(out, edgeHead...), run...), `",`...)
	return append(append(out, body[1:]...), '\n'), nil
}
