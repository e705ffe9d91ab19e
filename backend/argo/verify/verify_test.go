package verify

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const good = `apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: x}]}
  templates:
  - name: main
    dag: {tasks: [{name: a, template: c}]}
  - name: c
    container: {image: busybox, command: [echo, "{{workflow.parameters.x}}"]}
`

func TestCheck(t *testing.T) {
	for name, x := range map[string]struct{ manifest, want string }{
		"good":           {good, ""},
		"template":       {strings.Replace(strings.Replace(good, "kind: Workflow", "kind: WorkflowTemplate", 1), "generateName: a-", "name: a", 1), ""},
		"unknown field":  {strings.Replace(good, "entrypoint", "entrypiont", 1), "entrypiont"},
		"missing":        {strings.Replace(good, "template: c", "template: d", 1), "template name 'd' undefined"},
		"bad tag":        {strings.Replace(good, "workflow.parameters.x", "inputs.parameters.nope", 1), "failed to resolve"},
		"other kind":     {"apiVersion: v1\nkind: Pod\n", "none of Argo's kinds"},
		"no YAML":        {"{", "Argo:"},
		"binary":         {"\x00\x01", "Argo:"},
		"cron, no times": {strings.Replace(good, "kind: Workflow", "kind: CronWorkflow", 1), "Argo:"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Check(t.Context(), []byte(x.manifest))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case x.want == "" && len(found) > 0:
				t.Errorf("refused: %v", found)
			case x.want != "" && (len(found) != 1 || !strings.Contains(found[0].Message, x.want)):
				t.Errorf("found %v, want %q", found, x.want)
			}
		})
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	// Either answer is right; what counts is that there is one, and which error.
	if found, err := Check(ctx, []byte(good)); err != nil && !errors.Is(err, gone) || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
}

func TestSwitchedOff(t *testing.T) {
	t.Setenv(EnvSwitch, "false")
	if _, err := Check(t.Context(), []byte(good)); err == nil {
		t.Error("a changed meaning of manifests goes unnoticed")
	}
}
