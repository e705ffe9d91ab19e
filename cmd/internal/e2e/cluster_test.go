//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
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

// forbidConfigMaps takes the right to write config maps whose names begin with a
// text from everybody, the controller too, until the test ends.
func forbidConfigMaps(t *testing.T, policy, prefix string) {
	t.Helper()
	client, namespace := cluster(t)
	policies := client.AdmissionregistrationV1()
	every := admission.RuleWithOperations{Operations: []admission.OperationType{admission.Create, admission.Update},
		Rule: admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}}}
	forbidden := metav1.StatusReasonForbidden
	_, err := policies.ValidatingAdmissionPolicies().Create(t.Context(), &admission.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: policy},
		Spec: admission.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admission.MatchResources{ResourceRules: []admission.NamedRuleWithOperations{{RuleWithOperations: every}}},
			Validations:      []admission.Validation{{Expression: "!object.metadata.name.startsWith('" + prefix + "')", Reason: &forbidden}},
		}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := policies.ValidatingAdmissionPolicies().Delete(context.Background(), policy, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	_, err = policies.ValidatingAdmissionPolicyBindings().Create(t.Context(), &admission.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policy},
		Spec:       admission.ValidatingAdmissionPolicyBindingSpec{PolicyName: policy, ValidationActions: []admission.ValidationAction{admission.Deny}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := policies.ValidatingAdmissionPolicyBindings().Delete(context.Background(), policy, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	// The API server takes a moment to know of it.
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: prefix}}
	err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return apierrors.IsForbidden(err), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
