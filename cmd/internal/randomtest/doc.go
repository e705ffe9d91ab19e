// Package randomtest holds what must be true of every pipeline, tried on random
// ones: that it compiles to what Argo accepts, that a run of it ends, and that a
// run here, a run in the cluster and the generator's own model agree.
//
// Each failure names the dialect and the seed and leaves the pipeline in a file.
// The environment variable KFPGO_RANDOM holds settings: a number of pipelines for
// one property ("compile=100000 local=500 cluster=200"), and the first seed
// ("seed=7").
package randomtest
