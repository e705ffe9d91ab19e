package check

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// settings checks every constant among a task's settings against what
// Kubernetes accepts. Messages do not name the task: settings that come from
// `defaults` are one mistake, however many tasks share them.
func (c *checker) settings(s *ir.Settings) {
	if s == nil {
		return
	}
	c.retry(s.Retry)
	if s.Timeout < 0 {
		c.fail(codeCount, source.Span{}, "a timeout is negative", "")
	}
	c.resources(s.Resources)
	c.accelerator(s.Accelerator)
	c.placement(s)
	c.environment(s.Env)
	c.envFrom(s.EnvFrom)
	c.volumes(s.Volumes)
	c.volumeNames(s.Volumes)
	c.securityContext(s.SecurityContext)
	c.initContainers(s)
	c.objectName("service account", s.ServiceAccount)
	for _, v := range s.ImagePullSecrets {
		c.objectName("image pull secret", v)
	}
	c.plainName("priority class", s.PriorityClass)
	c.plainName("queue", s.Queue)
	c.oneOf("image-pull-policy", s.ImagePullPolicy, "Always", "IfNotPresent", "Never")
	c.oneOf("spot", s.Spot, "never", "prefer", "require")
	if s.SharedMemory != "" {
		c.quantityText("shared memory", s.SharedMemory, source.Span{})
	}
}

func (c *checker) placement(s *ir.Settings) {
	for _, p := range s.NodeSelector {
		c.labelKey("node selector", p.Key, p.At)
		c.labelValue(p)
	}
	for _, p := range s.Labels {
		c.labelKey("label", p.Key, p.At)
		c.labelValue(p)
	}
	for _, p := range s.Annotations {
		c.labelKey("annotation", strings.ToLower(p.Key), p.At)
	}
}

func (c *checker) oneOf(key, value string, known ...string) {
	if value == "" {
		return
	}
	for _, k := range known {
		if k == value {
			return
		}
	}
	c.fail(codeChoice, source.Span{}, msgChoice(key, value), "known: "+strings.Join(known, ", "))
}

// text is the constant text of a value; ok is false when it is computed.
func text(v ir.Value) (s string, at source.Span, ok bool) {
	l, isLiteral := v.(*ir.Literal)
	if !isLiteral || l.V == nil {
		return "", source.Span{}, false
	}
	return ir.Text(l.V), l.At, true
}

func (c *checker) objectName(what string, v ir.Value) {
	if s, at, ok := text(v); ok && !isObjectName(s) {
		c.fail(codeObject, at, msgObject(what, s), hintObject)
	}
}

const hintObject = "lower-case letters, digits, - and ., at most 253 characters, beginning and ending with a letter or digit"

func (c *checker) plainName(what, s string) {
	if s != "" && !isObjectName(s) {
		c.fail(codeObject, source.Span{}, msgObject(what, s), hintObject)
	}
}

func (c *checker) labelKey(what, key string, at source.Span) {
	if !isQualifiedName(key) {
		c.fail(codeLabel, at, msgLabelKey(what, key), "a name of at most 63 letters, digits, -, _ and ., if need be behind a DNS prefix, as in example.com/team")
	}
}

func (c *checker) labelValue(p *ir.SettingPair) {
	if s, at, ok := text(p.Value); ok && !isLabelValue(s) {
		if at.IsZero() {
			at = p.At
		}
		c.fail(codeLabel, at, msgLabelValue(p.Key, s), "at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit")
	}
}

func (c *checker) retry(r *ir.Retry) {
	if r == nil {
		return
	}
	if l, ok := r.Limit.(*ir.Literal); ok && l.V != nil {
		if n, isInt := l.V.(int64); !isInt || n < 0 {
			c.fail(codeRetry, l.At, msgRetryLimit(l10(l.V)), "a limit is a whole number, 0 for no retries")
		}
	} else if r.Limit != nil && !ok {
		t := freeType(r.Limit)
		if t.Kind != ir.Invalid && t.Kind != ir.Dynamic && !numeric(t) && !c.kfp {
			c.fail(codeRetry, r.Limit.Span(), msgRetryType(t), "a limit is a whole number")
		}
	}
	for _, k := range r.On {
		if k.Limit < 0 || k.MemoryFactor < 0 {
			c.fail(codeRetry, k.At, msgRetryLimit(l10(int64(min(k.Limit, k.MemoryFactor)))), "a limit is a whole number, 0 for no retries")
		}
		if k.MemoryFactor > 0 && k.Class != ir.FailOutOfMemory {
			c.fail(codeRetry, k.At, msgMemoryGrowth(k.Class.String()), "memory grows under out-of-memory only")
		}
	}
	if r.Duration < 0 || r.Factor < 0 || r.Max < 0 {
		c.fail(codeRetry, r.At, "a backoff is negative", "")
	}
}

