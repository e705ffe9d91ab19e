package e2ecorpus

// own are pipelines of this project, compiled by the KFP SDK from
// testdata/own.py: what the corpus at hand has little of.
var own = []*pipeline{
	{file: "absent.yaml", oracle: "it has no optional inputs without a value", values: map[string]any{
		"middle/inner/show.Output":       "('inner', None, 0.5, True, [1, 'a'], {'k': 1}, None)",
		"middle/inner/show-2.Output":     "('inner', None, 3, False, [], {}, None)",
		"middle/inner-2/show.Output":     "('given', None, 0.5, True, [1, 'a'], {'k': 1}, None)",
		"middle-2/inner/show.Output":     "('inner', 4, 0.5, True, [1, 'a'], {'k': 1}, None)",
		"middle-2/inner-2/show-2.Output": "('given', None, 3, False, [], {}, None)"}},
	{file: "absent.yaml", with: "x and n", args: map[string]any{"x": "{{x}}", "n": 0}, oracle: "as above", values: map[string]any{
		"middle/inner/show.Output":   "('inner', None, 0.5, True, [1, 'a'], {'k': 1}, None)",
		"middle-2/inner/show.Output": "('inner', 0, 0.5, True, [1, 'a'], {'k': 1}, '{{x}}')"}},
	{file: "artifact-lists.yaml", oracle: "it has no lists of artifacts as inputs of pipelines",
		values: map[string]any{".all": "returned p,returned q,returned r", ".last": "vv1none", "for-loop-1[1]/read.Output": "returned q None",
			"several.n": 3, "several.d": map[string]any{"a": []any{1, map[string]any{"b": nil}}}, "read-all.Output": ""},
		texts:    map[string]any{".data": []any{"returned p", "returned q", "returned r"}, "several.two": "v"},
		metadata: map[string]any{"make-list/for-loop-1[2]/returned.Output": map[string]any{"value": "r"}, "several.one": map[string]any{"which": 1}}},
	{file: "containers.yaml", values: map[string]any{".n": 5, ".one": "<word=w \"q\" $(X) {{y}};.>\n<false>\n<--maybe>\n<[m]>\n<in w \"q\" $(X) {{y}} text>\n",
		".two": "<word=other;.>\n<true>\n<--none>\n<in other text>\n"}},
	{file: "exit-handlers.yaml", state: "failed",
		states: map[string]string{"exit-handler-2/fail": "failed", "exit-handler-2/text-2": "succeeded", "show-status": "succeeded", "show-status-2": "succeeded", "text-3": "succeeded"},
		values: map[string]any{"show-status.Output": "SUCCEEDED exit-handler-1", "show-status-2.Output": "FAILED exit-handler-2", "exit-handler-3/for-loop-5[1]/text-4.Output": "b"},
		order:  [][2]string{{"exit-handler-1", "show-status"}, {"exit-handler-2", "show-status-2"}, {"exit-handler-3", "text-3"}}},
	{file: "ignoring.yaml", state: "failed", oracle: "it has no outputs of failed tasks",
		states: map[string]string{"fail": "failed", "text": "succeeded", "text-2": "skipped", "tolerant": "succeeded", "tolerant-2": "succeeded"},
		values: map[string]any{"tolerant.Output": "('own', 1)", "tolerant-2.Output": "('good', 2)"}},
	{file: "importers.yaml", args: map[string]any{"key": "a key"}, oracle: "it gives 1 in metadata as 1.0", values: map[string]any{
		"look.Output": "https://example.com/x [('a', 1), ('list', ['x', 'a key'])]", "look-2.Output": "/etc/made [('a key', 'pre-a key')]"}},
	{file: "loops-over-keys.yaml", oracle: "it fails on keys of items in nested loops", values: map[string]any{
		".Output": []any{"row", "row"}, "for-loop-1[1]/condition-2/text.Output": `2 and 20, "2" {{x}}`, "for-loop-1[0]/number.Output": 1,
		"for-loop-3[0]/for-loop-4[1]/text-2.Output": "b", "for-loop-3[1]/for-loop-4[0]/text-2.Output": "c"},
		order: [][2]string{{"for-loop-1[0]", "for-loop-1[1]"}}},
	{file: "one-of.yaml", oracle: "it has no one-of artifacts", values: map[string]any{".said": "second, high", ".read": "from b 6"}, texts: map[string]any{".data": "from b"},
		metadata: map[string]any{".data": map[string]any{"length": 6, "nested": map[string]any{"a": []any{1, 2.5, nil, true}}}}},
	{file: "one-of.yaml", with: "kind=a", args: map[string]any{"kind": "a"}, oracle: "as above", values: map[string]any{".said": "first", ".read": "from a 6"}, texts: map[string]any{".data": "from a"}},
	{file: "one-of.yaml", with: "kind=b", args: map[string]any{"kind": "b"}, oracle: "as above", values: map[string]any{".said": "second, low", ".read": "from b 6"}, texts: map[string]any{".data": "from b"}},
	{file: "retries.yaml", state: "failed", states: map[string]string{"unsteady": "failed", "shaky/unsteady": "failed"}, check: attempts},
	{file: "types.yaml", values: map[string]any{".Output": `-3|5|false|a "b" {{c}} $(d) é|[1,2.5,"x",true,[],{}]|{"a":{"\u003cb\u003e":"\u0026"},"z":1}`,
		"typed-2.i": -3, "typed-2.f": 5, "typed-2.b": false, "typed-2.d": map[string]any{"z": 1, "a": map[string]any{"<b>": "&"}}}, oracle: "it writes 5.0 into texts where KFP writes 5, and JSON with blanks and unsorted"},
}
