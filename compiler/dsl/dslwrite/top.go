package dslwrite

import "github.com/kfp-go/kfp-go/compiler/ir"

var podGC = map[string]string{
	"OnPodCompletion": "on-pod-completion", "OnPodSuccess": "on-pod-success",
	"OnWorkflowCompletion": "on-workflow-completion", "OnWorkflowSuccess": "on-workflow-success",
}

// top writes what belongs to the run as a whole.
func (w *writer) top(doc *node) {
	p := w.p
	if s := p.Schedule; s != nil {
		doc.add("schedule", schedule(s))
	}
	if s := p.SLO; s != nil {
		doc.add("slo", slo(s))
	}
	if p.Timeout > 0 {
		doc.add("timeout", duration(p.Timeout))
	}
	if p.Parallelism > 0 {
		doc.add("parallelism", plain(itoa(p.Parallelism)))
	}
	if t := p.TTL; t != nil {
		m := mapping()
		m.add("completion", wholeSeconds(t.Completion))
		m.add("success", wholeSeconds(t.Success))
		m.add("failure", wholeSeconds(t.Failure))
		doc.add("ttl", m)
	}
	doc.addText("pod-gc", podGC[p.PodGC])
	doc.addFilled("labels", literalPairs(p.Labels))
	doc.addFilled("annotations", literalPairs(p.Annotations))
	doc.addText("artifact-root", p.ArtifactRoot)
	if k := p.Workspace; k != nil {
		m := mapping()
		m.add("size", text(escape(k.Size)))
		if k.StorageClass != nil {
			m.add("storage-class", text(escape(*k.StorageClass)))
		}
		m.addFilled("access-modes", texts(k.AccessModes))
		doc.add("workspace", m)
	}
	if p.Mutex.Text != "" {
		doc.add("mutex", text(p.Mutex.Text))
	}
	if k := p.Semaphore; k != nil {
		doc.add("semaphore", semaphore(k))
	}
	if p.ArgoSpec != nil {
		m := mapping()
		m.add("spec", raw(p.ArgoSpec))
		doc.add("argo", m)
	}
}

func semaphore(k *ir.Semaphore) *node {
	if k.ConfigMap == "" {
		return text(escape(k.Key))
	}
	m := mapping()
	m.addText("config-map", k.ConfigMap)
	m.addText("key", k.Key)
	return m
}

func schedule(s *ir.Schedule) *node {
	m := mapping()
	m.add("cron", texts(s.Cron))
	if len(s.Cron) == 1 {
		m.fields[0].value = m.fields[0].value.items[0]
	}
	m.addText("timezone", s.Timezone)
	m.addText("concurrency", s.Concurrency)
	m.addTrue("suspend", s.Suspend)
	m.add("starting-deadline", wholeSeconds(s.StartingDeadlineSeconds))
	m.add("successful-history", count(s.SuccessfulHistory))
	m.add("failed-history", count(s.FailedHistory))
	return m
}

func slo(s *ir.SLO) *node {
	m := mapping()
	if s.Success != nil {
		m.add("success", plain(number(s.Success.Value)))
	}
	if s.Duration != nil {
		m.add("duration", duration(s.Duration.Value))
	}
	if s.Quantile != nil {
		m.add("quantile", plain(number(s.Quantile.Value)))
	}
	if s.Window != nil {
		m.add("window", duration(s.Window.Value))
	}
	return m
}

func wholeSeconds(n *int64) *node {
	if n == nil {
		return nil
	}
	return duration(float64(*n))
}

func count(n *int64) *node {
	if n == nil {
		return nil
	}
	return plain(itoa(int(*n)))
}
