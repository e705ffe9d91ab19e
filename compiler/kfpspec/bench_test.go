package kfpspec_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/kfpspec"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// generated writes a pipeline of n container tasks in layers of ten, each with
// two inputs from the layer before, laid out as the SDK does: every task with
// its component and executor, or all with one.
func generated(n int, shared bool) []byte {
	var comps, execs, tasks strings.Builder
	kinds := n
	if shared {
		kinds = 1
	}
	for i := range kinds {
		fmt.Fprintf(&comps, `  comp-step-%[1]d:
    executorLabel: exec-step-%[1]d
    inputDefinitions:
      parameters:
        left:
          defaultValue: 0.0
          isOptional: true
          parameterType: NUMBER_INTEGER
        right:
          defaultValue: 0.0
          isOptional: true
          parameterType: NUMBER_INTEGER
    outputDefinitions:
      parameters:
        sum:
          parameterType: NUMBER_INTEGER
`, i)
		fmt.Fprintf(&execs, `    exec-step-%d:
      container:
        args:
        - "set -e\necho $0 $1 %[1]d > \"$2\"\n\nmkdir -p $(dirname \"$2\")\n if [ \"$0\" = \"\
          $1\" ]; then\n  echo same\nfi\n"
        - '{{$.inputs.parameters[''left'']}}'
        - '{{$.inputs.parameters[''right'']}}'
        - '{{$.outputs.parameters[''sum''].output_file}}'
        command:
        - sh
        - -c
        image: python:3.11
`, i)
	}
	for i := range n {
		c := i
		if shared {
			c = 0
		}
		fmt.Fprintf(&tasks, `      step-%d:
        cachingOptions:
          enableCache: true
        componentRef:
          name: comp-step-%d
`, i, c)
		if i >= 10 {
			up := (i/10 - 1) * 10
			a, b := up+i%10, up+(i+1)%10
			fmt.Fprintf(&tasks, `        dependentTasks:
        - step-%[1]d
        - step-%[2]d
        inputs:
          parameters:
            left:
              taskOutputParameter:
                outputParameterKey: sum
                producerTask: step-%[1]d
            right:
              taskOutputParameter:
                outputParameterKey: sum
                producerTask: step-%[2]d
`, a, b)
		}
		fmt.Fprintf(&tasks, `        taskInfo:
          name: step-%d
`, i)
	}
	return []byte("# PIPELINE DEFINITION\n# Name: big\ncomponents:\n" + comps.String() + "deploymentSpec:\n  executors:\n" + execs.String() +
		"pipelineInfo:\n  name: big\nroot:\n  dag:\n    tasks:\n" + tasks.String() + "schemaVersion: 2.1.0\nsdkVersion: kfp-2.13.0\n")
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

func BenchmarkParse(b *testing.B) {
	for _, shared := range []bool{false, true} {
		for _, n := range []int{1000, 10000} {
			text := generated(n, shared)
			b.Run(fmt.Sprintf("%d,shared=%v", n, shared), func(b *testing.B) {
				b.ReportAllocs()
				begin := cpu()
				for b.Loop() {
					var l diag.List
					f := source.NewFile("x.yaml", text)
					docs := tree.Parse(f, l.Report)
					p := kfpspec.Parse(f, docs, l.Report)
					if l.Len() > 0 || len(p.Root.DAG().Tasks) != n {
						b.Fatal(words(l.Sorted()))
					}
				}
				b.ReportMetric(float64(len(text))/1e6, "MB-text")
				b.ReportMetric(1000*(cpu()-begin)/float64(b.N), "cpu-ms/op")
			})
			b.Run(fmt.Sprintf("%d,shared=%v,tree only", n, shared), func(b *testing.B) {
				b.ReportAllocs()
				begin := cpu()
				for b.Loop() {
					var l diag.List
					if tree.Parse(source.NewFile("x.yaml", text), l.Report) == nil {
						b.Fatal(words(l.Sorted()))
					}
				}
				b.ReportMetric(1000*(cpu()-begin)/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
