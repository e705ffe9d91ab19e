package docgen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/command/compile"
	"github.com/kfp-go/kfp-go/cmd/internal/command/configcmd"
	"github.com/kfp-go/kfp-go/cmd/internal/command/lineage"
	"github.com/kfp-go/kfp-go/cmd/internal/command/meta"
	"github.com/kfp-go/kfp-go/cmd/internal/command/runs"
	statscmd "github.com/kfp-go/kfp-go/cmd/internal/command/stats"
	"github.com/kfp-go/kfp-go/cmd/internal/command/version"
	"github.com/kfp-go/kfp-go/cmd/internal/report"
	"github.com/kfp-go/kfp-go/cmd/internal/rundiff"
	"github.com/kfp-go/kfp-go/cmd/internal/stats"
	"github.com/kfp-go/kfp-go/compiler/diag/render"
)

// A Shape is one kind of JSON document with an example that has every field.
type Shape struct {
	Title, Text string
	Example     any
}

// Shapes are all documents that kfp-go prints.
func Shapes() []Shape {
	return []Shape{
		{"Run", "A run: `run --output json`, `submit --output json`, `runs get --output json`. States of runs are `planned`, `submitted`, `running`,\n`succeeded`, `failed`, `stopped` and `lost`; of tasks `pending`, `running`, `succeeded`, `failed`, `skipped`, `cached` and `stopped`. A\nvalue is any JSON value; an artifact is an object with `uri`, a list of artifacts a list of such objects, a secret\n`{\"redacted\": true}`. `tasks` has the last attempt of each, in order of `path`, with\nthose before it in `earlier`: what all attempts share stands with the last only. A task waits from `created` to `scheduled` for a node, until\n`started` for its image and its program. `code.dirty`: tracked files were changed, or the pipeline's file is not tracked. An `slo`'s lengths are\nseconds. `updated` is when the last of it was recorded. Times are RFC 3339 in UTC.", exampleRun()},
		{"RunList", "Runs, the newest first: `runs list --output json`. Each is a Run without `tasks`; of a value above\n32 KiB it has the digest, `{\"blob\": \"sha256:…\"}`.", exampleList()},
		{"RunSync", "What became of the record of each run: `runs sync --output json`. `was` is the state before, missing where the run was not recorded;\n`fresh`: something was written; `note` says why nothing could be learned.", exampleSync()},
		{"RunDiff", "Why the results of two runs differ: `runs diff A B --output json`. `causes` are in order of how likely they explain the results; the aspects\nare `parameters`, `code`, `images`, `inputs`, `profile`, `resources`, `manifest`, `engine`, `kfp-go`, `revision` and `labels`, of results `states`,\n`outputs`, `cache`, `tries` and `durations` (seconds, where they differ by a second and a quarter). A side without a value has nothing of that\nname. `equal` and `unknown` name the other aspects; `partsAt` is the first task that made other outputs of the same inputs; a `diff` is in the\nunified format, empty where too much changed, `cut` where it does not end.", exampleDiff()},
		{"RunDeletion", "What was taken out of the record: `runs delete --output json`; with `dryRun`, what would be. Each run is as in RunList.", runs.Deletion{APIVersion: report.APIVersion, Kind: "RunDeletion", DryRun: true, Runs: exampleList().Runs}},
		{"Lineage", "Where things came from (`up`) and what became of them (`down`): `lineage --output json`. Each is a tree of nodes: a `run`, a\n`task` or an `artifact`; `name` is the run's; `port` is the input or output over which the node above led here; `seen` marks a node whose children\nstand elsewhere in the tree, `cut` one at the greatest depth.", exampleLineage()},
		{"LineageEdge", "A line of `lineage -f --output json`: a task of the run read (`in`) or wrote (`out`) an artifact under that name.", exampleEdge()},
		{"MetadataVerification", "What is damaged or missing in the metadata file: `meta verify --output json`. `object` is its name there.", exampleVerification()},
		{"Stats", "How well pipelines serve: `stats --output json`; [stats.md](stats.md) defines each figure. Shares are between 0 and 1, lengths are seconds;\n`null` stands where there is nothing to tell.", exampleStats()},
		{"MetadataRepair", "What was done about damage, or would be: `meta repair --output json`, `meta reindex --output json`.", exampleRepairs()},
		{"MetadataCompaction", "What was folded: `meta compact --output json`.", exampleCompaction()},
		{"MetadataCollection", "What was deleted, or would be: `meta gc --output json`.", exampleCollection()},
		{"MetadataStore", "What the metadata file is: `meta init --output json`.", exampleStore()},
		{"Diagnostics", "Findings: `validate --format json`. A place is a half-open range: lines and columns count from 1, columns in code points,\noffsets in bytes from 0. Findings stand in source order.", exampleFindings()},
		{"CompileReport", "What a pipeline says and what becomes of it: `compile --report=json`. `id` names a row of [kfp-compatibility.md](kfp-compatibility.md) for\never; `places` has the first few of `count`; `differs` is what is not as in KFP; the findings of a construct are at its lines, those at the end belong to\nnone.", exampleReport()},
		{"Config", "The settings: `config --output json`.", exampleConfig()},
		{"Version", "This program: `version --output json`.", exampleVersion()},
	}
}