func (c *checker) resources(rs []*ir.Resource) {
	for _, r := range rs {
		if !isQualifiedName(r.Name) {
			c.fail(codeQuantity, r.At, msgResourceName(r.Name), "cpu, memory, ephemeral-storage or a vendor's name, as in nvidia.com/gpu")
			continue
		}
		req, hasReq := c.amount(r.Name, r.Request)
		lim, hasLim := c.amount(r.Name, r.Limit)
		if hasReq && hasLim && req > lim {
			c.fail(codeRequestLimit, r.Request.Span(), msgAboveLimit(r.Name), "a request is at most its limit")
		}
		if strings.Contains(r.Name, "/") && hasReq && hasLim && req != lim {
			c.fail(codeRequestLimit, r.At, msgExtended(r.Name), "Kubernetes wants request and limit of such a resource equal")
		}
	}
}

func (c *checker) amount(name string, v ir.Value) (float64, bool) {
	s, at, ok := text(v)
	if !ok {
		return 0, false
	}
	return c.quantityText(name, s, at)
}

func (c *checker) quantityText(what, s string, at source.Span) (float64, bool) {
	n, ok := quantity(s)
	switch {
	case !ok:
		c.fail(codeQuantity, at, msgQuantity(what, s), quantityHint(s))
	case n < 0:
		c.fail(codeQuantity, at, msgNegative(what, s), "")
	case strings.Contains(what, "/") && n != float64(int64(n)):
		c.fail(codeQuantity, at, msgWhole(what, s), "devices come whole")
	default:
		return n, true
	}
	return 0, false
}

func (c *checker) accelerator(a *ir.Accelerator) {
	if a == nil {
		return
	}
	if s, at, ok := text(a.Type); ok && (!isQualifiedName(s) || !strings.Contains(s, "/")) {
		c.fail(codeQuantity, at, msgAcceleratorType(s), "the extended resource's name, as in nvidia.com/gpu")
	}
	if s, at, ok := text(a.Count); ok {
		if n, isNumber := quantity(s); !isNumber || n < 0 || n != float64(int64(n)) {
			c.fail(codeQuantity, at, msgWhole("accelerator count", s), "devices come whole")
		}
	}
	if s, at, ok := text(a.Product); ok && !isLabelValue(s) {
		c.fail(codeLabel, at, msgLabelValue("gpu.product", s), "at most 63 letters, digits, -, _ and .")
	}
}

func (c *checker) environment(env []*ir.EnvVar) {
	for _, e := range env {
		if !isEnvName(e.Name.Text) {
			c.fail(codeEnv, e.Name.At, msgEnvName(e.Name.Text), "letters, digits, _, - and ., not beginning with a digit")
		}
		if l, ok := e.Value.(*ir.Literal); ok {
			c.literalSize(l)
		}
		c.keyRef("secret", e.Secret)
		c.keyRef("config map", e.ConfigMap)
	}
}

func (c *checker) keyRef(what string, k *ir.KeyRef) {
	if k == nil {
		return
	}
	c.objectName(what, k.Name)
	if s, at, ok := text(k.Key); ok && !isConfigKey(s) {
		if at.IsZero() {
			at = k.At
		}
		c.fail(codeObject, at, msgConfigKey(what, s), "letters, digits, -, _ and ., at most 253 characters")
	}
}

func (c *checker) envFrom(es []*ir.EnvFrom) {
	for _, e := range es {
		c.objectName("secret", e.Secret)
		c.objectName("config map", e.ConfigMap)
		if e.Prefix != "" && !isEnvName(e.Prefix) {
			c.fail(codeEnv, e.At, msgEnvName(e.Prefix), "letters, digits, _, - and ., not beginning with a digit")
		}
	}
}

func (c *checker) volumes(vs []*ir.Volume) {
	for i, v := range vs {
		c.mountPath(v)
		for _, w := range vs[:i] {
			if w.Path == v.Path && v.Path != "" {
				c.fail(codeMount, v.At, msgMountTwice(v.Path), "one path holds one volume")
				break
			}
		}
		c.objectName("secret", v.Secret)
		c.objectName("config map", v.ConfigMap)
		c.objectName("claim", v.Claim)
		if v.EmptyDir != nil && v.EmptyDir.SizeLimit != "" {
			c.quantityText("size limit", v.EmptyDir.SizeLimit, v.At)
		}
		if v.Ephemeral != nil {
			c.quantityText("size", v.Ephemeral.Size, v.At)
			c.storageClass(v.Ephemeral.StorageClass)
			c.accessModes(v.Ephemeral.AccessModes, v.At)
		}
	}
}

func (c *checker) mountPath(v *ir.Volume) {
	switch {
	case !strings.HasPrefix(v.Path, "/"):
		if c.kfp { // the DSL's front end has said so
			c.fail(codeMount, v.At, msgMount(v.Path), "an absolute path without a colon")
		}
	case strings.Contains(v.Path, ":"):
		c.fail(codeMount, v.At, msgMount(v.Path), "an absolute path without a colon")
	case strings.HasPrefix(v.SubPath, "/") || hasDotDot(v.SubPath):
		c.fail(codeMount, v.At, msgSubPath(v.SubPath), "a relative path without ..")
	}
}

func hasDotDot(path string) bool {
	for _, p := range strings.Split(path, "/") {
		if p == ".." {
			return true
		}
	}
	return false
}
