// Package argo runs pipelines in a cluster, as Argo Workflows. Its idea: the
// Workflow is the run. Its label carries the run's id, its name is fixed before
// it is created, and all that is known of the run is read from its status; so
// nothing is lost when a connection, or this process, dies.
package argo

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	wfclient "github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned/typed/workflow/v1alpha1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// Options say which cluster. The zero Options are those of kubectl.
type Options struct {
	Kubeconfig string // a file, "": KUBECONFIG, else the user's, else the pod's own account
	Context    string // "": the current one
	Namespace  string // "": the context's
	UserAgent  string // "": kfp-go
	// Patience is how long an unreachable cluster is tried again before
	// following a run ends with ErrUnavailable; zero: five minutes.
	Patience time.Duration
	// Server is Argo's own, for what only it can read.
	Server ServerOptions
	// Archive, if set, opens archived logs by their URIs; stores are those that
	// the Workflow names.
	Archive func(ctx context.Context, uri string, stores store.Table) (io.ReadCloser, error)
	// Notice, if set, is told what delays a request, in a few words.
	Notice func(string)
}

// A Runner is a backend.Runner on one namespace of a cluster.
type Runner struct {
	workflows wfclient.WorkflowInterface
	pods      corev1.PodInterface
	secrets   corev1.SecretInterface
	server    *argoServer // nil: none
	archive   func(ctx context.Context, uri string, stores store.Table) (io.ReadCloser, error)
	namespace string
	host      string
	patience  time.Duration
	// createTime bounds one try of a creation; tests are in more of a hurry.
	createTime time.Duration
	notice     func(string)
	sleep      func(context.Context, time.Duration) error

	mu    sync.Mutex
	known map[backend.RunID]workflowRef
}

var _ backend.Runner = (*Runner)(nil)

// Rates at which the API server is asked at most, per second.
const (
	requestRate  = 50
	requestBurst = 100
)

// New reads the kubeconfig; it asks the cluster nothing.
func New(opt Options) (*Runner, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = opt.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: opt.Context}
	overrides.Context.Namespace = opt.Namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		if clientcmd.IsEmptyConfig(err) {
			return nil, fmt.Errorf("no cluster is configured: there is no kubeconfig (set KUBECONFIG or --kubeconfig): %w", backend.ErrNotFound)
		}
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	opt.Namespace = namespace
	return NewForConfig(config, opt)
}

// NewForConfig is New for those who have a client configuration already.
func NewForConfig(config *rest.Config, opt Options) (*Runner, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = requestRate, requestBurst
	config.UserAgent = opt.UserAgent
	if config.UserAgent == "" {
		config.UserAgent = "kfp-go"
	}
	config.WarningHandler = rest.NoWarnings{}
	workflows, err := wfclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	core, err := corev1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	server, err := newServer(opt.Server)
	if err != nil {
		return nil, err
	}
	r := &Runner{namespace: opt.Namespace, host: config.Host, patience: opt.Patience, createTime: createTime, notice: opt.Notice, sleep: sleep,
		server: server, archive: opt.Archive, known: map[backend.RunID]workflowRef{}}
	if r.namespace == "" {
		r.namespace = "default"
	}
	if r.patience <= 0 {
		r.patience = 5 * time.Minute
	}
	if r.notice == nil {
		r.notice = func(string) {}
	}
	r.workflows, r.pods, r.secrets = workflows.Workflows(r.namespace), core.Pods(r.namespace), core.Secrets(r.namespace)
	return r, nil
}

// Namespace is where the runs are.
func (r *Runner) Namespace() string { return r.namespace }

// Host is the API server's address.
func (r *Runner) Host() string { return r.host }

// sleep waits, or less if the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
