package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kfp-go/kfp-go"

// A border says what a package, or every package below a folder ("x/..."), may
// import besides the standard library. The first that fits a package counts.
// Entries of ours are relative to the module; "ours" is all of it but cmd, and
// an entry that ends in /... is all below it.
type border struct {
	pkg string
	may []string
}

var borders = []border{
	{"compiler/source", nil},
	{"compiler/graph", nil},
	{"compiler/yamltext", nil},
	{"compiler/store", nil},
	{"compiler/diag", []string{"compiler/source"}},
	{"compiler/diag/render", []string{"compiler/diag", "compiler/source", "github.com/charmbracelet/x/ansi"}}, // widths
	{"compiler/ir", []string{"compiler/source"}},
	{"compiler/tree", []string{"compiler/source", "compiler/diag", "go.yaml.in/yaml/v4/..."}},
	{"compiler/expr/...", []string{"compiler/ir", "compiler/source", "compiler/diag", "compiler/expr/...", "cel.dev/...", "github.com/google/cel-go/...", "github.com/expr-lang/expr/...", "google.golang.org/protobuf/...", "google.golang.org/genproto/...",
		// The environment in which Argo evaluates expressions, sprig and all:
		// the only Argo package named here.
		"github.com/argoproj/argo-workflows/v3/util/expr/env", "github.com/Masterminds/sprig/v3", "github.com/evilmonkeyinc/jsonpath"}},
	{"compiler/dsl/dslwrite", []string{"compiler/ir", "compiler/expr", "compiler/diag", "compiler/source", "compiler/yamltext"}},
	{"compiler/dsl", []string{"compiler/ir", "compiler/expr", "compiler/tree", "compiler/diag", "compiler/source"}},
	{"compiler/kfpspec/...", []string{"compiler/ir", "compiler/expr", "compiler/tree", "compiler/diag", "compiler/source", "compiler/kfpspec/..."}},
	{"compiler/kfpwrite/...", []string{"compiler/ir", "compiler/expr", "compiler/diag", "compiler/source", "compiler/yamltext", "compiler/kfpwrite/..."}},
	{"compiler/check", []string{"compiler/ir", "compiler/expr", "compiler/graph", "compiler/diag", "compiler/source"}},
	{"compiler/lint/linttest", []string{"compiler/..."}},
	{"compiler/lint/...", []string{"compiler/ir", "compiler/expr", "compiler/graph", "compiler/diag", "compiler/source", "compiler/check", "compiler/lint"}},
	{"compiler/argo/...", []string{"compiler/check", "compiler/graph", "compiler/store", "compiler/ir", "compiler/expr", "compiler/diag", "compiler/source", "compiler/yamltext", "compiler/argo/...", "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/...", "sigs.k8s.io/yaml", "k8s.io/api/...", "k8s.io/apimachinery/...", "k8s.io/utils/ptr"}},
	{"compiler/constructs", []string{"compiler/ir", "compiler/tree", "compiler/diag", "compiler/source"}},
	{"compiler/compilertest", nil},
	{"compiler/corpustest", nil},
	{"compiler/goldentest", nil},
	{"compiler/pipelinegen", nil}, // a second opinion: it must not know the first
	{"compiler", []string{"compiler/..."}},
	{"components/...", []string{"compiler", "compiler/source", "components/..."}},
	{"backend/taskpath", nil},
	{"backend", []string{"compiler/ir"}},
	{"backend/backendtest", []string{"backend", "compiler/...", "github.com/google/uuid"}},
	{"backend/fake", []string{"backend", "compiler/ir", "compiler/source"}},
	{"backend/local/...", []string{"backend", "backend/claim", "backend/taskpath", "backend/local/...", "compiler/...", "github.com/cenkalti/backoff/v5", "github.com/google/uuid", "golang.org/x/..."}},
	{"backend/argo/...", []string{"backend", "backend/taskpath", "backend/argo/...", "compiler/...", "github.com/argoproj/argo-workflows/v3/...", "k8s.io/...", "sigs.k8s.io/yaml", "github.com/cenkalti/backoff/v5", "github.com/google/uuid", "github.com/sirupsen/logrus", "golang.org/x/..."}},
	{"backend/failpoint", nil},
	{"backend/claim", nil},
	{"backend/objects", []string{"backend", "compiler/store", "gocloud.dev/...", "github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/...", "github.com/Azure/azure-sdk-for-go/sdk/...", "golang.org/x/oauth2/google", "google.golang.org/api/googleapi"}},
	{"backend/servertest", []string{"github.com/fsouza/fake-gcs-server/fakestorage"}},
	{"backend/metadata/blob", []string{"backend/failpoint", "backend/metadata", "backend/metadata/segment", "gocloud.dev/...", "github.com/cenkalti/backoff/v5", "github.com/google/uuid", "golang.org/x/...",
		// How the services say what went wrong, and their own attempts, to switch them off.
		"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/logging", "github.com/Azure/azure-sdk-for-go/sdk/azcore/...", "cloud.google.com/go/storage", "google.golang.org/api/googleapi"}},
	{"backend/metadata/segment", []string{"backend/metadata", "github.com/klauspost/compress/zstd"}},
	{"backend/metadata/record", []string{"backend", "backend/failpoint", "backend/taskpath", "backend/metadata/...", "compiler/ir", "github.com/google/uuid"}},
	{"backend/metadata/openlineage", []string{"backend/metadata", "backend/taskpath", "github.com/google/uuid", "github.com/cenkalti/backoff/v5"}},
	{"backend/metadata/storetest", []string{"backend/metadata", "github.com/google/go-cmp/cmp"}},
	{"backend/metadata/...", []string{"backend/taskpath", "backend/metadata/...", "github.com/google/uuid"}},
	{"cmd/...", []string{"*"}},
}