// JSON is the page of all documents.
func JSON() (string, error) {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("# JSON documents\n\nEach document says what it is in `kind` and which shape it has in `apiVersion`. New fields may appear under the same\n`apiVersion`; a field that goes or changes its meaning changes it. Fields without a value are left out, unless an example below\nshows them empty.\n")
	for _, s := range Shapes() {
		text, err := encode(s.Example)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```json\n%s```\n", s.Title, s.Text, text)
	}
	return b.String(), nil
}

func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.String(), err
}

func moment(s int) *time.Time {
	t := time.Date(2026, 11, 23, 9, 0, s, 0, time.UTC)
	return &t
}

const exampleID = "01a20ac3-ce8a-7959-8e41-3b5c7ae6426c"

func exampleArtifact() report.Artifact {
	size := int64(175)
	return report.Artifact{
		URI: "s3://bucket/runs/iris-e6426c/train/model", Type: "system.Model", Digest: "sha256:2c26b46b68ffc68f…", Bytes: &size,
		Metadata: map[string]any{"framework": "sklearn"},
	}
}

func exampleRun() report.Run {
	code, preempted := 1, 143
	return report.Run{
		APIVersion: report.APIVersion, Kind: "Run", ID: exampleID, Name: "iris-e6426c", Pipeline: "iris", State: "failed", Attempt: 2,
		Message: "task publish failed", Engine: "argo", Source: "examples/iris/pipeline.yaml",
		Code: &metadata.Code{Repository: "https://git.example.com/ml/iris.git", Revision: "8c3f1d0e5b7a49b28d6f0c1e2a3b4c5d6e7f8091", Branch: "main",
			Path: "examples/iris/pipeline.yaml", Dirty: true},
		Spec: "sha256:5d41402abc4b2a76…", Manifest: "sha256:7d793037a0760186…", Profile: "gpu",
		SLO:    &metadata.SLO{Success: 0.99, Duration: 3600, Quantile: 0.95, Window: 2592000},
		Labels: map[string]string{"team": "vision"}, Cluster: "https://k8s.example.com", Namespace: "ml", Workflow: "iris-e6426c", UID: "0c4f5e1a-6f0e-4c53-9a0e-3c1f0e6a7b21",
		By:      &metadata.Writer{ID: "01a20ac3-ce8a-7959-8e41-000000000001", Host: "laptop", User: "ada", Version: "v0.1.0"},
		Created: moment(0), Started: moment(1), Finished: moment(42), Updated: moment(43),
		Parameters: map[string]any{"rows": 150, "token": report.Redacted{Redacted: true}},
		Outputs:    map[string]any{"accuracy": 0.97, "model": exampleArtifact()},
		Tasks: []report.Task{{
			Path: "gate[0]/publish", State: "failed", Attempt: 2, Class: "error", Message: "exit code 1", ExitCode: &code,
			Component: "publish", Image: "busybox:1", ImageDigest: "sha256:9ae97d36d26566ff…",
			Resources: &metadata.Resources{CPU: "2", Memory: "4Gi", Accelerator: "nvidia.com/gpu", AcceleratorCount: 1, Product: "NVIDIA-A100-SXM4-40GB", Spot: true},
			CacheKey:  "sha256:3e23e8160039594a…", Pod: "iris-e6426c-publish-1", Node: "node-1",
			Created: moment(28), Scheduled: moment(29), Started: moment(30), Finished: moment(41),
			Inputs: map[string]any{"model": exampleArtifact()}, Outputs: map[string]any{"verdict": "no"},
			Earlier: []report.Task{{
				Path: "gate[0]/publish", State: "failed", Attempt: 1, Class: "preempted", Message: "the node was shut down", ExitCode: &preempted,
				Pod: "iris-e6426c-publish-0", Node: "node-7", Logs: "s3://bucket/logs/iris-e6426c/iris-e6426c-publish-0/main.log", Created: moment(20), Scheduled: moment(21), Started: moment(22), Finished: moment(27),
			}},
		}},
	}
}

func exampleList() report.Runs {
	r := exampleRun()
	r.Tasks = nil
	r.Message = ""
	r.State = "succeeded"
	r.Attempt = 0
	return report.Runs{APIVersion: report.APIVersion, Kind: "RunList", Runs: []report.Run{r}}
}

