package compiler_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
	"github.com/kfp-go/kfp-go/compiler/source"
)

func TestX(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "corpus", "kfp")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the corpus is not here")
	}
	same, all := 0, 0
	_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, _ := os.ReadFile(name)
		res, err := compiler.Compile(t.Context(), source.NewFile("p", text), compiler.Options{Open: true})
		if err != nil || res.Manifest == nil {
			t.Logf("%s: no manifest", name)
			return nil
		}
		var l diag.List
		out := dslwrite.Write(res.Pipeline, l.Report)
		again, err := compiler.Compile(t.Context(), source.NewFile("p", out), compiler.Options{Open: true})
		if err != nil || again.Manifest == nil {
			t.Errorf("%s: no second manifest: %v %s", name, err, lines(again.Diagnostics))
			return nil
		}
		all++
		if bytes.Equal(res.Manifest.YAML, again.Manifest.YAML) {
			same++
			return nil
		}
		os.WriteFile("/tmp/todsl/"+filepath.Base(name)+".a", res.Manifest.YAML, 0o644)
		os.WriteFile("/tmp/todsl/"+filepath.Base(name)+".b", again.Manifest.YAML, 0o644)
		t.Logf("differs: %s %v", name, strings.Contains(string(out), "pipelinechannel"))
		return nil
	})
	t.Logf("%d of %d", same, all)
}
