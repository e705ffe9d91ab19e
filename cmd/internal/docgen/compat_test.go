package docgen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/manual"
	"github.com/kfp-go/kfp-go/compiler/constructs"
)

func TestCompatibility(t *testing.T) { page(t, "kfp-compatibility.md", Compatibility()) }

// TestCatalogue: every row says what it must, and what it names exists.
func TestCatalogue(t *testing.T) {
	known := map[string]bool{}
	for _, c := range manual.Codes() {
		known[string(c.Code)] = true
	}
	seen := map[string]bool{}
	id := regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	for _, c := range constructs.Catalogue() {
		for _, r := range c.Rows {
			if !id.MatchString(r.ID) || seen[r.ID] {
				t.Errorf("%q is no identifier, or stands there twice", r.ID)
			}
			seen[r.ID] = true
			if r.Title == "" || r.Argo == "" || len(r.Tests) == 0 {
				t.Errorf("%s: a title, what becomes of it and a test are needed", r.ID)
			}
			for _, code := range r.Codes {
				if !known[string(code)] {
					t.Errorf("%s: there is no code %s", r.ID, code)
				}
			}
			for _, name := range r.Tests {
				if err := exists(name); err != "" {
					t.Errorf("%s: %s %s", r.ID, name, err)
				}
			}
		}
	}
}

// elsewhere are findings of Argo's lowering that only pipelines of our own
// language have, or that are not used any more.
var elsewhere = []string{"A608", "A611", "A613", "A614", "A616", "A617", "A618", "A690", "A691"}

// TestDifferencesCovered: each finding of what Argo cannot do as KFP does is in
// a row.
func TestDifferencesCovered(t *testing.T) {
	rows := map[string]bool{}
	for _, c := range constructs.Catalogue() {
		for _, r := range c.Rows {
			for _, code := range r.Codes {
				rows[string(code)] = true
			}
		}
	}
	for _, c := range manual.Codes() {
		code := string(c.Code)
		if strings.HasPrefix(code, "A6") && rows[code] == slices.Contains(elsewhere, code) {
			t.Errorf("%s is in a row: %v", code, rows[code])
		}
	}
}

// exists finds a test by the name that a row gives it; the answer is what is
// wrong.
func exists(name string) string {
	const root = "../../.."
	if file, ok := strings.CutPrefix(name, "corpus:"); ok {
		corpus := filepath.Join(root, "..", "shared", "corpus", "kfp")
		if _, err := os.Stat(corpus); err != nil {
			return ""
		}
		found := false
		_ = filepath.WalkDir(corpus, func(path string, _ fs.DirEntry, _ error) error {
			found = found || filepath.Base(path) == file
			return nil
		})
		if !found {
			return "is not in the corpus"
		}
		return ""
	}
	if strings.HasSuffix(name, ".txtar") {
		if _, err := os.Stat(filepath.Join(root, "testdata", "script", name)); err != nil {
			return "is no script"
		}
		return ""
	}
	pkg, test, _ := strings.Cut(name, ".")
	test, sub, _ := strings.Cut(test, "/")
	dir := filepath.Join(root, filepath.FromSlash(pkg))
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "func "+test+"(t *testing.T)") {
			continue
		}
		if sub == "" || strings.Contains(string(text), `"`+sub+`"`) || named(filepath.Join(dir, "testdata"), sub) {
			return ""
		}
		return "has no such case"
	}
	return "does not exist"
}

// named reports whether a folder has a file of that name, whatever its ending.
func named(dir, name string) (found bool) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		base, _, _ := strings.Cut(filepath.Base(path), ".")
		found = found || err == nil && !d.IsDir() && base == name
		return nil
	})
	return found
}

// TestFieldsCovered: each field of the format is in a row, and each row's field
// is one of the format.
func TestFieldsCovered(t *testing.T) {
	format := constructs.Fields()
	covered := map[string]bool{}
	for _, c := range constructs.Catalogue() {
		for _, r := range c.Rows {
			for _, f := range r.Fields {
				covered[f] = true
				if !slices.Contains(format, f) {
					t.Errorf("%s: the format has no field %s", r.ID, f)
				}
			}
		}
	}
	for _, f := range format {
		if !covered[f] {
			t.Errorf("no row is about %s", f)
		}
	}
}

// TestFormatIsWhatIsRead: each field that the reader of KFP's format tells
// apart, in a case of a switch or a list of known fields, is one of the format.
func TestFormatIsWhatIsRead(t *testing.T) {
	known := map[string]bool{}
	for _, f := range constructs.Fields() {
		_, name, _ := strings.Cut(f, ".")
		known[name] = true
	}
	files, err := filepath.Glob("../../../compiler/kfpspec/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range fieldsRead(tree) {
			count++
			if !known[name] {
				t.Errorf("%s reads %q, which the format in compiler/constructs does not have", filepath.Base(file), name)
			}
		}
	}
	if count < 200 {
		t.Errorf("only %d fields were found in the reader's source: this test has lost its way", count)
	}
}

// fieldsRead are the names of fields in a file of the reader: in switches over a
// key, and behind the first two arguments of unknown and lenient.
func fieldsRead(tree *ast.File) []string {
	var out []string
	text := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, _ := strconv.Unquote(lit.Value)
			out = append(out, s)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if ok && (sel.Sel.Name == "unknown" || sel.Sel.Name == "lenient") && len(n.Args) > 2 {
				for _, a := range n.Args[2:] {
					text(a)
				}
			}
		case *ast.SwitchStmt:
			if !overKey(n) {
				return true
			}
			for _, c := range n.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					text(e)
				}
			}
		}
		return true
	})
	return out
}

// overKey reports whether a switch is over the key of a field.
func overKey(s *ast.SwitchStmt) bool {
	key := func(e ast.Expr) bool {
		call, ok := e.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "camel"
	}
	if s.Tag != nil && key(s.Tag) {
		return true
	}
	init, ok := s.Init.(*ast.AssignStmt)
	return ok && len(init.Rhs) == 1 && key(init.Rhs[0]) && s.Tag != nil
}