func exampleSync() runs.Synced {
	return runs.Synced{APIVersion: report.APIVersion, Kind: "RunSync", Runs: []runs.SyncedRun{
		{ID: exampleID, Name: "iris-e6426c", Was: "submitted", State: "succeeded", Fresh: true},
		{ID: "01a20ac3-ce8a-7959-8e41-000000000000", Name: "iris-000000", Was: "running", State: "running", Note: "the API server at https://127.0.0.1:6443 cannot be reached: connection refused"},
	}}
}

func exampleEdge() lineage.Edge {
	return lineage.Edge{APIVersion: report.APIVersion, Kind: "LineageEdge", Run: exampleID, Task: "train", Dir: "out", Name: "model", Artifact: exampleArtifact()}
}

func exampleDiff() rundiff.Document {
	return rundiff.Document{
		APIVersion: report.APIVersion, Kind: "RunDiff",
		A:          rundiff.Side{ID: exampleID, Name: "iris-e6426c", Pipeline: "iris", State: "succeeded"},
		B:          rundiff.Side{ID: "01a20ac4-1b2c-7959-8e41-3b5c7ae6426d", Name: "iris-e6426d", Pipeline: "iris", State: "failed"},
		Conclusion: "the same images and inputs; parameter rate differs: 0.1 → 0.2, code pipeline file differs",
		Causes: []rundiff.Difference{
			{Aspect: "parameters", Name: "rate", A: 0.1, B: 0.2},
			{Aspect: "code", Name: "pipeline file", A: "sha256:5d41402abc4b2a76…", B: "sha256:7d793037a0760186…"},
		},
		Results: []rundiff.Difference{{Aspect: "states", Task: "gate[0]/publish", A: "succeeded", B: "failed (error)"}},
		PartsAt: "train", Equal: []string{"images", "inputs"}, Unknown: []string{"revision"},
		Changes: []rundiff.Change{{Document: "pipeline", Diff: "@@ -12,1 +12,1 @@\n-    retry: 1\n+    retry: 2\n", Cut: true}},
	}
}

func exampleLineage() lineage.Document {
	model := "s3://bucket/runs/iris-e6426c/train/model"
	return lineage.Document{
		APIVersion: report.APIVersion, Kind: "Lineage",
		Up: &metadata.Node{Kind: metadata.ArtifactNode, URI: model, Type: "system.Model", Children: []*metadata.Node{
			{Kind: metadata.TaskNode, RunID: exampleID, Name: "iris-e6426c", Path: "train", State: metadata.Succeeded, Port: "model", Cut: true},
		}},
		Down: &metadata.Node{Kind: metadata.ArtifactNode, URI: model, Type: "system.Model", Children: []*metadata.Node{
			{Kind: metadata.TaskNode, RunID: exampleID, Name: "iris-e6426c", Path: "evaluate", State: metadata.Succeeded, Port: "model", Seen: true},
		}},
	}
}

func exampleVerification() meta.Verification {
	return meta.Verification{
		APIVersion: report.APIVersion, Kind: "MetadataVerification", Metadata: ".kfp-go",
		Findings: []meta.Finding{{
			Object:  "01a20ac3-d4f2-7a31-9c55-0e6f0a1b2c3d_" + exampleID + ".ndjson",
			Message: "event damaged: it is torn: the closing line is missing",
		}},
	}
}

func exampleStats() statscmd.Document {
	n := func(f float64) *float64 { return &f }
	kept := true
	burn := []stats.Burn{{Window: "1h"}, {Window: "6h", Good: 1, Total: 1, Rate: n(0)}, {Window: "3d", Good: 17, Total: 18, Rate: n(1.11)}}
	return statscmd.Document{
		APIVersion: report.APIVersion, Kind: "Stats", At: *moment(0),
		Pipelines: []*stats.Service{{
			Pipeline: "iris", Runs: 21, States: map[string]int{"failed": 1, "stopped": 1, "succeeded": 19}, Success: n(0.95),
			Duration: stats.Distribution{Known: 19, Median: n(410), P95: n(655)},
			Tasks: stats.Tasks{Ran: 80, Attempts: 84, Retried: 3, Retries: n(0.0375), Cached: 20, CacheHits: n(0.2),
				Pending: stats.Distribution{Known: 83, Unknown: 1, Median: n(4), P95: n(31)}, Uploads: stats.Uploads{Tasks: 60, Stored: 60, Rate: n(1)}},
			Usage: stats.Usage{CPU: 9.5, Memory: 38, Accelerators: []stats.Accelerator{{Resource: "nvidia.com/gpu", Product: "NVIDIA-A100-SXM4-40GB", Hours: 2.1}},
				Attempts: 83, Unknown: 1},
			Cost: &stats.Cost{Currency: "EUR", Total: 7.29, CPU: 0.38, Memory: 0.19, Accelerators: 6.72, Unpriced: []string{"google.com/tpu"}},
			Levels: &stats.Levels{Window: 2592000, Limit: 600,
				Success:  &stats.Objective{Target: 0.95, Good: 19, Total: 20, Attainment: n(0.95), Met: &kept, BudgetLeft: n(0), Burn: burn},
				Duration: &stats.Objective{Target: 0.9, Good: 18, Total: 19, Attainment: n(0.947), Met: &kept, BudgetLeft: n(0.47), Burn: burn}},
		}},
	}
}

