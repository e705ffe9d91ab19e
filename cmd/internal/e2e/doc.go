// Package e2e holds the end-to-end tests: the built program against a real
// cluster. They carry the build tag e2e and need KUBECONFIG, an artifact
// repository and, for Python components, images with Python and the KFP SDK;
// `make e2e` runs them.
package e2e
