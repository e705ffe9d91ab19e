package randomtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/pipelinegen"
)

// setting is a number from KFPGO_RANDOM.
func setting(t testing.TB, name string, fallback int) int {
	t.Helper()
	for _, f := range strings.Fields(os.Getenv("KFPGO_RANDOM")) {
		if key, value, _ := strings.Cut(f, "="); key == name {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatalf("KFPGO_RANDOM: %s is no number", f)
			}
			return n
		}
	}
	return fallback
}

// A sample is one random pipeline and the options it was made with.
type sample struct {
	*pipelinegen.Pipeline
	opt pipelinegen.Options
}

func (s sample) String() string { return fmt.Sprintf("%s, seed %d", s.opt.Dialect, s.opt.Seed) }

// draw makes sample i of a property; both dialects take turns, unless KFPGO_RANDOM
// says dialect=1 (our own) or dialect=2 (KFP's). One of four fails in the body of
// a group whose exit task succeeds.
func draw(t testing.TB, i int, opt pipelinegen.Options) sample {
	t.Helper()
	opt.Seed = uint64(setting(t, "seed", 0) + i)
	opt.Dialect = pipelinegen.DSL
	if opt.Seed%2 == 1 {
		opt.Dialect = pipelinegen.KFP
	}
	if d := setting(t, "dialect", 0); d > 0 {
		opt.Dialect = pipelinegen.Dialect(d)
	}
	opt.BodyFails = opt.Seed%8 >= 6
	return sample{pipelinegen.New(opt), opt}
}

// smaller finds a smaller pipeline that is wrong too: same seed, less room. It is
// s itself when there is none.
func smaller(s sample, wrong func(sample) bool) sample {
	for size := 1; size < max(s.opt.Size, 12); size++ {
		opt := s.opt
		opt.Size = size
		if less := (sample{pipelinegen.New(opt), opt}); wrong(less) {
			return less
		}
	}
	return s
}

// keep writes the pipeline of a failure where it outlives the test.
func keep(t testing.TB, s sample) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "kfp-go-random")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, fmt.Sprintf("%s-%d-%d.yaml", s.opt.Dialect, s.opt.Seed, s.opt.Size))
	args, err := json.Marshal(s.Args)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(s.Want)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("# %s\n# arguments: %s\n# wanted: %s\n%s", s, args, want, s.Text)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
