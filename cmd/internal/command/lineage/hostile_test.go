package lineage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// payloads are texts that terminals, browsers, Mermaid or Graphviz would act
// upon.
var payloads = []string{
	// Terminals.
	"\x1b[2J", "\x1b[31mred\x1b[0m", "\x1b[H", "\x1b[6n", "\x1b[?1049h", "\x1b[10A\x1b[K", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
	"\x1b]52;c;Zm9v\x07", "\x1b]1337;File=:x\x07", "\x1bP+q544e\x1b\\", "\x1b_apc\x1b\\", "\x1b^pm\x1b\\", "\x1bc", "\x1b(0", "\x1b#8", "\x9b31m", "\x9d0;x\x9c", "\x90q\x9c",
	"\u009b31m", "\u009d0;x\u009c", "\u0090q\u009c", "\u0085", "over\rwrite", "back\b\b\b\bxx", "bell\a", "nul\x00", "a\nb", "a\r\nb", "a\tb", "\x0b\x0c", "\x7f", "\xff\xfe", "\xc3\x28",
	"\u202egnp.exe", "\u202dx", "\u202ax\u202c", "\u2066x\u2069", "\u2067x", "\u2068x", "ze\u200bro", "\u200e\u200f", "\u2028", "\u2029", "\ufeffbom", "\U000e0041tag",
	// HTML and SVG.
	"<script>alert(1)</script>", "</title><script>x</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "' onmouseover='x", "</svg><iframe src=//x>", "<!--", "-->", "]]>",
	"&lt;script&gt;", "&#60;b&#62;", "javascript:alert(1)", "<style>*{display:none}</style>", "<base href=//x>", "<meta http-equiv=refresh content=0>", "</table></body></html>",
	// Mermaid and DOT.
	"x\"] --> y[\"z", "x\"]\nclick n0 \"javascript:alert(1)\"", "%%{init: {}}%%", "end", "subgraph x", "`**md**`", "#quot;", "#35;", "n0; n1", "a --> b", "x\"]; evil [label=\"y", "\\", "\\\"", "\\N", "\\l\\r", "<b>html</b>",
	// Other things that are read by machines.
	"::set-output name=x::y", "%0A::error::x", "$(reboot)", "`id`", "{{workflow.uid}}", "${{ x }}", "=cmd|' /C calc'!A0",
}

// evil is lineage in which every text is the payload.
func evil(text string) *Document {
	r := &metadata.Run{ID: "01a20ac3-ce8a-7959-8e41-3b5c7ae6426c", RunRecord: metadata.RunRecord{Name: text, State: metadata.State("failed")}}
	task := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: text, State: "failed", Outputs: map[string]metadata.Value{text: {Value: quoted(text)}}}}
	node := func(n *metadata.Node) *metadata.Node {
		return &metadata.Node{Kind: metadata.TaskNode, Run: r, RunID: r.ID, Task: task, Path: text, Port: text, Children: []*metadata.Node{n}}
	}
	leaf := &metadata.Node{Kind: metadata.ArtifactNode, URI: text, Type: text, Port: text, Cut: true, Artifact: &metadata.ArtifactRecord{URI: text, Type: text}}
	return &Document{APIVersion: "v", Kind: "Lineage",
		Up:   &metadata.Node{Kind: metadata.ArtifactNode, URI: text + "/x", Type: text, Children: []*metadata.Node{node(leaf)}},
		Down: &metadata.Node{Kind: metadata.RunNode, Run: r, RunID: r.ID, Children: []*metadata.Node{node(leaf)}}}
}

func quoted(s string) json.RawMessage {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return text
}

// Once quoted text is taken out, what remains is our own: the same whatever
// the names are.
var skeletons = map[string]func(string) string{
	"text":    func(string) string { return "" }, // names are all there is
	"mermaid": func(s string) string { return regexp.MustCompile(`"[^"]*"`).ReplaceAllString(s, `""`) },
	"dot":     func(s string) string { return regexp.MustCompile(`"([^"\\]|\\.)*"`).ReplaceAllString(s, `""`) },
	"html":    func(s string) string { return strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(s, -1), "\n") },
}

func write(t *testing.T, format string, doc *Document) string {
	t.Helper()
	s, b := iostreams.Test()
	err := map[string]func(io.Writer) error{
		"text":    func(w io.Writer) error { return writeText(w, doc, term.OutTheme(s)) },
		"mermaid": func(w io.Writer) error { return writeMermaid(w, flatten(doc)) },
		"dot":     func(w io.Writer) error { return writeDOT(w, flatten(doc)) },
		"html":    func(w io.Writer) error { return writeHTML(w, title(&Options{}, doc), flatten(doc)) },
	}[format](s.Out)
	if err != nil {
		t.Fatal(err)
	}
	return b.Out.String()
}

func TestHostileNames(t *testing.T) {
	if len(payloads) < 60 {
		t.Errorf("%d payloads", len(payloads))
	}
	for format, skeleton := range skeletons {
		want := skeleton(write(t, format, evil("plain")))
		for _, p := range payloads {
			got := write(t, format, evil(p))
			if !utf8.ValidString(got) {
				t.Errorf("%s of %q is no UTF-8", format, p)
			}
			for _, r := range got {
				if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 {
					t.Errorf("%s of %q holds %U", format, p, r)
					break
				}
			}
			if d := skeleton(got); d != want {
				t.Errorf("%s of %q is built otherwise:\n%s", format, p, d)
			}
		}
	}
}

// A page asks nobody for anything and runs nothing.
func TestPageIsAlone(t *testing.T) {
	page := write(t, "html", evil("s3://b/x"))
	for _, word := range []string{"<script", "<link", "<iframe", "<img", "src=", "@import", "url(", "onload", "onclick"} {
		if strings.Contains(page, word) {
			t.Errorf("the page has %s", word)
		}
	}
	if !strings.Contains(page, "default-src 'none'") {
		t.Error("the page has no policy")
	}
}

// TestLayout: boxes never lie upon each other, and edges lead to the right,
// in a picture of hundreds.
func TestLayout(t *testing.T) {
	p := &picture{}
	const tasks = 300
	for i := range 2 * tasks {
		p.nodes = append(p.nodes, &box{artifact: i%2 == 1, head: fmt.Sprint("n", i), full: fmt.Sprint("n", i)})
		if i > 0 {
			p.edges = append(p.edges, [2]int{i / 3, i})
		}
	}
	spots, width, height := layOut(p)
	taken := map[spot]int{}
	for i, s := range spots {
		if other, ok := taken[s]; ok {
			t.Fatalf("%d lies upon %d", i, other)
		}
		taken[s] = i
		if s.x < margin || s.y < margin || s.x+boxWidth+margin > width || s.y+boxHeight+margin > height {
			t.Errorf("%d lies outside: %+v of %dx%d", i, s, width, height)
		}
	}
	for _, e := range p.edges {
		if spots[e[0]].x+boxWidth >= spots[e[1]].x {
			t.Errorf("%v leads to the left", e)
		}
	}
	cycle := &picture{nodes: p.nodes[:3], edges: [][2]int{{0, 1}, {1, 2}, {2, 1}}}
	if spots, _, _ := layOut(cycle); len(spots) != 3 || spots[1] == spots[2] {
		t.Errorf("a cycle: %v", spots)
	}
	var b bytes.Buffer
	if err := writeHTML(&b, "x", p); err != nil || strings.Count(b.String(), "<rect") != 2*tasks {
		t.Errorf("%v", err)
	}
}
