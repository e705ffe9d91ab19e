//go:build e2e

package e2ecorpus

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	write = flag.Bool("write", false, "write docs/corpus.md again")
	limit = flag.Duration("limit", 5*time.Minute, "time for each run")
	atOne = flag.Int("at-once", 6, "runs at one time")
)

// Each pipeline of the corpus that can run on the cluster ends there as KFP's
// tests expect, with the values of its source, of the oracle and of this
// machine.
func TestCorpusOnCluster(t *testing.T) {
	dir := corpusRoot(t)
	needSDK(t)
	k := connect(t)
	k.prepare(t)
	room := make(chan struct{}, *atOne)
	machine := make(chan struct{}, 1)
	result := newResults()
	t.Run("all", func(t *testing.T) {
		for _, c := range all() {
			if c.notThere != "" {
				continue
			}
			t.Run(c.key(), func(t *testing.T) {
				t.Parallel()
				room <- struct{}{}
				defer func() { <-room }()
				k.run(t, dir, c, machine, result)
			})
		}
	})
	document(t, result)
}

// run tries one pipeline: there, and meanwhile here and with the oracle.
func (k *cluster) run(t *testing.T, dir string, c *pipeline, machine chan struct{}, result *results) {
	t.Helper()
	k.claims(t, c)
	args := append([]string{"submit", c.path(dir), "--wait"}, flags(c.arguments(t))...)
	there := make(chan run, 1)
	go func() {
		defer close(there)
		there <- program(t, *limit, nil, args...)
	}()
	var local run
	var o *opinion
	func() {
		machine <- struct{}{}
		defer func() { <-machine }()
		if c.notHere == "" {
			local = here(t, dir, c)
		}
		if c.oracle == "" {
			o = ask(t, dir, c)
		}
	}()
	r, ok := <-there
	if !ok {
		t.FailNow() // program has said why
	}
	defer k.remove(t, r.Name)
	read := k.read
	c.judge(t, r, onCluster, read)
	o.compare(t, c, r, read)
	if c.notHere == "" && c.end(onMachine) == c.end(onCluster) {
		agree(t, c, local, r, read)
	}
	result.add(c, row(c, r, o), !t.Failed())
}

// A cluster is the one that KUBECONFIG names.
type cluster struct {
	kubernetes.Interface
	argo      versioned.Interface
	namespace string
}

func connect(t *testing.T) *cluster {
	t.Helper()
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil)
	cfg, err := loader.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	k := &cluster{}
	if k.namespace, _, err = loader.Namespace(); err != nil {
		t.Fatal(err)
	}
	if k.Interface, err = kubernetes.NewForConfig(cfg); err != nil {
		t.Fatal(err)
	}
	if k.argo, err = versioned.NewForConfig(cfg); err != nil {
		t.Fatal(err)
	}
	return k
}

// prepare makes what KFP's own tests find in their cluster.
func (k *cluster) prepare(t *testing.T) {
	t.Helper()
	for _, s := range secrets {
		made(t, func(ctx context.Context) error {
			_, err := k.CoreV1().Secrets(k.namespace).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: s.name}, StringData: map[string]string{s.key: s.value}}, metav1.CreateOptions{})
			return err
		})
	}
	k.standardClass(t)
	k.gpus(t)
}

// made makes an object unless it is there.
func made(t *testing.T, create func(context.Context) error) {
	t.Helper()
	if err := create(t.Context()); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// standardClass makes the storage class that the pipelines name, like the
// default one.
func (k *cluster) standardClass(t *testing.T) {
	t.Helper()
	all, err := k.StorageV1().StorageClasses().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range all.Items {
		if class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" && class.Name != "standard" {
			made(t, func(ctx context.Context) error {
				_, err := k.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "standard"},
					Provisioner: class.Provisioner, Parameters: class.Parameters, ReclaimPolicy: class.ReclaimPolicy, VolumeBindingMode: class.VolumeBindingMode}, metav1.CreateOptions{})
				return err
			})
		}
	}
}

// gpus has the node announce GPUs, where the cluster is one that can be told.
func (k *cluster) gpus(t *testing.T) {
	t.Helper()
	tool := setting("KFPGO_TEST_CLUSTER", filepath.Join(root, "..", "shared", "cluster", "cluster"))
	if _, err := os.Stat(tool); err != nil {
		return
	}
	if out, err := exec.Command(tool, "gpus", "4", "NVIDIA-A100-SXM4-80GB").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// claims makes the volume claims that a pipeline takes for granted.
func (k *cluster) claims(t *testing.T, c *pipeline) {
	t.Helper()
	for _, name := range c.claims {
		made(t, func(ctx context.Context) error {
			_, err := k.CoreV1().PersistentVolumeClaims(k.namespace).Create(ctx, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name},
				Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")}}}}, metav1.CreateOptions{})
			return err
		})
		t.Cleanup(func() {
			_ = k.CoreV1().PersistentVolumeClaims(k.namespace).Delete(context.Background(), name, metav1.DeleteOptions{})
		})
	}
}

// remove deletes the Workflow of a run that was as it should be.
func (k *cluster) remove(t *testing.T, name string) {
	t.Helper()
	if t.Failed() {
		t.Logf("the Workflow %s is kept", name)
		return
	}
	if err := k.argo.ArgoprojV1alpha1().Workflows(k.namespace).Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
		t.Errorf("deleting the Workflow: %v", err)
	}
}