// A ban forbids an import everywhere but in the packages named.
type ban struct {
	what   string
	except []string
}

var bans = []ban{
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{"github.com/spf13/viper", []string{"cmd/internal/config", "cmd/internal/command/..."}},
	{"github.com/charmbracelet/lipgloss", []string{"cmd/internal/term"}},
	{"go.yaml.in/yaml/v4", []string{"compiler/tree"}},
	{"cel.dev/cel-go", []string{"compiler/expr/..."}},
	{"github.com/google/cel-go", []string{"compiler/expr/..."}},
	{"github.com/expr-lang/expr", []string{"compiler/expr/..."}},
	{"gocloud.dev", []string{"backend/metadata/blob", "backend/objects"}},
	{"k8s.io/client-go", []string{"backend/argo/...", "cmd/internal/app"}},
	{"github.com/argoproj/argo-workflows/v3", []string{"compiler/argo/...", "compiler/expr/...", "backend/argo/..."}},
}

// A name is something of the standard library that must not be used below the
// given folders.
var names = []struct{ pkg, name string }{
	{"os", "Stdout"}, {"os", "Stderr"}, {"os", "Stdin"}, {"os", "Exit"}, {"os", "Args"},
	{"os", "Getenv"}, {"os", "LookupEnv"}, {"os", "Environ"},
	{"time", "Now"}, {"time", "Since"}, {"time", "Local"},
	{"log", ""}, {"log/slog", ""}, {"math/rand", ""}, {"math/rand/v2", ""}, {"os/exec", ""}, {"net/http", ""}, {"net", ""},
	{"fmt", "Print"}, {"fmt", "Println"}, {"fmt", "Printf"},
}

var pureBelow = []string{"compiler/...", "components/..."}

func TestBorders(t *testing.T) {
	for _, p := range packages(t) {
		b := borderOf(p.path)
		if b == nil {
			t.Errorf("%s stands in no line of the table: add one", p.path)
			continue
		}
		for _, imp := range p.imports() {
			if !allowed(b.may, imp) {
				t.Errorf("%s imports %s, which %s may not (%s)", p.path, imp, b.pkg, p.where(imp))
			}
		}
	}
}

