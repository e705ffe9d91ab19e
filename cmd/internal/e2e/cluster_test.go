//go:build e2e

package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// config is how to reach the cluster, and the namespace that submit uses.
func config(t *testing.T) (*rest.Config, string) {
	t.Helper()
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil)
	cfg, err := loader.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		t.Fatal(err)
	}
	return cfg, namespace
}

// cluster is a client, and the namespace that submit uses.
func cluster(t *testing.T) (*kubernetes.Clientset, string) {
	t.Helper()
	cfg, namespace := config(t)
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client, namespace
}

// deleteWorkflow clears a run away, after its test.
func deleteWorkflow(t *testing.T, name string) {
	t.Helper()
	client, namespace := cluster(t)
	err := client.RESTClient().Delete().AbsPath("/apis/argoproj.io/v1alpha1/namespaces", namespace, "workflows", name).Do(context.Background()).Error()
	if err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}

// secret makes a Secret with one key in the namespace that submit uses.
func secret(t *testing.T, name, key, value string) {
	t.Helper()
	client, namespace := cluster(t)
	_, err := client.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		StringData: map[string]string{key: value},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}
