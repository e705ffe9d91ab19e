//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

func platform(name string) string { return filepath.Join("testdata", "platform", name+".yaml") }

// configMap makes a ConfigMap in the namespace that submit uses.
func configMap(t *testing.T, name string, data map[string]string) {
	t.Helper()
	client, namespace := cluster(t)
	_, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// podOf is the pod of the only task whose path is given.
func podOf(t *testing.T, run, path string) *corev1.Pod {
	t.Helper()
	client, namespace := cluster(t)
	list, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=" + run})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		if list.Items[i].Annotations["kfp-go/task"] == path {
			return &list.Items[i]
		}
	}
	t.Fatalf("run %s has no pod for %s", run, path)
	return nil
}

// TestE2EPlatform: KFP's Kubernetes document on a real cluster, nearly all of
// it in one pod.
func TestE2EPlatform(t *testing.T) {
	secret(t, "e2e-platform", "password", "p$x{{y}}")
	configMap(t, "e2e-platform", map[string]string{"level": "high"})
	configMap(t, "kfp-semaphores", map[string]string{"e2e": "2"})
	clusterGPUs(t)
	t.Run("pod", func(t *testing.T) {
		t.Parallel()
		r, log := there(t, platform("pod"))
		t.Cleanup(func() { deleteWorkflow(t, r.Name) })
		want := strings.Join([]string{"secret p$x{{y}} absent missing", "map high", "files p$x{{y}} high 0 absent", "init before {{y}} 0 beside",
			"shm 2048", "mounts 2 big", "pod ml hello there", "user 1000 1001 0000000000000000 1", ""}, "\n")
		if r.Outputs["said"] != want {
			t.Fatalf("%s, said %q, want %q\n%s", r.State, r.Outputs["said"], want, log)
		}
		spec := podOf(t, r.Name, "all").Spec
		var keys []string
		for _, x := range spec.Tolerations {
			keys = append(keys, x.Key)
		}
		if !slices.Equal(keys[:3], []string{"dedicated", "other", "fixed"}) || *spec.ActiveDeadlineSeconds != 120 || spec.NodeSelector["kubernetes.io/hostname"] != "node1" ||
			!reflect.DeepEqual(spec.ImagePullSecrets, []corev1.LocalObjectReference{{Name: "e2e-platform"}}) ||
			len(spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms) != 1 ||
			len(spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) != 1 {
			t.Errorf("tolerations %v, deadline %v, selector %v, pull secrets %v, affinity %v", keys, *spec.ActiveDeadlineSeconds, spec.NodeSelector, spec.ImagePullSecrets, spec.Affinity)
		}
		for _, c := range spec.Containers {
			if c.Name == "main" && (c.Resources.Limits.Memory().String() != "48Mi" || c.Resources.Requests.Cpu().String() != "10m" || c.ImagePullPolicy != corev1.PullIfNotPresent) {
				t.Errorf("%v %s", c.Resources, c.ImagePullPolicy)
			}
		}
	})
	t.Run("claims", func(t *testing.T) {
		t.Parallel()
		r, log := there(t, platform("claims"))
		t.Cleanup(func() { deleteWorkflow(t, r.Name) })
		name, _ := r.Outputs["name"].(string)
		if r.State != "succeeded" || r.Outputs["said"] != "kept" || !strings.HasPrefix(name, r.Name+"-") || !strings.HasSuffix(name, "-e2e") {
			t.Fatalf("%s %v\n%s", r.State, r.Outputs, log)
		}
		client, namespace := cluster(t)
		c, err := client.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err == nil && c.DeletionTimestamp == nil {
			t.Errorf("claim %s is still there", name)
		}
	})
	t.Run("task config and machine", func(t *testing.T) {
		t.Parallel()
		r, log := agree(t, platform("config"), "succeeded")
		t.Cleanup(func() { deleteWorkflow(t, r.Name) })
		want := map[string]any{"affinity": nil, "env": []any{map[string]any{"name": "PLAIN", "value": "$x {{y}}"}}, "nodeSelector": map[string]any{"nobody": "here"},
			"resources":   map[string]any{"limits": map[string]any{"memory": "1Gi"}, "requests": map[string]any{"cpu": "64"}},
			"tolerations": nil, "volumeMounts": nil, "volumes": nil}
		if !reflect.DeepEqual(r.Outputs["said"], want) {
			t.Errorf("said %v\n%s", r.Outputs["said"], log)
		}
		for _, c := range podOf(t, r.Name, "machine").Spec.Containers {
			if gpus := c.Resources.Limits["nvidia.com/gpu"]; c.Name == "main" && (gpus.Value() != 1 || len(c.Resources.Limits) != 1) {
				t.Errorf("limits %v", c.Resources.Limits)
			}
		}
	})
	t.Run("names that are left out", func(t *testing.T) {
		t.Parallel()
		r, log := there(t, corpus(t, "critical/missing_kubernetes_optional_inputs.yaml"))
		t.Cleanup(func() { deleteWorkflow(t, r.Name) })
		if r.State != "succeeded" {
			t.Errorf("%s\n%s", r.State, log)
		}
	})
	t.Run("pods that must not live", func(t *testing.T) { t.Parallel(); late(t) })
	t.Run("mutex", func(t *testing.T) {
		t.Parallel()
		if n := atOnce(t, `{mutexName: e2e-alone}`, 2); n != 1 {
			t.Errorf("%d runs at once", n)
		}
	})
	t.Run("semaphore", func(t *testing.T) {
		t.Parallel()
		if n := atOnce(t, `{semaphoreKey: e2e}`, 3); n > 2 {
			t.Errorf("%d runs at once", n)
		}
	})
}

