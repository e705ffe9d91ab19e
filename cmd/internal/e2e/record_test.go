//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What the record says of a run; the rest of the document is looked at by the
// tests of the commands.
type recorded struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	State      string         `json:"state"`
	UID        string         `json:"uid"`
	Workflow   string         `json:"workflow"`
	Parameters map[string]any `json:"parameters"`
	Tasks      []recordedTask `json:"tasks"`
}

type recordedTask struct {
	Path, State, Pod, Node, Image, ImageDigest, Class, Logs string
	Attempt                                                 int
	ExitCode                                                *int
	Resources                                               map[string]any
	Created, Scheduled, Started, Finished                   time.Time
	Inputs, Outputs                                         map[string]any
	Earlier                                                 []recordedTask
}

const recordPipeline = "testdata/record.yaml"

// begin submits the pipeline and does not wait.
func begin(t *testing.T, meta string) string {
	t.Helper()
	r := kfp(t, meta, "submit", recordPipeline, "-p", "token=e2e-record/token")
	if r.exit != 0 {
		t.Fatalf("submit: %s", r.stderr)
	}
	name := strings.TrimSpace(r.stdout)
	t.Cleanup(func() { deleteWorkflow(t, name) })
	return name
}

// completed waits until the cluster says that the Workflow is over.
func completed(t *testing.T, name string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "kubectl", "wait", "--for=condition=Completed", "--timeout=300s", "workflow/"+name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// vanish deletes the Workflow and its pods.
func vanish(t *testing.T, name string) {
	t.Helper()
	deleteWorkflow(t, name)
	client, namespace := cluster(t)
	pods := client.CoreV1().Pods(namespace)
	mine := metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=" + name}
	if err := pods.DeleteCollection(t.Context(), metav1.DeleteOptions{}, mine); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, meta, run string) recorded {
	t.Helper()
	r := kfp(t, meta, "runs", "get", run, "-o", "json")
	var out recorded
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
	}
	return out
}

// whole says what the record of a finished run lacks.
func whole(t *testing.T, r recorded) {
	t.Helper()
	if r.State != "failed" || r.UID == "" || r.Workflow == "" || len(r.Tasks) != 3 {
		t.Fatalf("%+v", r)
	}
	if redacted, ok := r.Parameters["token"].(map[string]any); !ok || redacted["redacted"] != true {
		t.Errorf("the secret parameter is recorded as %v", r.Parameters["token"])
	}
	count, fail, mk := r.Tasks[0], r.Tasks[1], r.Tasks[2]
	if fail.Attempt != 2 || len(fail.Earlier) != 1 || fail.Class != "error" || fail.Earlier[0].Pod == fail.Pod {
		t.Errorf("the task that failed twice: %+v", fail)
	}
	if mk.Resources["cpu"] != "10m" || mk.Outputs["data"] == nil || count.Outputs["total"] != 3.0 {
		t.Errorf("make %+v, count %+v", mk, count)
	}
	for _, a := range append([]recordedTask{count, fail, mk}, fail.Earlier...) {
		if a.Pod == "" || a.Node == "" || a.ExitCode == nil || !strings.HasPrefix(a.ImageDigest, "sha256:") || !strings.HasPrefix(a.Logs, "s3://") {
			t.Errorf("%s, attempt %d: %+v", a.Path, a.Attempt, a)
		}
		if a.Scheduled.Before(a.Created) || a.Started.Before(a.Scheduled) || a.Finished.Before(a.Started) || a.Created.IsZero() {
			t.Errorf("%s, attempt %d: created %v, scheduled %v, started %v, finished %v", a.Path, a.Attempt, a.Created, a.Scheduled, a.Started, a.Finished)
		}
	}
}

// TestE2ERecordOutlives: of a run that was submitted without waiting, whose pods
// and Workflow are deleted once it was synced, all is still known, its logs
// included, also without any cluster; in a folder and in a bucket.
func TestE2ERecordOutlives(t *testing.T) {
	s := clusterS3(t)
	secret(t, "e2e-record", "token", "t0p-s3cret-of-the-record")
	bucket := fmt.Sprintf("s3://kfp/meta-%d?endpoint=%s&use_path_style=true&region=us-east-1&request_checksum_calculation=when_required&response_checksum_validation=when_required",
		time.Now().UnixNano(), s.endpoint)
	for where, meta := range map[string]string{"folder": t.TempDir(), "bucket": bucket} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			name := begin(t, meta)
			if r := get(t, meta, name); r.State != "submitted" {
				t.Errorf("before the first sync: %s", r.State)
			}
			completed(t, name)
			if r := kfp(t, meta, "runs", "sync"); r.exit != 0 || !strings.Contains(r.stdout, name+" failed (was submitted)") {
				t.Fatalf("sync: %+v", r)
			}
			vanish(t, name)
			before := get(t, meta, name)
			whole(t, before)
			// Syncing what is gone changes nothing.
			if r := kfp(t, meta, "runs", "sync", name); r.exit != 0 || r.stdout != "" {
				t.Errorf("second sync: %+v", r)
			}
			if r := kfp(t, meta, "lineage", name); r.exit != 0 || !strings.Contains(r.stdout, "make succeeded") || !strings.Contains(r.stdout, "data s3://kfp/") {
				t.Errorf("lineage: %+v", r)
			}
			for _, extra := range [][]string{nil, {"--kubeconfig", filepath.Join(t.TempDir(), "none")}} {
				r := kfp(t, meta, append([]string{"logs", name}, extra...)...)
				if r.exit != 0 || strings.Count(r.stdout, "[fail] this fails\n") != 2 || !strings.Contains(r.stdout, "[make] made 3 rows\n") || !strings.Contains(r.stdout, "[count] trying on ") {
					t.Errorf("logs %v: %+v", extra, r)
				}
				if r := kfp(t, meta, append([]string{"logs", name, "make"}, extra...)...); r.stdout != "made 3 rows\n" {
					t.Errorf("logs of one task: %+v", r)
				}
			}
			if strings.HasPrefix(meta, "s3://") {
				return
			}
			if found, err := exec.Command("grep", "-rl", "t0p-s3cret", meta).Output(); err == nil {
				t.Errorf("the secret's value is in %s", found)
			}
		})
	}
}

