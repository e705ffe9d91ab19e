// Package verify asks Argo itself: its own validator, run here over a manifest
// as `kfp-go` prints it. It is a second opinion, behind our own checks, and as
// slow as the controller is on large DAG templates.
package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/validate"
	"github.com/sirupsen/logrus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// Codes are the manual pages of this package's findings.
var Codes = []diag.CodeInfo{
	{Code: "A690", Title: "Argo refuses the manifest", Doc: "Argo's own validator, as its controller runs it on every new Workflow, does not accept the manifest. Where the pipeline passed all checks of kfp-go and uses no `argo:` patch, this is a mistake of kfp-go: please report it."},
	{Code: "A691", Title: "Argo's validator gave up", Doc: "The validator did not finish: it stopped unexpectedly, or the time was up. Nothing is said about the manifest. `--argo-check=never` leaves it out."},
}

// EnvSwitch turns expressions off in Argo's libraries, which read it when a
// process begins.
const EnvSwitch = "EXPRESSION_TEMPLATES"

// Check gives what Argo finds wrong with the manifest. The error is for what
// kept it from being judged: the context's end, or an object that is none of
// Argo's.
func Check(ctx context.Context, manifest []byte) ([]diag.Diagnostic, error) {
	if os.Getenv(EnvSwitch) == "false" {
		return nil, errors.New(EnvSwitch + "=false changes what Argo takes for valid: unset it")
	}
	silence()
	object, err := decode(manifest)
	if err != nil {
		return []diag.Diagnostic{finding("A690", err)}, nil
	}
	done := make(chan outcome, 1)
	go func() { done <- judge(ctx, object) }()
	select {
	case o := <-done:
		return o.findings, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the validator of Argo: %w", context.Cause(ctx))
	}
}

type outcome struct {
	findings []diag.Diagnostic
	err      error
}

func finding(code diag.Code, err error) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, Message: "Argo: " + oneLine(err.Error())}
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// silence keeps Argo's libraries from writing to standard error.
var silence = sync.OnceFunc(func() {
	logrus.SetOutput(io.Discard)
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
})

// decode reads one of Argo's objects, strictly.
func decode(manifest []byte) (any, error) {
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal(manifest, &kind); err != nil {
		return nil, err
	}
	var object any
	switch kind.Kind {
	case "Workflow":
		object = &wfv1.Workflow{}
	case "WorkflowTemplate":
		object = &wfv1.WorkflowTemplate{}
	case "ClusterWorkflowTemplate":
		object = &wfv1.ClusterWorkflowTemplate{}
	case "CronWorkflow":
		object = &wfv1.CronWorkflow{}
	default:
		return nil, fmt.Errorf("%q is none of Argo's kinds", kind.Kind)
	}
	return object, yaml.UnmarshalStrict(bytes.TrimSpace(manifest), object)
}

// judge runs the validator, which panics on some input.
func judge(ctx context.Context, object any) (out outcome) {
	defer func() {
		if r := recover(); r != nil {
			out = outcome{findings: []diag.Diagnostic{finding("A691", fmt.Errorf("its validator stopped unexpectedly: %v", r))}}
		}
	}()
	if err := validateObject(ctx, object); err != nil {
		out.findings = []diag.Diagnostic{finding("A690", err)}
	}
	return out
}

func validateObject(ctx context.Context, object any) error {
	var no nothing
	switch o := object.(type) {
	case *wfv1.Workflow:
		// Lint: values of parameters may still be given at submission.
		return validate.ValidateWorkflow(no, noCluster{}, o, nil, validate.ValidateOpts{Lint: true})
	case *wfv1.WorkflowTemplate:
		return validate.ValidateWorkflowTemplate(no, noCluster{}, o, nil, validate.ValidateOpts{Lint: true})
	case *wfv1.ClusterWorkflowTemplate:
		return validate.ValidateClusterWorkflowTemplate(no, noCluster{}, o, nil, validate.ValidateOpts{Lint: true})
	case *wfv1.CronWorkflow:
		return validate.ValidateCronWorkflow(ctx, no, noCluster{}, o, nil)
	}
	return nil
}

// nothing and noCluster know no templates outside of the manifest.
type nothing struct{}

func (nothing) Get(name string) (*wfv1.WorkflowTemplate, error) {
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: "argoproj.io", Resource: "workflowtemplates"}, name)
}

type noCluster struct{}

func (noCluster) Get(name string) (*wfv1.ClusterWorkflowTemplate, error) {
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: "argoproj.io", Resource: "clusterworkflowtemplates"}, name)
}