func exampleRepairs() meta.Repairs {
	return meta.Repairs{APIVersion: report.APIVersion, Kind: "MetadataRepair", Metadata: ".kfp-go", DryRun: true, Repairs: []meta.Repaired{{
		Object: "inbox/01a20ac3-d4f2-7a31-9c55-0e6f0a1b2c3d_" + exampleID + ".ndjson",
		Done:   "to be moved to damaged/inbox/01a20ac3-d4f2-7a31-9c55-0e6f0a1b2c3d_" + exampleID + ".ndjson: event damaged: it is torn: the closing line is missing",
	}}}
}

func exampleCompaction() meta.Compaction {
	return meta.Compaction{APIVersion: report.APIVersion, Kind: "MetadataCompaction", Metadata: "s3://bucket/team", Events: 412, Merged: 16, Segments: 2, Deleted: 380, Damaged: []meta.Finding{}}
}

func exampleCollection() meta.Collection {
	return meta.Collection{APIVersion: report.APIVersion, Kind: "MetadataCollection", Metadata: ".kfp-go", DryRun: true, Documents: 2, Bytes: 18230, Segments: 1, Damaged: []meta.Finding{},
		Runs: []meta.DeletedRun{{ID: exampleID, Name: "iris-e6426c", Pipeline: "iris", State: "failed", Created: *moment(0)}}}
}

func exampleStore() meta.Initialised {
	return meta.Initialised{APIVersion: report.APIVersion, Kind: "MetadataStore", Metadata: ".kfp-go", ID: exampleID, Version: 1, ConditionalWrites: true, Created: true}
}

func exampleFindings() render.Document {
	return render.Document{
		APIVersion: render.APIVersion, Kind: "Diagnostics", Files: []string{"pipeline.yaml"},
		Summary: render.Summary{Errors: 1},
		Findings: []render.Finding{{
			Code: "D113", Severity: "error", Message: `unknown component "prepair"`,
			Place:   &render.Place{File: "pipeline.yaml", Line: 18, Column: 16, EndLine: 18, EndColumn: 23, Offset: 371, EndOffset: 378},
			Hint:    `did you mean "prepare"?`,
			Related: []render.RelatedPlace{{Message: "defined here", Place: &render.Place{File: "pipeline.yaml", Line: 12, Column: 3, EndLine: 12, EndColumn: 10, Offset: 250, EndOffset: 257}}},
			Fix:     &render.Fix{Place: &render.Place{File: "pipeline.yaml", Line: 18, Column: 16, EndLine: 18, EndColumn: 23, Offset: 371, EndOffset: 378}, Text: "prepare"},
		}},
	}
}

func exampleReport() compile.Report {
	f := exampleFindings().Findings[0]
	f.Code, f.Severity, f.Message, f.Hint, f.Related, f.Fix = "A610", "warning", "Argo's backoff factor is a whole number; 1.5 is rounded", "write a whole number", nil, nil
	return compile.Report{
		APIVersion: render.APIVersion, Kind: "CompileReport", Pipeline: "iris", Source: "pipeline.yaml",
		Constructs: []compile.Construct{{
			ID: "retry", Title: "Retries, of a task or inherited from a sub-pipeline", Chapter: "Order, conditions, loops", Count: 1, Places: []render.Place{*f.Place},
			Argo: "`retryStrategy` of the pod; `backoffMaxDuration` is the longest single delay", Differs: "Argo multiplies by whole numbers: a fractional factor is rounded", Findings: []render.Finding{f},
		}},
		Findings: exampleFindings().Findings,
	}
}

func exampleConfig() configcmd.Document {
	return configcmd.Document{
		APIVersion: report.APIVersion, Kind: "Config", Root: "/home/ada/iris",
		Settings: []configcmd.Setting{{Key: "namespace", Value: "ml", From: "/home/ada/iris/kfp-go.yaml", Env: "KFPGO_NAMESPACE", Doc: "Kubernetes namespace; default: the context's"}},
	}
}

func exampleVersion() version.Document {
	return version.Document{
		APIVersion: render.APIVersion, Kind: "Version", Version: "v0.1.0", Commit: "0123456789abcdef", Date: "2026-11-23T09:00:00Z",
		Modified: true, Go: "go1.26.0", Platform: "linux/amd64",
	}
}
