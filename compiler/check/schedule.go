package check

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
)

// pipeline checks what stands at the top: name, schedule, limits of the run.
func (c *checker) pipeline() {
	p := c.p
	if strings.TrimSpace(p.Name.Text) == "" {
		c.fail(codePipelineName, p.Name.At, "the pipeline has no name", "give it one: pipeline: my-pipeline")
	} else if len(p.Name.Text) > 128 {
		c.fail(codePipelineName, p.Name.At, msgLongName(p.Name.Text), "at most 128 bytes")
	} else {
		c.name("pipeline", p.Name)
	}
	if p.Parallelism < 0 {
		c.fail(codeCount, source.Span{}, msgCount("parallelism", p.Parallelism), "leave it out for no limit")
	}
	if p.Timeout < 0 {
		c.fail(codeCount, source.Span{}, "the timeout of the run is negative", "")
	}
	c.oneOf("pod-gc", p.PodGC, "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
	for _, l := range p.Labels {
		c.labelKey("label", l.Key, l.At)
		if !isLabelValue(l.Value) {
			c.fail(codeLabel, l.At, msgLabelValue(l.Key, l.Value), "at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit")
		}
	}
	for _, a := range p.Annotations {
		c.labelKey("annotation", strings.ToLower(a.Key), a.At)
	}
	if w := p.Workspace; w != nil {
		c.quantityText("workspace size", w.Size, w.At)
		c.storageClass(w.StorageClass)
		c.accessModes(w.AccessModes, w.At)
	}
	c.synchronization(p)
	c.schedule(p.Schedule)
	c.slo(p.SLO)
}

func (c *checker) schedule(s *ir.Schedule) {
	if s == nil {
		return
	}
	if len(s.Cron) == 0 {
		c.fail(codeCron, s.At, "the schedule has no cron line", `write it as in cron: "0 2 * * *"`)
	}
	for _, line := range s.Cron {
		if bad := cronFault(line); bad != "" {
			c.fail(codeCron, within(s.At, line), msgCron(line, bad), "minute hour day-of-month month day-of-week, as in 0 2 * * * for every night at two")
		}
	}
	if s.Timezone != "" && !zoneKnown(s.Timezone) {
		c.fail(codeZone, within(s.At, s.Timezone), msgZone(s.Timezone), diag.Hint(s.Timezone, strings.Fields(zones)))
	}
	c.oneOf("concurrency", s.Concurrency, "allow", "forbid", "replace")
	for _, n := range []*int64{s.StartingDeadlineSeconds, s.SuccessfulHistory, s.FailedHistory} {
		if n != nil && *n < 0 {
			c.fail(codeCount, s.At, msgCount("a number of the schedule", int(*n)), "")
		}
	}
}

// within is the place of text inside a span, the whole span when it is not
// written there literally.
func within(at source.Span, text string) source.Span {
	i := strings.Index(at.Text(), text)
	if i < 0 || text == "" {
		return at
	}
	return source.Span{File: at.File, Start: at.Start + i, End: at.Start + i + len(text)}
}

// zones are the names of the time zone database, one a line, so that the
// answer does not depend on the machine.
//
//go:embed zones.txt
var zones string

func zoneKnown(name string) bool {
	if strings.ContainsAny(name, " \n\r\t") {
		return false
	}
	return strings.Contains("\n"+zones, "\n"+name+"\n")
}

// A field of a cron line and what it may hold.
type field struct {
	name   string
	lo, hi int
	names  []string // of lo, lo+1, …
}

var cronFields = [...]field{
	{name: "minute", lo: 0, hi: 59},
	{name: "hour", lo: 0, hi: 23},
	{name: "day of the month", lo: 1, hi: 31},
	{name: "month", lo: 1, hi: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of the week", lo: 0, hi: 6, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// cronFault says what is wrong with a cron line, "" for nothing. It accepts
// what Argo's scheduler accepts: five fields, or one of its @ names.
func cronFault(line string) string {
	if strings.HasPrefix(line, "@") {
		switch line {
		case "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly":
			return ""
		}
		return line + " is not known"
	}
	parts := strings.Fields(line)
	if len(parts) > 0 && (strings.HasPrefix(parts[0], "TZ=") || strings.HasPrefix(parts[0], "CRON_TZ=")) {
		return "the time zone has a key of its own, timezone"
	}
	if len(parts) != len(cronFields) {
		return "it has " + strconv.Itoa(len(parts)) + " fields, not 5"
	}
	for i, p := range parts {
		for _, item := range strings.Split(p, ",") {
			if !cronFields[i].accepts(item) {
				f := cronFields[i]
				return quote(item) + " is no " + f.name + " (" + strconv.Itoa(f.lo) + " to " + strconv.Itoa(f.hi) + ")"
			}
		}
	}
	return ""
}

// accepts reads *, ?, n, a-b, each with an optional /step.
func (f field) accepts(item string) bool {
	body, step, hasStep := strings.Cut(item, "/")
	if hasStep {
		if n, err := strconv.ParseUint(step, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if body == "*" || body == "?" {
		return true
	}
	from, to, isRange := strings.Cut(body, "-")
	a, ok := f.number(from)
	if !isRange {
		return ok
	}
	b, ok2 := f.number(to)
	return ok && ok2 && a <= b
}

func (f field) number(s string) (int, bool) {
	for i, n := range f.names {
		if strings.EqualFold(n, s) {
			return f.lo + i, true
		}
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return int(n), err == nil && int(n) >= f.lo && int(n) <= f.hi
}
