package argo

import (
	"encoding/json"
	"reflect"
	"testing"

	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	exprlang "github.com/expr-lang/expr"
)

// What a program says of an artifact's metadata replaces it key by key, whatever
// the values are; a URI that it does not say, or says to be empty, stays.
func TestAmended(t *testing.T) {
	const record = `{"name":"o","uri":"s3://b/o","metadata":{"kept":{"a":0},"deep":{"a":1},"zero":1,"no":true,"empty":"x","list":[1]}}`
	for said, want := range map[string]string{
		`null`:                               record,
		`{}`:                                 record,
		`{"uri":""}`:                         record,
		`{"name":"mine"}`:                    record,
		`{"uri":"s3://c/d","metadata":null}`: `{"name":"o","uri":"s3://c/d","metadata":{"kept":{"a":0},"deep":{"a":1},"zero":1,"no":true,"empty":"x","list":[1]}}`,
		`{"metadata":{"deep":{"b":2},"zero":0,"no":false,"empty":"","list":[],"new":null}}`: `{"name":"o","uri":"s3://b/o","metadata":{"kept":{"a":0},"deep":{"b":2},"zero":0,"no":false,"empty":"","list":[],"new":null}}`,
	} {
		env := exprenv.GetFuncMap(map[string]any{"record": record, "said": said})
		text := "toJson(" + amended("fromJSON(record)", "fromJSON(said)") + ")"
		program, err := exprlang.Compile(text, exprlang.Env(env))
		if err != nil {
			t.Fatal(err)
		}
		got, err := exprlang.Run(program, env)
		if err != nil {
			t.Errorf("%s: %v", said, err)
			continue
		}
		var a, b any
		if json.Unmarshal([]byte(got.(string)), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: got %s, want %s", said, got, want)
		}
	}
	empty := exprenv.GetFuncMap(map[string]any{"record": `{"uri":"u","metadata":{}}`, "said": "{}"})
	if got, err := exprlang.Eval("toJson("+amended("fromJSON(record)", "fromJSON(said)")+")", empty); err != nil || got != `{"metadata":{},"uri":"u"}` {
		t.Errorf("%v, %v", got, err)
	}
}
