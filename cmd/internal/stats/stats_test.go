package stats

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/expfmt"
	"pgregory.net/rapid"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// ended is a run that took so long and ended so long ago.
func ended(state metadata.State, took, before time.Duration, tasks ...*metadata.Task) *metadata.Run {
	return &metadata.Run{RunRecord: metadata.RunRecord{Pipeline: "p", State: state, Started: ago(before + took), Finished: ago(before)}, Tasks: tasks}
}

func collect(opt Options, runs ...*metadata.Run) *Service {
	opt.Now = now
	c := NewCollector(opt)
	for _, r := range runs {
		c.Add(r)
	}
	if s := c.Services(); len(s) > 0 {
		return s[0]
	}
	return nil
}

func value(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}

func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if math.Abs(value(got)-want) > 1e-9 || got == nil {
		t.Errorf("%s: got %v, want %v", what, value(got), want)
	}
}

func TestRuns(t *testing.T) {
	s := collect(Options{},
		ended(metadata.Succeeded, time.Minute, time.Hour), ended(metadata.Succeeded, 3*time.Minute, time.Hour), ended(metadata.Succeeded, 2*time.Minute, time.Hour),
		ended(metadata.Failed, time.Second, time.Hour), ended(metadata.Stopped, time.Second, time.Hour), ended(metadata.Lost, 0, 0),
		&metadata.Run{RunRecord: metadata.RunRecord{Pipeline: "p"}},
		&metadata.Run{RunRecord: metadata.RunRecord{Pipeline: "p", State: metadata.Succeeded}})
	if d := cmp.Diff(map[string]int{"succeeded": 4, "failed": 1, "stopped": 1, "lost": 1, "planned": 1}, s.States); d != "" || s.Runs != 8 {
		t.Error(d, s.Runs)
	}
	near(t, "success", s.Success, 0.8)
	near(t, "median", s.Duration.Median, 120)
	near(t, "p95", s.Duration.P95, 180)
	if s.Duration.Known != 3 || s.Duration.Unknown != 1 || s.Levels != nil || s.Cost != nil {
		t.Errorf("%+v", s)
	}
	if s := collect(Options{}, ended(metadata.Running, 0, 0)); s.Success != nil || s.Duration.Median != nil {
		t.Errorf("nothing to judge, and yet: %+v", s)
	}
}

func TestTasks(t *testing.T) {
	attempt := func(state metadata.State, waited, ran time.Duration) metadata.TaskRecord {
		return metadata.TaskRecord{Path: "t", State: state, Image: "i", Created: ago(time.Hour), Started: ago(time.Hour - waited), Finished: ago(time.Hour - waited - ran)}
	}
	first := attempt(metadata.Failed, 10*time.Second, time.Minute)
	again := &metadata.Task{TaskRecord: attempt(metadata.Succeeded, 30*time.Second, time.Minute), Earlier: []*metadata.TaskRecord{&first}}
	once := &metadata.Task{TaskRecord: attempt(metadata.Succeeded, 20*time.Second, time.Minute)}
	unknown := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "u", State: metadata.Failed, Outputs: map[string]metadata.Value{"m": {Artifact: &metadata.ArtifactValue{URI: "s3://b/m"}}}}}
	kept := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "k", State: metadata.Failed, Outputs: map[string]metadata.Value{"m": {IsList: true, Artifacts: []metadata.ArtifactValue{{URI: "s3://b/m", Bytes: 3}}}}}}
	cached := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "c", State: metadata.Cached}}
	skipped := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "s", State: metadata.Skipped}}
	waits := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "w", State: metadata.Pending, Created: ago(time.Hour)}}
	r := ended(metadata.Failed, time.Minute, 0, again, once, unknown, kept, cached, skipped, waits)
	r.Artifacts = []*metadata.ArtifactRecord{{URI: "s3://b/x", Task: "t", Dir: metadata.Out}, {URI: "s3://b/y", Task: "s", Dir: metadata.In}}
	s := collect(Options{}, r)
	want := Tasks{Ran: 4, Attempts: 5, Retried: 1, Cached: 1, Pending: Distribution{Known: 3, Unknown: 2}, Uploads: Uploads{Tasks: 4, Stored: 3}}
	if d := cmp.Diff(want, s.Tasks, cmpopts.IgnoreUnexported(Tasks{}, Distribution{}), cmpopts.IgnoreFields(Tasks{}, "Retries", "CacheHits"),
		cmpopts.IgnoreFields(Distribution{}, "Median", "P95"), cmpopts.IgnoreFields(Uploads{}, "Rate")); d != "" {
		t.Error(d)
	}
	near(t, "retries", s.Tasks.Retries, 0.25)
	near(t, "cache hits", s.Tasks.CacheHits, 1.0/3)
	near(t, "uploads", s.Tasks.Uploads.Rate, 0.75)
	near(t, "pending", s.Tasks.Pending.Median, 20)
	near(t, "pending p95", s.Tasks.Pending.P95, 30)
}