// read gives the text of an artifact in the cluster's repository.
func (k *cluster) read(t *testing.T, uri string) string {
	t.Helper()
	path, ok := strings.CutPrefix(uri, "s3:/")
	if !ok {
		return ""
	}
	text, err := getObject(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// results are the rows of the table that is kept.
type results struct {
	mu   sync.Mutex
	rows map[string]string // by key of the pipeline
	good bool
}

func newResults() *results { return &results{rows: map[string]string{}, good: true} }

func (r *results) add(c *pipeline, row string, good bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[c.key()] = row
	r.good = r.good && good
}

// row is the line of one pipeline: only what every run of it has in common.
func row(c *pipeline, r run, o *opinion) string {
	pods := 0
	for _, x := range r.Tasks {
		if x.Pod != "" {
			pods++
		}
	}
	count := strconv.Itoa(pods)
	if c.random && len(r.Tasks) > 1 {
		count = "varies"
	}
	var against []string
	if o.able() {
		against = append(against, "oracle")
	}
	if len(c.values)+len(c.texts)+len(c.metadata)+len(c.says)+len(c.order)+len(c.states) > 0 || c.check != nil {
		against = append(against, "by hand")
	}
	if c.notHere == "" && !c.random {
		against = append(against, "`run`")
	}
	note := ""
	if c.oracle != "" {
		note = "The oracle: " + c.oracle + "."
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", c.name(), expectation(c), r.State, count, strings.Join(against, ", "), note)
}

// expectation says what KFP's own tests want of a file.
func expectation(c *pipeline) string {
	switch folder, _, _ := strings.Cut(c.file, "/"); folder {
	case "critical", "essential", "parallel_and_nested":
		return "succeeds"
	case "failing":
		return "fails"
	}
	return "–"
}

// document prints the table and compares it with the one that is kept, whose
// rows stand for pipelines that were not asked for.
func document(t *testing.T, result *results) {
	t.Helper()
	file := filepath.Join(root, "docs", "corpus.md")
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(kept), "\n") {
		for _, c := range all() {
			if strings.HasPrefix(line, "| "+c.name()+" |") && strings.Count(line, "|") == columns+1 && result.rows[c.key()] == "" && c.notThere == "" {
				result.rows[c.key()] = line
			}
		}
	}
	text := page(result)
	fmt.Println(text)
	if *write && result.good {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !t.Failed() && string(kept) != text {
		t.Errorf("docs/corpus.md is not up to date: run the test with -write and read the difference")
	}
}

// columns of the table.
const columns = 6

func page(result *results) string {
	var b strings.Builder
	b.WriteString(intro)
	result.list(&b, table)
	b.WriteString(notRun)
	for _, c := range table {
		if c.notThere == "" {
			continue
		}
		local := "no"
		if c.notHere == "" {
			local = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.name(), c.notThere, local)
	}
	b.WriteString(ours)
	result.list(&b, own)
	return b.String()
}

// list writes the rows of pipelines, by name.
func (r *results) list(b *strings.Builder, of []*pipeline) {
	rows := map[string]string{}
	for _, c := range of {
		if row, ok := r.rows[c.key()]; ok {
			rows[c.name()] = row
		}
	}
	for _, name := range sortedKeys(rows) {
		b.WriteString(rows[name] + "\n")
	}
}

const intro = `# KFP's own test pipelines

` + "`make e2e-corpus`" + ` writes this page. Each pipeline of the corpus is submitted to a real Argo controller and must end in the state that
KFP's own tests want; where they only compile it, in the state that follows from its source. What comes out is held against the KFP SDK's own
local runner (the oracle, which shares no code with kfp-go), against values derived by hand from the pipeline's source, and against
` + "`kfp-go run`" + ` of the same file: states, attempts, parameters, and of artifacts type, metadata and content. Pods counts tasks that ran in one.

## Run on a cluster

| file | KFP's tests | state | pods | checked against | note |
| --- | --- | --- | --- | --- | --- |
`

const notRun = `
## Not run on the cluster

All of them compile, and Argo's validator accepts the manifests (` + "`make corpus`" + `).

| file | why | run by ` + "`kfp-go run`" + ` |
| --- | --- | --- |
`

const ours = `
## Our own

What the corpus at hand has little of, compiled by the KFP SDK from [own.py](../cmd/internal/e2ecorpus/testdata/own.py).

| file | KFP's tests | state | pods | checked against | note |
| --- | --- | --- | --- | --- | --- |
`