func TestBans(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.imports() {
			for _, b := range bans {
				if (imp == b.what || strings.HasPrefix(imp, b.what+"/")) && !fitsAny(b.except, p.path) {
					t.Errorf("%s imports %s, which only %s may name (%s)", p.path, imp, strings.Join(b.except, ", "), p.where(imp))
				}
			}
			if strings.HasPrefix(imp, module+"/cmd/") && !strings.HasPrefix(p.path, "cmd/") {
				t.Errorf("%s imports %s: nobody imports cmd", p.path, imp)
			}
		}
	}
}

func TestPurity(t *testing.T) {
	for _, p := range packages(t) {
		if fitsAny(pureBelow, p.path) && !strings.HasSuffix(p.path, "test") {
			for _, f := range p.files {
				impure(t, p.path, f)
			}
		}
	}
}

// TestNoInit: nothing registers itself.
func TestNoInit(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.files {
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s has an init function (%s)", p.path, f.name)
				}
			}
		}
	}
}

// TestDocs: every package opens with what it is for, and none is called after
// the absence of an idea.
func TestDocs(t *testing.T) {
	for _, p := range packages(t) {
		documented := slices.ContainsFunc(p.files, func(f file) bool { return f.ast.Doc != nil })
		if !documented {
			t.Errorf("%s has no package comment", p.path)
		}
		switch path.Base(p.path) {
		case "util", "utils", "common", "shared", "helpers", "misc":
			t.Errorf("%s: find the noun", p.path)
		}
	}
}

func impure(t *testing.T, pkg string, f file) {
	for _, n := range names {
		local := f.localName(n.pkg)
		if local == "" {
			continue
		}
		if n.name == "" {
			t.Errorf("%s imports %s (%s)", pkg, n.pkg, f.name)
			continue
		}
		ast.Inspect(f.ast, func(x ast.Node) bool {
			if s, ok := x.(*ast.SelectorExpr); ok && s.Sel.Name == n.name {
				if id, ok := s.X.(*ast.Ident); ok && id.Name == local {
					t.Errorf("%s uses %s.%s (%s)", pkg, n.pkg, n.name, f.fset.Position(s.Pos()))
				}
			}
			return true
		})
	}
}

type pack struct {
	path  string // relative to the module
	files []file
}

type file struct {
	name string
	fset *token.FileSet
	ast  *ast.File
}

func (f file) localName(imp string) string {
	for _, s := range f.ast.Imports {
		if p, _ := strconv.Unquote(s.Path.Value); p == imp {
			if s.Name != nil {
				return s.Name.Name
			}
			return path.Base(strings.TrimSuffix(imp, "/v2"))
		}
	}
	return ""
}

func (p pack) imports() []string {
	var out []string
	for _, f := range p.files {
		for _, s := range f.ast.Imports {
			imp, _ := strconv.Unquote(s.Path.Value)
			if first, _, _ := strings.Cut(imp, "/"); strings.Contains(first, ".") {
				out = append(out, imp)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p pack) where(imp string) string {
	for _, f := range p.files {
		for _, s := range f.ast.Imports {
			if q, _ := strconv.Unquote(s.Path.Value); q == imp {
				return f.name
			}
		}
	}
	return ""
}

func borderOf(pkg string) *border {
	for i := range borders {
		if fits(borders[i].pkg, pkg) {
			return &borders[i]
		}
	}
	return nil
}

func fits(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func fitsAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, pkg) })
}

func allowed(may []string, imp string) bool {
	name := strings.TrimPrefix(imp, module+"/")
	return slices.ContainsFunc(may, func(m string) bool { return m == "*" || fits(m, name) })
}

// packages reads every package of the module, tests left out.
func packages(t *testing.T) []pack {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	found := map[string]*pack{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "examples" || base == "bin" || base == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, filepath.Dir(name))
		rel = filepath.ToSlash(rel)
		if found[rel] == nil {
			found[rel] = &pack{path: rel}
		}
		found[rel].files = append(found[rel].files, file{filepath.ToSlash(name), fset, parsed})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []pack
	for _, p := range found {
		out = append(out, *p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].path < out[j].path })
	return out
}