func TestUsage(t *testing.T) {
	task := func(r *metadata.Resources, hours float64) *metadata.Task {
		return &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "t", State: metadata.Succeeded, Image: "i", Resources: r,
			Started: ago(time.Duration(hours * float64(time.Hour))), Finished: now}}
	}
	gpu := &metadata.Resources{CPU: "500m", Memory: "2Gi", Accelerator: "nvidia.com/gpu", AcceleratorCount: 2, Product: "A100"}
	spot := &metadata.Resources{CPU: "1", Memory: "512Mi", Accelerator: "nvidia.com/gpu", AcceleratorCount: 1, Spot: true}
	other := &metadata.Resources{Accelerator: "tpu", AcceleratorCount: 1}
	retried := task(nil, 1)
	retried.Resources = spot
	retried.Earlier = []*metadata.TaskRecord{{Path: "t", State: metadata.Failed, Started: ago(2 * time.Hour), Finished: ago(time.Hour)}} // as its last attempt
	importer := &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "i", State: metadata.Succeeded}}
	prices, err := ReadPrices("p.yaml", []byte("currency: EUR\ncpu: 0.1\nmemory: 0.01\nspot: 0.5\naccelerators: {nvidia.com/gpu: 1, A100: 3}\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := collect(Options{Prices: prices}, ended(metadata.Succeeded, time.Hour, 0, task(gpu, 2), retried, task(other, 1), task(nil, 1),
		task(&metadata.Resources{CPU: "many"}, 1), importer))
	if d := cmp.Diff([]Accelerator{{"nvidia.com/gpu", "", 2}, {"nvidia.com/gpu", "A100", 4}, {"tpu", "", 1}}, s.Usage.Accelerators); d != "" {
		t.Error(d)
	}
	if s.Usage.Unknown != 2 || s.Usage.Attempts != 4 {
		t.Errorf("%d attempts counted, %d unknown; want 4 and 2", s.Usage.Attempts, s.Usage.Unknown)
	}
	near(t, "core hours", &s.Usage.CPU, 0.5*2+2)
	near(t, "GiB hours", &s.Usage.Memory, 4+1)
	near(t, "cost of cpu", &s.Cost.CPU, 0.1+0.1)
	near(t, "cost of memory", &s.Cost.Memory, 0.04+0.005)
	near(t, "cost of accelerators", &s.Cost.Accelerators, 4*3+2*0.5)
	near(t, "cost", &s.Cost.Total, 0.2+0.045+13)
	if d := cmp.Diff([]string{"tpu"}, s.Cost.Unpriced); d != "" || s.Cost.Currency != "EUR" {
		t.Error(d, s.Cost.Currency)
	}
}

func TestPriceMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"cpu: -1\n":                              "p.yaml:1:6: cpu takes a number from 0 up",
		"cpu: 1\nmemory: '2'\n":                  "p.yaml:2:9: memory takes a number from 0 up",
		"cpus: 1\n":                              `p.yaml:1:1: unknown key "cpus"; did you mean "cpu"?`,
		"accelerators: {a: .inf}\n":              "p.yaml:1:19: a takes a number from 0 up",
		"accelerators: [1]\n":                    "p.yaml:1:15: accelerators takes a mapping",
		"currency: [1]\n":                        "p.yaml:1:11: currency takes a name",
		"cpu: 1\ncpu: 2\n":                       "p.yaml:2:1: ",
		"- 1\n":                                  "p.yaml: a table of prices is one mapping",
		"":                                       "p.yaml:1:1: the file is empty",
		"cpu: x\nmemory: y\n":                    "p.yaml:2:9: memory",
		"cpu: {\n":                               "p.yaml:",
		"currency: " + strings.Repeat("x", 17):   "p.yaml:1:11: currency",
		"accelerators: {nvidia.com/gpu: free}\n": "p.yaml:1:32: nvidia.com/gpu takes",
		"spot: true\n":                           "p.yaml:1:7: spot takes a number",
		"memory:\n  gib: 1\n":                    "p.yaml:2:3: memory takes a number",
		"a: &a [*a]\n":                           "p.yaml:",
		"cpu: 1\n---\ncpu: 2\n":                  "p.yaml: a table of prices is one mapping",
	} {
		_, err := ReadPrices("p.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestLevels(t *testing.T) {
	var runs []*metadata.Run
	for i := range 100 { // two a day over 50 days; the last two failed
		state, took := metadata.Succeeded, time.Hour
		if i < 2 {
			state = metadata.Failed
		}
		if i%10 == 5 {
			took = 3 * time.Hour
		}
		runs = append(runs, ended(state, took, time.Duration(i)*12*time.Hour+30*time.Minute))
	}
	runs[4].SLO = &metadata.SLO{Success: 0.9, Duration: 7200, Quantile: 0.8}
	runs[7].SLO = &metadata.SLO{Success: 0.5} // older: what was promised then
	s := collect(Options{}, runs...)
	l := s.Levels
	if l.Window != 30*86400 || l.Success.Total != 60 || l.Success.Good != 58 || !*l.Success.Met {
		t.Errorf("%+v", l.Success)
	}
	near(t, "attainment", l.Success.Attainment, 58.0/60)
	near(t, "budget", l.Success.BudgetLeft, 1-2.0/60/0.1)
	near(t, "1h", l.Success.Burn[0].Rate, 10)
	near(t, "6h", l.Success.Burn[1].Rate, 10)
	near(t, "3d", l.Success.Burn[2].Rate, 2.0/6/0.1)
	if l.Duration.Total != 58 || l.Duration.Good != 52 || !*l.Duration.Met {
		t.Errorf("%+v", l.Duration)
	}
	// Another promise; one that allows nothing has no budget.
	l = collect(Options{SLO: &metadata.SLO{Success: 1, Window: 86400}}, runs...).Levels
	if l.Success.Total != 2 || *l.Success.Met || l.Success.BudgetLeft != nil || l.Duration != nil {
		t.Errorf("%+v", l.Success)
	}
	// Runs of unknown duration are not counted as fast or slow.
	r := ended(metadata.Succeeded, 0, 0)
	r.Finished, r.Updated = time.Time{}, now
	l = collect(Options{SLO: &metadata.SLO{Duration: 60}}, r).Levels
	if l.Duration.Total != 0 || l.Duration.Unknown != 1 || l.Duration.Met != nil || l.Duration.Target != 0.95 {
		t.Errorf("%+v", l.Duration)
	}
}

func TestQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		var d Distribution
		for i := range n {
			d.add(float64((i*37)%n+1), true)
		}
		d.finish()
		// By whole numbers: the ⌈n/2⌉-th and the ⌈19n/20⌉-th of 1…n with repetitions.
		if *d.Median != d.values[(n+1)/2-1] || *d.P95 != d.values[(19*n+19)/20-1] {
			t.Fatalf("%v: median %v, p95 %v", d.values, *d.Median, *d.P95)
		}
	})
}

// What is printed for Prometheus is what its own parser reads.
func TestPrometheus(t *testing.T) {
	r := ended(metadata.Succeeded, time.Minute, time.Hour)
	r.Pipeline = "a \"b\"\\\nc\xff"
	r.SLO = &metadata.SLO{Success: 0.5, Duration: 60}
	c := NewCollector(Options{Now: now, Prices: &Prices{Currency: "€"}})
	c.Add(r)
	c.Add(ended(metadata.Failed, time.Minute, time.Hour, &metadata.Task{TaskRecord: metadata.TaskRecord{State: metadata.Succeeded, Started: ago(time.Hour), Finished: now,
		Resources: &metadata.Resources{Accelerator: "g", AcceleratorCount: 1}}}))
	var text bytes.Buffer
	if err := WritePrometheus(&text, c.Services()); err != nil {
		t.Fatal(err)
	}
	var parser expfmt.TextParser
	got, err := parser.TextToMetricFamilies(bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	for _, name := range []string{"kfpgo_runs", "kfpgo_run_success_ratio", "kfpgo_run_duration_seconds", "kfpgo_accelerator_hours", "kfpgo_cost", "kfpgo_slo_burn_rate"} {
		if got[name] == nil {
			t.Errorf("no %s in\n%s", name, text.String())
		}
	}
	sample := got["kfpgo_run_success_ratio"].GetMetric()[0]
	if label := sample.GetLabel()[0]; label.GetName() != "pipeline" || label.GetValue() != "a \"b\"\\\nc�" || sample.GetGauge().GetValue() != 1 {
		t.Errorf("%v", sample)
	}
}

func BenchmarkStats(b *testing.B) {
	runs := make([]*metadata.Run, 100_000)
	for i := range runs {
		runs[i] = ended(metadata.Succeeded, time.Duration(i)*time.Second, time.Hour)
		runs[i].Pipeline = fmt.Sprint("p", i%100)
		for range 4 {
			runs[i].Tasks = append(runs[i].Tasks, &metadata.Task{TaskRecord: metadata.TaskRecord{Path: "t", State: metadata.Succeeded, Image: "i", Started: ago(time.Hour), Finished: now,
				Resources: &metadata.Resources{CPU: "500m", Memory: "1Gi"}}})
		}
	}
	for b.Loop() {
		c := NewCollector(Options{Now: now})
		for _, r := range runs {
			c.Add(r)
		}
		if len(c.Services()) != 100 {
			b.Fatal("pipelines are missing")
		}
	}
}
