package lineage

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// What a page is made of: elements that show things, and attributes that
// neither load nor run anything.
var (
	elements = []string{"html", "head", "meta", "title", "style", "body", "h1", "p", "div", "svg", "path", "a", "g", "rect", "text", "table", "tr", "th", "td"}
	harmless = []string{"lang", "charset", "http-equiv", "content", "name", "class", "id", "xmlns", "width", "height", "viewbox", "d", "x", "y", "rx", "href"}
)

// TestPageIsWellFormed: whatever the names are, each element that begins ends in
// its place, ids are unique, links lead to a place of the page, and nothing
// else is there that a browser would act upon.
func TestPageIsWellFormed(t *testing.T) {
	for _, p := range payloads {
		ids, links := map[string]bool{}, map[string]bool{}
		var open []string
		z := html.NewTokenizer(strings.NewReader(write(t, "html", evil(p))))
		for kind := z.Next(); ; kind = z.Next() {
			token := z.Token()
			switch kind {
			case html.ErrorToken:
				if err := z.Err(); !errors.Is(err, io.EOF) {
					t.Fatalf("%q: %v", p, err)
				}
			case html.CommentToken:
				t.Errorf("%q: a comment: %q", p, token.Data)
			case html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != token.Data {
					t.Fatalf("%q: </%s> within %v", p, token.Data, open)
				}
				open = open[:len(open)-1]
			case html.StartTagToken, html.SelfClosingTagToken:
				if !slices.Contains(elements, token.Data) {
					t.Errorf("%q: <%s>", p, token.Data)
				}
				if kind == html.StartTagToken && token.Data != "meta" {
					open = append(open, token.Data)
				}
				attributes(t, p, token, ids, links)
			}
			if kind == html.ErrorToken {
				break
			}
		}
		if len(open) > 0 {
			t.Errorf("%q: %v never end", p, open)
		}
		for link := range links {
			if !ids[strings.TrimPrefix(link, "#")] {
				t.Errorf("%q: a link to %q", p, link)
			}
		}
		if len(links) < 4 {
			t.Errorf("%q: %d links", p, len(links))
		}
	}
}

func attributes(t *testing.T, payload string, token html.Token, ids, links map[string]bool) {
	t.Helper()
	for _, a := range token.Attr {
		switch {
		case !slices.Contains(harmless, a.Key):
			t.Errorf("%q: <%s %s=%q>", payload, token.Data, a.Key, a.Val)
		case a.Key == "id" && ids[a.Val]:
			t.Errorf("%q: the id %q stands there twice", payload, a.Val)
		case a.Key == "id":
			ids[a.Val] = true
		case a.Key == "href" && !strings.HasPrefix(a.Val, "#"):
			t.Errorf("%q: a link to %q", payload, a.Val)
		case a.Key == "href":
			links[a.Val] = true
		case a.Key == "http-equiv" && a.Val != "Content-Security-Policy":
			t.Errorf("%q: %q", payload, a.Val)
		}
	}
}
