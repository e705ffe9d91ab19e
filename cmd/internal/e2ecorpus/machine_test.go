package e2ecorpus

import (
	"runtime"
	"testing"

	"github.com/kfp-go/kfp-go/cmd/internal/corpus"
)

// Every file of the corpus stands in the table.
func TestTable(t *testing.T) {
	files, err := corpus.Files(corpusRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	named, there := map[string]bool{}, map[string]bool{}
	for _, c := range table {
		if named[c.name()] {
			t.Errorf("%s stands there twice", c.name())
		}
		named[c.name()], named[c.file] = true, true
	}
	for _, f := range files {
		there[f.Name] = true
		if !named[f.Name] {
			t.Errorf("%s is missing", f.Name)
		}
	}
	for _, c := range table {
		if !there[c.file] {
			t.Errorf("%s is not in the corpus", c.file)
		}
	}
}

// Each pipeline of the corpus, run on this machine, gives what its source and
// the oracle say.
func TestMachine(t *testing.T) {
	dir := corpusRoot(t)
	needSDK(t)
	room := make(chan struct{}, runtime.NumCPU())
	for _, c := range all() {
		if c.notHere != "" {
			continue
		}
		t.Run(c.key(), func(t *testing.T) {
			t.Parallel()
			room <- struct{}{}
			defer func() { <-room }()
			r := here(t, dir, c)
			c.judge(t, r, onMachine, readHere)
			if c.oracle == "" {
				ask(t, dir, c).compare(t, c, r, readHere)
			}
		})
	}
}
