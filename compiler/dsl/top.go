package dsl

import (
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

var podGC = map[string]string{
	"on-pod-completion": "OnPodCompletion", "on-pod-success": "OnPodSuccess",
	"on-workflow-completion": "OnWorkflowCompletion", "on-workflow-success": "OnWorkflowSuccess",
}

// top reads what belongs to the run as a whole.
func (r *reader) top(p *ir.Pipeline, doc *tree.Node) {
	if n := doc.Get("artifact-root"); n != nil {
		p.ArtifactRoot, p.RootAt = text(n), n.Span()
	}
	p.Timeout = seconds(doc.Get("timeout"))
	p.Parallelism = integer(doc.Get("parallelism"))
	p.PodGC = podGC[text(doc.Get("pod-gc"))]
	p.Labels, p.Annotations = pairs(doc.Get("labels")), pairs(doc.Get("annotations"))
	p.ArgoSpec, p.ArgoSpecAt = r.argoSpec, r.argoSpecAt
	if n := doc.Get("ttl"); isMapping(n) {
		p.TTL = &ir.TTL{Completion: wholeSeconds(n.Get("completion")), Success: wholeSeconds(n.Get("success")), Failure: wholeSeconds(n.Get("failure"))}
	} else if s := wholeSeconds(n); s != nil {
		p.TTL = &ir.TTL{Completion: s}
	}
	if n := doc.Get("schedule"); isMapping(n) {
		p.Schedule = &ir.Schedule{
			Cron: texts(n.Get("cron")), Timezone: text(n.Get("timezone")), Concurrency: text(n.Get("concurrency")),
			Suspend: boolean(n.Get("suspend")), StartingDeadlineSeconds: wholeSeconds(n.Get("starting-deadline")),
			SuccessfulHistory: optionalInt(n.Get("successful-history")), FailedHistory: optionalInt(n.Get("failed-history")),
			At: n.Span(),
		}
	}
	if n := doc.Get("slo"); isMapping(n) {
		p.SLO = &ir.SLO{
			Success: goal(n.Get("success"), readNumber), Duration: goal(n.Get("duration"), readDuration),
			Quantile: goal(n.Get("quantile"), readNumber), Window: goal(n.Get("window"), readDuration),
			At: n.Span(),
		}
	}
	if n := doc.Get("workspace"); isMapping(n) {
		p.Workspace = &ir.Workspace{Size: text(n.Get("size")), StorageClass: optionalText(n.Get("storage-class")), AccessModes: texts(n.Get("access-modes")), At: n.Span()}
	}
	if n := doc.Get("mutex"); isScalar(n) {
		p.Mutex = ident(n)
	}
	switch n := doc.Get("semaphore"); {
	case isScalar(n):
		p.Semaphore = &ir.Semaphore{Key: text(n), At: n.Span()}
	case isMapping(n):
		p.Semaphore = &ir.Semaphore{ConfigMap: text(n.Get("config-map")), Key: text(n.Get("key")), At: n.Span()}
	}
}

func goal(n *tree.Node, read func(*tree.Node) (float64, bool)) *ir.Goal {
	f, ok := read(n)
	if !ok {
		return nil
	}
	return &ir.Goal{Value: f, At: n.Span()}
}
