//go:build e2e

package argo

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// deleteNow deletes without grace.
func deleteNow() metav1.DeleteOptions {
	now := int64(0)
	return metav1.DeleteOptions{GracePeriodSeconds: &now}
}
