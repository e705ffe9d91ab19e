// Package e2ecorpus holds the tests that run KFP's own test pipelines, on this
// machine and on a cluster, and compare what comes out with three opinions: the
// KFP SDK's local runner (the oracle), values derived by hand from each
// pipeline's source, and each other. The cluster's half carries the build tag
// e2e; `make e2e-corpus` runs it and docs/corpus.md keeps its table.
package e2ecorpus
