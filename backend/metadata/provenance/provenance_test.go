package provenance

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

func finished() *metadata.Run {
	return &metadata.Run{
		ID: "01900000-0000-7000-8000-000000000001", By: metadata.Writer{Version: "v1"},
		RunRecord: metadata.RunRecord{State: metadata.Succeeded, Pipeline: "iris", Engine: "argo", Namespace: "ml", Spec: digest("a"), Manifest: digest("b"),
			Started: time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("", 3600)), Finished: time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC),
			Code:       &metadata.Code{Repository: "https://example.com/iris.git", Revision: strings.Repeat("c", 40), Dirty: true},
			Parameters: map[string]metadata.Value{"n": {Value: json.RawMessage("3")}, "key": {Redacted: true, HMAC: "x"}, "big": {Blob: digest("d")}},
			Outputs:    map[string]metadata.Value{"model": {Artifact: &metadata.ArtifactValue{URI: "s3://b/model", Digest: digest("e")}}}},
		Tasks: []*metadata.Task{
			{TaskRecord: metadata.TaskRecord{Path: "a", State: metadata.Succeeded, Image: "busybox:1", ImageDigest: digest("f")}},
			{TaskRecord: metadata.TaskRecord{Path: "b", State: metadata.Succeeded, Image: "python:3@" + digest("1"),
				Outputs: map[string]metadata.Value{"list": {IsList: true, Artifacts: []metadata.ArtifactValue{{URI: "s3://b/x"}, {URI: "s3://b/y", Digest: digest("2")}}}}},
				Earlier: []*metadata.TaskRecord{{Path: "b", Image: "tool:2"}}},
		},
		Artifacts: []*metadata.ArtifactRecord{
			{URI: "s3://b/raw", Dir: metadata.In, Task: "a", Digest: digest("3")},
			{URI: "s3://b/data", Dir: metadata.Out, Task: "a", Digest: "md5:1"},
			{URI: "s3://b/data", Dir: metadata.In, Task: "b"},
			{URI: "s3://b/model", Dir: metadata.Out, Task: "b", Digest: digest("e")},
		},
	}
}

func TestOf(t *testing.T) {
	s, unknown, err := Of(finished())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "_type": "https://in-toto.io/Statement/v1",
  "subject": [
    {
      "name": "s3://b/model",
      "uri": "s3://b/model",
      "digest": {
        "sha256": "` + strings.Repeat("e", 64) + `"
      }
    },
    {
      "name": "s3://b/y",
      "uri": "s3://b/y",
      "digest": {
        "sha256": "` + strings.Repeat("2", 64) + `"
      }
    }
  ],
  "predicateType": "https://slsa.dev/provenance/v1",
  "predicate": {
    "buildDefinition": {
      "buildType": "https://github.com/kfp-go/kfp-go/blob/main/docs/exchange.md#provenance",
      "externalParameters": {
        "pipeline": "iris",
        "parameters": {
          "big": {
            "digest": "` + digest("d") + `"
          },
          "key": {
            "redacted": true
          },
          "n": {
            "value": 3
          }
        }
      },
      "internalParameters": {
        "engine": "argo",
        "namespace": "ml"
      },
      "resolvedDependencies": [
        {
          "name": "pipeline",
          "digest": {
            "sha256": "` + strings.Repeat("a", 64) + `"
          }
        },
        {
          "name": "manifest",
          "digest": {
            "sha256": "` + strings.Repeat("b", 64) + `"
          }
        },
        {
          "name": "source",
          "uri": "git+https://example.com/iris.git",
          "digest": {
            "gitCommit": "` + strings.Repeat("c", 40) + `"
          },
          "annotations": {
            "dirty": true
          }
        },
        {
          "name": "image",
          "uri": "oci://busybox:1",
          "digest": {
            "sha256": "` + strings.Repeat("f", 64) + `"
          }
        },
        {
          "name": "image",
          "uri": "oci://python:3",
          "digest": {
            "sha256": "` + strings.Repeat("1", 64) + `"
          }
        },
        {
          "name": "image",
          "uri": "oci://tool:2"
        },
        {
          "uri": "s3://b/raw",
          "digest": {
            "sha256": "` + strings.Repeat("3", 64) + `"
          }
        }
      ]
    },
    "runDetails": {
      "builder": {
        "id": "https://github.com/kfp-go/kfp-go#argo",
        "version": {
          "kfp-go": "v1"
        }
      },
      "metadata": {
        "invocationId": "01900000-0000-7000-8000-000000000001",
        "startedOn": "2026-11-23T09:00:00Z",
        "finishedOn": "2026-11-23T09:05:00Z"
      }
    }
  }
}`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Error(d)
	}
	if !slices.Equal(unknown, []string{"s3://b/data", "s3://b/x"}) {
		t.Errorf("without a digest: %q", unknown)
	}
}

func TestRefused(t *testing.T) {
	r := finished()
	r.State = metadata.Running
	if _, _, err := Of(r); !errors.Is(err, ErrUnfinished) {
		t.Error(err)
	}
	r = finished()
	r.Artifacts, r.Outputs, r.Tasks[1].Outputs = r.Artifacts[1:2], nil, nil
	if _, unknown, err := Of(r); !errors.Is(err, ErrNoSubject) || len(unknown) != 1 {
		t.Error(unknown, err)
	}
}
