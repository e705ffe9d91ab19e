// Package compilertest makes pipelines of any size, for benchmarks and tests:
// container tasks in layers of ten, each with two inputs from the layer before.
package compilertest

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// width is the number of tasks in a layer.
const width = 10

// producers are the two tasks of the layer before that task i reads, both
// negative in the first layer.
func producers(i int) (a, b int) {
	base := i - i%width - width
	if base < 0 {
		return -1, -1
	}
	return base + i%width, base + (i+3)%width
}

func taskName(i int) string { return "task-" + strconv.Itoa(i) }

// DSL is a pipeline of n container tasks in our own language. All tasks share
// one component.
func DSL(n int) []byte {
	var b bytes.Buffer
	WriteDSL(&b, n)
	return b.Bytes()
}

// WriteDSL writes what DSL gives. Errors of w are its owner's to notice.
func WriteDSL(b io.Writer, n int) {
	io.WriteString(b, `pipeline: bench
components:
  step:
    image: python:3.11
    inputs: {left: string, right: string}
    outputs: {out: string}
    command: [sh, -ec, 'echo "$1$2" > "$3"', step]
    args: ["${{ inputs.left }}", "${{ inputs.right }}", "${{ outputs.out.path }}"]
tasks:
`)
	for i := range n {
		left, right := "a", "b"
		if x, y := producers(i); x >= 0 {
			left = `"${{ tasks.` + taskName(x) + `.outputs.out }}"`
			right = `"${{ tasks.` + taskName(y) + `.outputs.out }}"`
		}
		fmt.Fprintf(b, "  %s:\n    component: step\n    inputs:\n      left: %s\n      right: %s\n", taskName(i), left, right)
	}
}

// KFP is the same pipeline as KFP's SDK writes it. With own each task has a
// component and an executor of its own, as for tasks from different functions;
// else all share one.
func KFP(n int, own bool) []byte {
	var b bytes.Buffer
	WriteKFP(&b, n, own)
	return b.Bytes()
}

// WriteKFP writes what KFP gives. Errors of w are its owner's to notice.
func WriteKFP(b io.Writer, n int, own bool) {
	io.WriteString(b, "components:\n")
	each := 1
	if own {
		each = n
	}
	for i := range each {
		fmt.Fprintf(b, `  comp-%[1]s:
    executorLabel: exec-%[1]s
    inputDefinitions:
      parameters:
        left:
          parameterType: STRING
        right:
          parameterType: STRING
    outputDefinitions:
      parameters:
        out:
          parameterType: STRING
`, componentName(i))
	}
	io.WriteString(b, "deploymentSpec:\n  executors:\n")
	for i := range each {
		fmt.Fprintf(b, `    exec-%s:
      container:
        args:
        - '{{$.inputs.parameters[''left'']}}'
        - '{{$.inputs.parameters[''right'']}}'
        - '{{$.outputs.parameters[''out''].output_file}}'
        command:
        - sh
        - -ec
        - mkdir -p "$(dirname "$2")"; echo "$0$1" > "$2"
        image: python:3.11
`, componentName(i))
	}
	io.WriteString(b, "pipelineInfo:\n  name: bench\nroot:\n  dag:\n    tasks:\n")
	for i := range n {
		kfpTask(b, i, own)
	}
	io.WriteString(b, "schemaVersion: 2.1.0\nsdkVersion: kfp-2.13.0\n")
}

func componentName(i int) string {
	if i == 0 {
		return "step"
	}
	return "step-" + strconv.Itoa(i+1)
}

func kfpTask(b io.Writer, i int, own bool) {
	component := 0
	if own {
		component = i
	}
	fmt.Fprintf(b, "      %s:\n        cachingOptions:\n          enableCache: true\n        componentRef:\n          name: comp-%s\n", taskName(i), componentName(component))
	x, y := producers(i)
	if x >= 0 {
		fmt.Fprintf(b, "        dependentTasks:\n        - %s\n        - %s\n", taskName(x), taskName(y))
	}
	io.WriteString(b, "        inputs:\n          parameters:\n")
	for k, from := range [...]int{x, y} {
		name := [...]string{"left", "right"}[k]
		if from < 0 {
			fmt.Fprintf(b, "            %s:\n              runtimeValue:\n                constant: %s\n", name, name)
			continue
		}
		fmt.Fprintf(b, "            %s:\n              taskOutputParameter:\n                outputParameterKey: out\n                producerTask: %s\n", name, taskName(from))
	}
	fmt.Fprintf(b, "        taskInfo:\n          name: %s\n", taskName(i))
}
