package e2e

import "strings"

// The container contract of KFP and the meaning of its values, by small
// pipelines. What is expected was worked out by hand from KFP's rules; the
// cluster and `kfp-go run` must both give it.

type contract struct {
	file    string // in testdata/contract
	args    []string
	state   string // "": succeeded
	outputs map[string]any
	tasks   map[string]string // states of some tasks, here and there
	log     []string          // texts in the cluster's log
	python  bool              // needs the KFP SDK here
}

const (
	bitingText = "wö\"r\\d\n{{=1}} $(HOME)"
	itemsText  = `[1,2.5,"\u003ca\u0026b\u003e",{"a":[true,null],"b":1}]`
)

var contracts = map[string]contract{
	"values": {file: "values", outputs: map[string]any{
		"text": strings.Join([]string{bitingText, "5", "0.1-1000000000000000000000-0.0000001", "true", itemsText, `{"a":{},"z":1}`, "",
			`wö\"r\\d\n{{=1}} $(HOME) [1,2.5,\\\"\\\\u003ca\\\\u0026b\\\\u003e\\\",{\\\"a\\\":[true,null],\\\"b\\\":1}]`,
			"text", `1.5 {"k":1.5,"l":["a"]}`, ""}, "|"),
		"consts": "n=5 w=" + bitingText + ` t=consts|5|[{"k":"x-5","n":1},"[1,2.5,\"\\u003ca\\u0026b\\u003e\",{\"a\":[true,null],\"b\":1}]"]|` +
			`{"deep":[{"w":"5"}],"task":"consts"}|42|true|`,
		"ifs":   `--p|p q|no|thing|ap qcd|{"display_name": "p q", "list": []}|dflt|null|`,
		"only":  "yes there one",
		"bare":  "no command",
		"bites": "{{workflow.name}} {{=1+1}} {{item}} {{{{ $(HOME) $$ ${{x}} v1-2 $(NOPE) {{$.nothing}}",
		"s":     "b\n\n", "i": 7.0, "b": true, "d": 5.0, "l": []any{1.0, 2.0, "x"}, "m": map[string]any{"a": nil, "b": 1.0}, "empty": "",
	}},
	"loops": {file: "loops", outputs: map[string]any{
		"nested": []any{[]any{"r1/1", "r1/2"}, []any{}, []any{`r3/{"a":"\u003c"}`}},
		"shown":  `[["r1/1","r1/2"],[],["r3/{\"a\":\"\\u003c\"}"]] [] [6,8]`,
		"files":  []any{"1", "2", `{"a":"\u003c"}`},
		"count":  3.0,
		"metas":  []any{`/data/u|{"fixed":[1,"vu"],"key-u":"u","run":"imp"}|[1,"vu"]`, `/data/w|{"fixed":[1,"vw"],"key-w":"w","run":"imp"}|[1,"vw"]`},
		"ns":     []any{6.0, 8.0},
		"empty":  []any{},
	}, tasks: map[string]string{"for-loop-1[0]/for-loop-2[2]/condition-1/join": "succeeded"}},
	"absent": {file: "absent", outputs: map[string]any{
		"deep":   "opt absent dflt=fallback num absent art absent",
		"own":    "opt=of the group dflt=fallback num=0 art absent",
		"empty":  "opt= dflt=fallback num absent art absent",
		"chosen": "more: 3+more: 3",
	}},
	"given": {file: "absent", args: []string{"-p", "opt=", "-p", "num=-4", "-p", "which=1"}, outputs: map[string]any{
		"deep":   "opt= dflt= num=-4 art absent",
		"own":    "opt=of the group dflt=fallback num=0 art absent",
		"empty":  "opt= dflt=fallback num=-4 art absent",
		"chosen": "one+one",
	}},
}

// What a task wires beyond what its component declares reaches the program.
func init() {
	contracts["undeclared"] = contract{file: "undeclared", outputs: map[string]any{
		"few":  `"a":1`,
		"more": strings.Join([]string{`"a":1`, `"flag":true`, `"list":[2]`, `"n":7`, `"text":"w=ab"`, `"word":"ab" a file`}, "\n"),
	}}
}

// Our own language: a malformed output fails its own task.
func init() {
	contracts["malformed"] = contract{file: "malformed", state: "failed", tasks: map[string]string{
		"whole": "succeeded", "number": "succeeded", "flag": "succeeded", "list": "succeeded", "struct": "succeeded", "python": "succeeded",
		"bad-whole": "failed", "large-whole": "failed", "bad-number": "failed", "bad-flag": "failed", "bad-list": "failed", "bad-struct": "failed",
		"bad-python": "failed", "large-python": "failed", "unwritten": "failed", "exits": "failed", "reads": "skipped", "reads-list": "skipped"}}
}

// What SDK programs do with artifacts, and what fails.
func init() {
	contracts["artifacts"] = contract{file: "artifacts", python: true,
		args: []string{"-p", `given={"uri": "/somewhere/else", "metadata": {"who": "me"}}`},
		outputs: map[string]any{
			"used": map[string]any{
				"custom":    []any{"custom", map[string]any{"rows": 3.0}, "system.Dataset"},
				"folder":    []any{[]any{"a", "sub"}, "/sub/b", map[string]any{"framework": map[string]any{"name": "none", "versions": []any{1.0, 2.0}}, "kept": 1.0}},
				"meta":      []any{map[string]any{"acc": 0.5}, false},
				"moved":     "moved",
				"external":  []any{"s3://elsewhere/x{{y}}", false},
				"unwritten": false,
				"params":    []any{3.0, []any{1.0, "a", map[string]any{"k": nil}}, `te"xt {{=1}} $(HOME)`, "written\n", 7.0, true},
			},
			"listed": []any{[]any{"value 1", map[string]any{"i": 1.0, "even": false}}, []any{"value 2", map[string]any{"i": 2.0, "even": true}}},
			"text":   "payload of 2",
			"name":   "me /somewhere/else",
			"folder": map[string]any{"type": "system.Model"},
			"files":  []any{map[string]any{"type": "system.Dataset"}, map[string]any{"type": "system.Dataset"}},
		}}
	// An output that is missing, or a number that is none, fails the task that
	// wrote it; a number that a shell wrote, there, the one that reads it. The run
	// fails either way.
	contracts["failing"] = contract{file: "failing", python: true, state: "failed", outputs: map[string]any{},
		tasks: map[string]string{"fail": "failed", "skipped": "skipped", "exit-handler-1/fail": "failed", "after-fail": "succeeded", "after-fine": "succeeded",
			"anyhow": "succeeded", "behind": "succeeded", "text": "succeeded", "literal": "succeeded", "no-literal": "failed", "unwritten": "failed", "reads-unwritten": "skipped",
			"none": "failed", "reads-none": "skipped", "malformed": "failed", "behind-malformed": "skipped"},
		log: []string{"said: 7 x", "said: dflt-a fine", "said: dflt-a dflt-b", `"pipelineTaskName":"exit-handler-1","state":"FAILED"`, `"pipelineTaskName":"exit-handler-2","state":"SUCCEEDED"`},
	}
	contracts["kfp-state"] = contract{file: "failing", python: true, state: "failed", args: []string{"--final-state", "kfp"},
		log: []string{`"pipelineTaskName":"exit-handler-1","state":"FAILED"`, `"pipelineTaskName":"exit-handler-2","state":"COMPLETE"`}}
}