// TestE2ESyncOfOthers: a run that somebody else submitted is recorded from the
// cluster, under the same id, with all its attempts; a Workflow without our
// label too.
func TestE2ESyncOfOthers(t *testing.T) {
	secret(t, "e2e-record", "token", "t0p-s3cret-of-the-record")
	theirs, mine := t.TempDir(), t.TempDir()
	name := begin(t, theirs)
	id := get(t, theirs, name).ID
	foreign := "e2e-foreign-" + id[len(id)-6:]
	manifest := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":%q,"labels":{"e2e-foreign":%q}},
		"spec":{"entrypoint":"main","templates":[{"name":"main","container":{"image":"busybox:1","command":["echo","from elsewhere"]}}]}}`, foreign, id)
	create := exec.CommandContext(t.Context(), "kubectl", "create", "-f", "-")
	create.Stdin = strings.NewReader(manifest)
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { deleteWorkflow(t, foreign) })
	completed(t, name)
	completed(t, foreign)
	for range 2 {
		if r := kfp(t, mine, "runs", "sync", "-l", "kfp-go/run="+id); r.exit != 0 {
			t.Fatalf("sync: %+v", r)
		}
		if r := kfp(t, mine, "runs", "sync", "-l", "e2e-foreign="+id); r.exit != 0 {
			t.Fatalf("sync of a Workflow of others: %+v", r)
		}
	}
	r := get(t, mine, name)
	if r.ID != id {
		t.Errorf("the run has the id %s here and %s there", r.ID, id)
	}
	r.Parameters["token"] = map[string]any{"redacted": true} // only who has the pipeline knows that it is secret
	whole(t, r)
	other := get(t, mine, foreign)
	if other.State != "succeeded" || len(other.Tasks) != 1 || other.Tasks[0].Pod == "" {
		t.Errorf("%+v", other)
	}
	if r := kfp(t, mine, "logs", foreign); !strings.Contains(r.stdout, "from elsewhere") {
		t.Errorf("logs: %+v", r)
	}
	vanish(t, foreign)
	if r := kfp(t, mine, "logs", foreign); !strings.Contains(r.stdout, "from elsewhere") {
		t.Errorf("logs of what is gone: %+v", r)
	}
}

// TestE2EKilledSubmit: whenever submit dies, the record is completed later: by
// the label of a Workflow that it had made, or as lost when it had made none.
func TestE2EKilledSubmit(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "kfp-go")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "disable_grpc_modules failpoints", "-o", bin, "./cmd/kfp-go")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	secret(t, "e2e-record", "token", "t0p-s3cret-of-the-record")
	for name, tt := range map[string]struct {
		fail, want string
	}{
		"before the Workflow": {"record.append.after.1:kill", "lost"},
		"after the Workflow":  {"record.append.before.2:kill", "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			meta := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, bin, "submit", recordPipeline, "-p", "token=e2e-record/token")
			cmd.Env = append(os.Environ(), "KFPGO_METADATA="+meta, "KFPGO_FAIL="+tt.fail)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("submit was not killed: %v\n%s", err, out.String())
			}
			planned := get(t, meta, "@last")
			if planned.State != "planned" || planned.UID != "" {
				t.Fatalf("%+v", planned)
			}
			if r := kfp(t, meta, "runs", "sync"); tt.want == "lost" && !strings.Contains(r.stderr, "may still come") {
				t.Errorf("within the time of grace: %+v", r)
			}
			if tt.want != "lost" {
				t.Cleanup(func() { deleteWorkflow(t, planned.Name) })
				completed(t, planned.Name)
			}
			if r := kfp(t, meta, "runs", "sync", "--grace", "0s"); r.exit != 0 {
				t.Errorf("sync: %+v", r)
			}
			got := get(t, meta, planned.ID)
			if got.State != tt.want {
				t.Errorf("%s, want %s", got.State, tt.want)
			}
			if tt.want != "lost" {
				whole(t, got)
			}
		})
	}
}

// TestE2EStopAndWatch: a run is stopped and watched by others than who submitted
// it.
func TestE2EStopAndWatch(t *testing.T) {
	meta := t.TempDir()
	file := filepath.Join(t.TempDir(), "pipeline.yaml")
	write(t, file, []byte(`
pipeline: stop
components: {sleep: {image: "busybox:1", script: "sleep 600"}, say: {image: "busybox:1", script: "echo still said"}}
tasks: {sleep: {component: sleep}}
finally: {say: {component: say}}
`))
	r := kfp(t, meta, "submit", file)
	name := strings.TrimSpace(r.stdout)
	t.Cleanup(func() { deleteWorkflow(t, name) })
	if r := kfp(t, meta, "runs", "stop", name); r.exit != 0 || !strings.Contains(r.stderr, "is told to stop") {
		t.Fatalf("%+v", r)
	}
	if r := kfp(t, meta, "runs", "watch", name, "--plain"); r.exit != 1 || !strings.Contains(r.stdout, "stopped") {
		t.Errorf("%+v", r)
	}
	if got := get(t, meta, name); got.State != "stopped" {
		t.Errorf("%+v", got)
	}
	if r := kfp(t, meta, "logs", name, "-f"); !strings.Contains(r.stdout, "[say] still said") {
		t.Errorf("%+v", r)
	}
}
