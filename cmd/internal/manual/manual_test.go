package manual_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/manual"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

var root = filepath.Join("..", "..", "..")

func TestDiagnosticsPage(t *testing.T) {
	goldentest.File(t, filepath.Join(root, "docs", "diagnostics.md"), manual.Diagnostics(manual.Codes()))
}

// ranges are the owners of the codes.
var ranges = []struct{ first, last diag.Code }{
	{"S001", "S099"}, {"D100", "D199"}, {"K200", "K299"}, {"E300", "E349"}, {"C400", "C499"}, {"L500", "L549"}, {"A600", "A699"}, {"R700", "R749"}, {"P750", "P799"},
}

// TestCatalogue: every code is unique, in its range, and has a page with a
// title, a meaning and an example.
func TestCatalogue(t *testing.T) {
	seen := map[diag.Code]string{}
	for _, c := range manual.Codes() {
		if first, twice := seen[c.Code]; twice {
			t.Errorf("%s is %q and %q", c.Code, first, c.Title)
		}
		seen[c.Code] = c.Title
		known := false
		for _, r := range ranges {
			known = known || len(c.Code) == 4 && c.Code >= r.first && c.Code <= r.last
		}
		if !known {
			t.Errorf("%q is in no range", c.Code)
		}
		if c.Title == "" || strings.HasSuffix(c.Title, ".") || strings.Contains(c.Title, "\n") {
			t.Errorf("%s: the title %q is not one line without a final stop", c.Code, c.Title)
		}
		if !strings.Contains(c.Doc, "```") && !strings.Contains(c.Doc, "`") {
			t.Errorf("%s has no example", c.Code)
		}
		if strings.Count(c.Doc, "```")%2 != 0 {
			t.Errorf("%s: a code block is not closed", c.Code)
		}
	}
}

// TestRegistered: each code that stands in the source has a page, and each page
// is about a code that can occur.
func TestRegistered(t *testing.T) {
	pages := map[string]bool{}
	for _, c := range manual.Codes() {
		pages[string(c.Code)] = false
	}
	code := regexp.MustCompile(`^[SDKECLARP][0-9]{3}$`)
	for _, dir := range []string{"compiler", "backend", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				s, _ := strconv.Unquote(lit.Value)
				if !code.MatchString(s) || strings.HasPrefix(name, filepath.Join(root, "cmd", "internal", "manual")) {
					return true
				}
				if _, ok := pages[s]; !ok {
					t.Errorf("%s: %s has no page", name, s)
				}
				pages[s] = true
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for c, used := range pages {
		if !used {
			t.Errorf("%s has a page and stands nowhere in the source", c)
		}
	}
}
