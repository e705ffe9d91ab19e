package dslwrite_test

import (
	"strconv"
	"syscall"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/compilertest"
	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
)

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		for name, text := range map[string][]byte{"dsl": compilertest.DSL(n), "kfp": compilertest.KFP(n, true)} {
			p, ds := parse("p.yaml", text)
			if p == nil {
				b.Fatal(show(ds))
			}
			b.Run(name+"/"+strconv.Itoa(n), func(b *testing.B) {
				b.ReportAllocs()
				begin := cpu()
				for b.Loop() {
					var list diag.List
					dslwrite.Write(p, list.Report)
				}
				b.ReportMetric(1000*(cpu()-begin)/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// cpu is the processor time of this process, in seconds: on a busy machine it
// says more than the clock.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// TestLinear: ten times the tasks take about ten times as long.
func TestLinear(t *testing.T) {
	measure := func(n int) float64 {
		p, ds := parse("p.yaml", compilertest.KFP(n, true))
		if p == nil {
			t.Fatal(show(ds))
		}
		best := 1e9
		for range 3 {
			begin := cpu()
			var list diag.List
			dslwrite.Write(p, list.Report)
			best = min(best, cpu()-begin)
		}
		return best
	}
	small, large := measure(1000), measure(10_000)
	t.Logf("1,000 tasks in %.3f s, 10,000 in %.3f s of processor time", small, large)
	if large > 1 && large > 40*small {
		t.Errorf("10,000 tasks took %.3f s, 1,000 %.3f s", large, small)
	}
}
