package dslwrite_test

import (
	"encoding/json"
	"testing"

	"github.com/kfp-go/kfp-go/compiler/dsl/dslwrite"
)

// hostile are texts that YAML, this language or Argo takes for something else.
var hostile = []string{
	"", " ", "a", " a ", "a: b", "a #b", "- a", "#", "true", "No", "null", "~", "1", "1.0", "1e3", "0x1", "-1", "+1", ".5", "2024-01-01", "1:30", "500m",
	"${{ x }}", "$${{ x }}", "$$${{", "a $", "$", "$$", "${{", "}}", "{{x}}", "{{inputs.parameters.x}}", "${x}", "'", `"`, `\`, "it's", `"q"`, `'"`, "\\n",
	"line\nline", "line\n", "line\n\n", "\nline", "\n\nline\n", "\n", "  line\n  line", "\n  line", "line \nline ", "line\r\nline", "\ttab", "tab\tx\nline\t",
	"# a\nb: |\n  c", "---\na", "...\n", "%x", "@x", "`x", "!x", "&x", "*x", "?x", "? x", "[x", "{x", "|", ">", "x:", "x: ", ":", ",", "é", "日本\n語", "\u2028", "\u0085", "\ufeffx", "\u200b", "\x00", "\x1b[0m", "\x7f", "\u00a0x", "a\u00a0#b",
	"${{ 'a' }}", "executor-input", "select(a, 'b')", "{{$.inputs.x}}", "$(a)", "a\u2029b\nc",
}

// TestTexts: what a user's text holds survives byte for byte, wherever it stands.
func TestTexts(t *testing.T) {
	for _, s := range hostile {
		doc := map[string]any{
			"pipelineInfo": map[string]any{"name": "texts", "displayName": s}, "schemaVersion": "2.1.0",
			"root": map[string]any{
				"inputDefinitions": map[string]any{"parameters": map[string]any{
					"p": map[string]any{"parameterType": "STRING", "defaultValue": s, "description": s},
					"q": map[string]any{"parameterType": "STRUCT", "defaultValue": map[string]any{"k": s, "l": []any{s, map[string]any{"x": s}}}},
					"r": map[string]any{"parameterType": "STRING", "literals": []any{s, "x"}, "isOptional": true},
				}},
				"dag": map[string]any{"tasks": map[string]any{"t": map[string]any{
					"taskInfo": map[string]any{"name": s}, "componentRef": map[string]any{"name": "comp-c"},
					"inputs": map[string]any{"parameters": map[string]any{
						"a": map[string]any{"runtimeValue": map[string]any{"constant": s}},
						"b": map[string]any{"runtimeValue": map[string]any{"constant": s + "{{$.inputs.parameters['a']}}" + s}},
						"c": map[string]any{"runtimeValue": map[string]any{"constant": []any{s, map[string]any{"k": s + "{{$.inputs.parameters['e']}}", "l": s}}}},
						"d": map[string]any{"runtimeValue": map[string]any{"constant": map[string]any{"k": s}}},
						"e": map[string]any{"componentInputParameter": "p"},
						"f": map[string]any{"runtimeValue": map[string]any{"constant": "{{$.inputs.parameters['e']}}" + s}},
					}},
				}}},
			},
			"components": map[string]any{"comp-c": map[string]any{
				"executorLabel": "exec-c",
				"inputDefinitions": map[string]any{"parameters": map[string]any{
					"a": map[string]any{"parameterType": "STRING"}, "b": map[string]any{"parameterType": "STRING", "defaultValue": s},
					"c": map[string]any{"parameterType": "LIST"}, "d": map[string]any{"parameterType": "STRUCT"}, "e": map[string]any{"parameterType": "STRING"}, "f": map[string]any{"parameterType": "STRING"},
				}},
				"outputDefinitions": map[string]any{"artifacts": map[string]any{"m": map[string]any{
					"artifactType": map[string]any{"schemaTitle": "system.Model", "schemaVersion": "0.0.1"}, "metadata": map[string]any{"k": s}}}},
			}},
			"deploymentSpec": map[string]any{"executors": map[string]any{"exec-c": map[string]any{"container": map[string]any{
				"image": "busybox:1", "command": []any{"sh", "-c", s, s + "{{$.inputs.parameters['a']}}" + s + "{{$}}" + s},
				"args": []any{s, map[string]any{}, "{{$.outputs.artifacts['m'].path}}" + s}[:1],
				"env":  []any{map[string]any{"name": "E", "value": s}, map[string]any{"name": "F", "value": "{{$.inputs.parameters['a']}}" + s}},
			}}}},
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		p, ds := parse("texts.json", text)
		if p == nil {
			t.Logf("%q is refused: %s", s, show(ds))
			continue
		}
		stable(t, roundTrip(t, p, dslwrite.Write))
		if t.Failed() {
			t.Errorf("with %q", s)
			break
		}
	}
}
