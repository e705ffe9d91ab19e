package argo

import (
	"math"
	"strconv"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// classTests recognise the classes of failures by what Argo says of the last
// attempt, in the order in which they are asked.
func classTest(c ir.FailureClass) string {
	switch c {
	case ir.FailTimeout:
		return "lastRetry.message matches '(?i)specified deadline|DeadlineExceeded'"
	case ir.FailOutOfMemory:
		return "lastRetry.message contains 'OOMKilled'"
	case ir.FailPreempted:
		return "(lastRetry.message matches '(?i)evict|preempt|pod deleted|node ?lost|node shut|shutdown' or lastRetry.exitCode == '143')"
	case ir.FailInfrastructure:
		return "lastRetry.exitCode == '-1'"
	}
	return "true"
}

// Class sorts a failed attempt by Argo's message and exit code (nil: none), as
// the expressions in manifests do.
func Class(message string, exitCode *int) ir.FailureClass { return classOf(message, exitCode) }

func (p *pod) retry(s *ir.Settings) {
	r := s.Retry
	if r == nil {
		return
	}
	limit, most, computed := p.retryLimit(r)
	for _, c := range r.On {
		most = max(most, c.Limit)
	}
	if most == 0 && computed == "" {
		return
	}
	out := &wfv1.RetryStrategy{RetryPolicy: wfv1.RetryPolicyAlways, Limit: ptr.To(countOf(strconv.Itoa(most)))}
	if computed != "" {
		out.Limit = ptr.To(countOf(tag("string(max(" + computed + "," + strconv.Itoa(most) + "))")))
	}
	if len(r.On) > 0 {
		budget := limit
		byClass := map[ir.FailureClass]int{}
		for _, c := range r.On {
			byClass[c.Class] = c.Limit
		}
		for c := ir.FailError; c >= ir.FailTimeout; c-- {
			own := limit
			if n, ok := byClass[c]; ok {
				own = strconv.Itoa(n)
			}
			if c == ir.FailError {
				budget = own
			} else if own != budget {
				budget = "(" + classTest(c) + " ? " + own + " : " + budget + ")"
			}
		}
		out.Expression = "asInt(retries) < " + budget
	}
	out.Backoff = p.backoff(r)
	p.t.RetryStrategy = out
	p.grow(r)
}

// retryLimit is the general budget as text of an expression, and its number
// where it is constant.
func (p *pod) retryLimit(r *ir.Retry) (text string, n int, computed string) {
	switch v := r.Limit.(type) {
	case nil:
		return "0", 0, ""
	case *ir.Literal:
		switch x := v.V.(type) {
		case int64:
			n = int(x)
		case float64:
			n = int(x)
		}
		return strconv.Itoa(n), n, ""
	}
	e := "int(fromJSON(" + inputParam(p.computed[r.Limit]) + "))"
	return tag(e), 0, e
}

func (p *pod) backoff(r *ir.Retry) *wfv1.Backoff {
	if r.Duration <= 0 {
		return nil
	}
	out := &wfv1.Backoff{Duration: seconds(r.Duration)}
	if r.Factor != 0 && r.Factor != 1 {
		f := math.Round(r.Factor)
		if f != r.Factor {
			p.l.warn(msgFactor(r.At, r.Factor))
		}
		if f > 1 {
			out.Factor = ptr.To(intstr.FromInt32(int32(f)))
		}
	}
	if r.Max > 0 {
		out.Cap = seconds(r.Max)
	}
	return out
}

func seconds(s float64) string {
	if s == math.Trunc(s) && s < 1e9 {
		return strconv.FormatInt(int64(s), 10) + "s"
	}
	return time.Duration(s * float64(time.Second)).String()
}

// grow asks for more memory straight after an attempt ran out of it.
func (p *pod) grow(r *ir.Retry) {
	for _, c := range r.On {
		if c.MemoryFactor < 2 || c.Class != ir.FailOutOfMemory {
			continue
		}
		found := false
		for _, x := range []struct {
			list corev1.ResourceList
			to   *[]patchPair
		}{{p.main.Resources.Requests, &p.patch.requests}, {p.main.Resources.Limits, &p.patch.limits}} {
			q, ok := x.list[corev1.ResourceMemory]
			if !ok {
				continue
			}
			found = true
			*x.to = append(*x.to, patchPair{key: "memory", expr: "string(int(" + strconv.FormatInt(q.Value(), 10) +
				" * (" + classTest(ir.FailOutOfMemory) + " ? " + strconv.Itoa(c.MemoryFactor) + " ** int(retries) : 1)))"})
		}
		if !found {
			p.l.warn(msgGrowWithoutBase(c.At))
		}
	}
}

func countOf(s string) intstr.IntOrString { return intstr.Parse(s) }
