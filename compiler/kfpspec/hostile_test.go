package kfpspec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostile reads files that are made to be slow.
func TestHostile(t *testing.T) {
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const n = 5000
	start := "pipelineInfo: {name: x}\nschemaVersion: 2.1.0\n"
	leaf := "deploymentSpec: {executors: {e: {container: {image: a, command: [a]}}}}\n"
	for name, text := range map[string]string{
		"unknown components": start + "root:\n  dag:\n    tasks:\n" + repeat(n, "      t%[1]d: {componentRef: {name: no%[1]d}}\n") +
			"components:\n" + repeat(n, "  comp-%d: {executorLabel: e}\n") + leaf,
		"exit handlers": start + "root:\n  dag:\n    tasks:\n" +
			repeat(n, "      exit-handler-%[1]d: {componentRef: {name: d}}\n      x%[1]d: {componentRef: {name: c}, dependentTasks: [exit-handler-%[1]d], triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}}\n") +
			"components: {c: {executorLabel: e}, d: {dag: {tasks: {t: {componentRef: {name: c}}}}}}\n" + leaf,
		"fan-in": start + "root:\n  dag:\n    tasks:\n      end:\n        componentRef: {name: c}\n        dependentTasks:\n" + repeat(n, "        - t%d\n") +
			"        inputs:\n          parameters:\n" + repeat(n, "            i%[1]d: {taskOutputParameter: {producerTask: t%[1]d, outputParameterKey: o}}\n") +
			"components: {c: {executorLabel: e}}\n" + leaf,
		"deep components": start + "root: {dag: {tasks: {t: {componentRef: {name: c0}}}}}\ncomponents:\n" + func() string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "  c%d: {dag: {tasks: {t: {componentRef: {name: c%d}}}}}\n", i, i+1)
			}
			return b.String()
		}(),
		"wide outputs": start + "root:\n  dag:\n    tasks: {}\n    outputs:\n      parameters:\n" +
			repeat(n, "        o%d: {valueFromParameter: {producerSubtask: t, outputParameterKey: o}}\n") +
			"  outputDefinitions:\n    parameters:\n" + repeat(n, "      o%d: {parameterType: STRING}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			if p, ds := parse("x.yaml", []byte(text)); p == nil {
				t.Fatal(words(ds))
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}
