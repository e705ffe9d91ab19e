// Command corpuscheck compiles every pipeline of a corpus of KFP files and
// prints what came of it: a manifest that Argo accepts, one pod for each
// container task, and how many bytes it takes. It fails when a file is not as
// it must be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/kfp-go/kfp-go/cmd/internal/corpus"
)

func main() {
	root := flag.String("corpus", "", "`folder` with KFP files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *root, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "corpuscheck:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, w io.Writer) error {
	files, err := corpus.Files(root)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no KFP pipelines in " + root)
	}
	var facts []*corpus.Fact
	bad := 0
	for _, f := range files {
		fact, err := corpus.Check(ctx, f)
		if err != nil {
			return err
		}
		if !fact.Fine() {
			bad++
		}
		facts = append(facts, fact)
	}
	if err := corpus.Write(w, facts); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d files are not as they must be", bad, len(files))
	}
	return nil
}