// late: a deadline, names that are not there, and the end of the Workflow when
// its time is up.
func late(t *testing.T) {
	cfg, namespace := config(t)
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	workflows := client.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}).Namespace(namespace)
	w, err := workflows.Watch(t.Context(), metav1.ListOptions{LabelSelector: "kfp-go/pipeline=e2e-late"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	r, _ := there(t, platform("late"))
	why := map[string]string{}
	for _, x := range r.Tasks {
		why[x.Path] = x.State + " " + x.Message
	}
	for path, want := range map[string]string{"a": "deadline", "b": "the name of the claim at /data is empty or absent", "c": "the name of a secret is empty"} {
		if !strings.HasPrefix(why[path], "failed") || !strings.Contains(why[path], want) {
			t.Errorf("%s: %q, want %q", path, why[path], want)
		}
	}
	for e := range w.ResultChan() {
		if e.Type == watch.Deleted && strings.Contains(fmt.Sprint(e.Object), r.Name) {
			return
		}
	}
	t.Error("the Workflow was not deleted")
}

// atOnce submits runs at one time and gives the largest number that went on
// at once.
func atOnce(t *testing.T, config string, runs int) int {
	text, err := os.ReadFile(platform("alone"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alone.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "CONFIG", config, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	spans := make([][2]float64, runs)
	var all sync.WaitGroup
	for i := range runs {
		all.Add(1)
		go func() {
			defer all.Done()
			r := kfp(t, filepath.Join(filepath.Dir(file), fmt.Sprint(i)), "submit", file, "--wait", "--output", "json")
			var out run
			if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || out.State != "succeeded" {
				t.Errorf("%v %s %s", err, out.State, r.stderr)
				return
			}
			t.Cleanup(func() { deleteWorkflow(t, out.Name) })
			spans[i][0], _ = out.Outputs["from"].(float64)
			spans[i][1], _ = out.Outputs["to"].(float64)
		}()
	}
	all.Wait()
	most := 0
	for _, a := range spans {
		n := 0
		for _, b := range spans {
			if b[0] <= a[0] && a[0] < b[1] {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// corpus is a file of KFP's own test data.
func corpus(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(root, "..", "shared", "corpus", "kfp", name)
	if _, err := os.Stat(file); err != nil {
		t.Skip("the corpus is not here")
	}
	return file
}
