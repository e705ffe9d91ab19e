package argo

import (
	"net/http"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kfp-go/kfp-go/backend"
)

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func second(n int) metav1.Time { return metav1.NewTime(nine.Add(time.Duration(n) * time.Second)) }

// retried puts a run whose only task failed once and then succeeded.
func retried(s *server) {
	code := func(s string) *wfv1.Outputs {
		return &wfv1.Outputs{ExitCode: &s, Artifacts: wfv1.Artifacts{{Name: "main-logs", ArtifactLocation: wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: "runs/iris-1/main.log"}}}}}
	}
	s.put(func(wf *wfv1.Workflow) {
		wf.Name, wf.Namespace, wf.UID, wf.Labels = "iris-1", testNamespace, "u1", map[string]string{RunLabel: idA}
		wf.Spec.Templates = []wfv1.Template{{Name: "train", NodeSelector: map[string]string{"nvidia.com/gpu.product": "A100"}, Container: &corev1.Container{Image: "busybox:1",
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{"cpu": resource.MustParse("500m")},
				Limits:   corev1.ResourceList{"memory": resource.MustParse("1Gi"), "nvidia.com/gpu": resource.MustParse("2")}}}}}
		wf.Status.Phase, wf.Status.StartedAt, wf.Status.FinishedAt = wfv1.WorkflowSucceeded, second(0), second(60)
		wf.Status.ArtifactRepositoryRef = &wfv1.ArtifactRepositoryRefStatus{ArtifactRepository: &wfv1.ArtifactRepository{S3: &wfv1.S3ArtifactRepository{
			S3Bucket: wfv1.S3Bucket{Endpoint: "minio:9000", Bucket: "b", AccessKeySecret: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s3"}, Key: "a"},
				SecretKeySecret: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s3"}, Key: "s"}}}}}
		wf.Status.Nodes = wfv1.Nodes{
			"r":  {ID: "r", Name: "iris-1.train", DisplayName: "train", Type: wfv1.NodeTypeRetry, Phase: wfv1.NodeSucceeded, TemplateName: "train", Children: []string{"r0", "r1"}, StartedAt: second(1), FinishedAt: second(50)},
			"r0": {ID: "r0", Name: "iris-1.train(0)", DisplayName: "train(0)", Type: wfv1.NodeTypePod, Phase: wfv1.NodeFailed, TemplateName: "train", Message: "Error (exit code 3)", StartedAt: second(1), FinishedAt: second(20), Outputs: code("3"), HostNodeName: "n1"},
			"r1": {ID: "r1", Name: "iris-1.train(1)", DisplayName: "train(1)", Type: wfv1.NodeTypePod, Phase: wfv1.NodeSucceeded, TemplateName: "train", StartedAt: second(30), FinishedAt: second(50), Outputs: code("0"), HostNodeName: "n2"},
		}
	})
}

// TestAttempts: all that Workflow and pods tell of each attempt is there.
func TestAttempts(t *testing.T) {
	s, r := serve(t)
	retried(s)
	wf := s.present()
	for i, id := range []string{"r0", "r1"} {
		node := wf.Status.Nodes[id]
		s.pods = append(s.pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: podName(wf, &node)}, Status: corev1.PodStatus{
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: second(2 + 30*i)}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "wait"}, {Name: "main", ImageID: "registry/busybox@sha256:abc",
				State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{StartedAt: second(5 + 30*i)}}}},
		}})
	}
	run, err := r.Get(t.Context(), idA)
	if err != nil || len(run.Tasks) != 1 || len(run.Tasks[0].Earlier) != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	last := run.Tasks[0]
	first := last.Earlier[0]
	if first.Attempt != 1 || first.State != backend.Failed || *first.ExitCode != 3 || first.Class != "error" || first.Node != "n1" || first.Message == "" {
		t.Errorf("first attempt: %+v", first)
	}
	if last.Attempt != 2 || last.State != backend.Succeeded || last.Node != "n2" || last.Pod == first.Pod || last.Class != "" {
		t.Errorf("last attempt: %+v", last)
	}
	for i, a := range []*backend.Task{first, last} {
		if a.ImageDigest != "sha256:abc" || !a.Created.Equal(second(1+29*i).Time) || !a.Scheduled.Equal(second(2+30*i).Time) || !a.Started.Equal(second(5+30*i).Time) ||
			!a.Finished.Equal(second(20+30*i).Time) || a.Logs != "s3://b/runs/iris-1/main.log" {
			t.Errorf("facts of attempt %d: %+v", i+1, a)
		}
		want := backend.Resources{CPU: "500m", Memory: "1Gi", Accelerator: "nvidia.com/gpu", AcceleratorCount: 2, Product: "A100"}
		if a.Resources == nil || *a.Resources != want {
			t.Errorf("resources of attempt %d: %+v", i+1, a.Resources)
		}
	}
	if got := run.Stores["s3://b/"]; got["endpoint"] != "minio:9000" || got["access-key-secret"] != "s3/a" {
		t.Errorf("stores: %v", run.Stores)
	}
	if n := s.counts["pods"]; n != 1 {
		t.Errorf("pods were listed %d times", n)
	}
}

// TestPodsOutOfReach: who may not read pods sees the run all the same, and is
// refused once only.
func TestPodsOutOfReach(t *testing.T) {
	s, r := serve(t)
	retried(s)
	s.fault = func(verb string, _ int, w http.ResponseWriter) bool {
		if verb == "pods" {
			fail(w, http.StatusForbidden, metav1.StatusReasonForbidden)
		}
		return verb == "pods"
	}
	var last *backend.Run
	for e, err := range r.Watch(t.Context(), idA) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Run != nil {
			last = e.Run
		}
	}
	if last == nil || last.State != backend.Succeeded || last.Tasks[0].Started.IsZero() || s.counts["pods"] != 1 {
		t.Errorf("%+v after %d requests", last, s.counts["pods"])
	}
}
