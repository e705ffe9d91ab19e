//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const contentsPipeline = "testdata/contents.yaml"

// TestE2EContents: sizes and digests of what a run made are recorded, by runs
// sync and by who waits alike; they are those of the objects in the S3 server,
// and provenance has them when the Workflow is gone.
func TestE2EContents(t *testing.T) {
	server := clusterS3(t)
	stored := func(t *testing.T, uri any) string {
		t.Helper()
		code, text := server.do(t, "GET", strings.TrimPrefix(fmt.Sprint(uri), "s3://"), "")
		if code != 200 {
			t.Fatalf("%s: %d %s", uri, code, text)
		}
		return text
	}
	// check gives the digests of the two files, by URI.
	check := func(t *testing.T, tasks []recordedTask) map[string]string {
		t.Helper()
		if len(tasks) != 2 {
			t.Fatalf("%+v", tasks)
		}
		count, mk, digests := tasks[0], tasks[1], map[string]string{}
		for name, a := range map[string]any{"file": mk.Outputs["file"], "read": count.Inputs["file"], "report": count.Outputs["report"]} {
			got, _ := a.(map[string]any)
			text := stored(t, got["uri"])
			sum := sha256.Sum256([]byte(text))
			if got["bytes"] != float64(len(text)) || got["digest"] != "sha256:"+hex.EncodeToString(sum[:]) || len(text) == 0 {
				t.Errorf("%s: %v, the object has %d bytes and %x", name, got, len(text), sum)
			}
			digests[fmt.Sprint(got["uri"])] = hex.EncodeToString(sum[:])
		}
		if folder, _ := mk.Outputs["folder"].(map[string]any); folder["bytes"] != 8.0 || folder["digest"] != nil {
			t.Errorf("folder: %v", folder)
		}
		return digests
	}
	t.Run("sync", func(t *testing.T) {
		t.Parallel()
		meta := t.TempDir()
		r := kfp(t, meta, "submit", contentsPipeline)
		name := strings.TrimSpace(r.stdout)
		if r.exit != 0 {
			t.Fatal(r.stderr)
		}
		t.Cleanup(func() { deleteWorkflow(t, name) })
		completed(t, name)
		if r := kfp(t, meta, "runs", "sync"); r.exit != 0 || r.stderr != "" {
			t.Fatalf("sync: %+v", r)
		}
		before := get(t, meta, name)
		digests := check(t, before.Tasks)
		if r := kfp(t, meta, "runs", "sync", name); r.exit != 0 || r.stdout != "" {
			t.Errorf("second sync: %+v", r)
		}
		// Who cannot look takes nothing away.
		if r := kfp(t, meta, "runs", "sync", name, "--artifact-time", "0s"); r.exit != 0 || r.stdout != "" {
			t.Errorf("third sync: %+v", r)
		}
		vanish(t, name)
		r = kfp(t, meta, "lineage", name, "--output", "in-toto")
		var statement struct {
			Subject []struct {
				URI    string
				Digest struct{ SHA256 string }
			}
		}
		if err := json.Unmarshal([]byte(r.stdout), &statement); err != nil || r.exit != 0 || len(statement.Subject) != 2 || len(digests) != 2 {
			t.Fatalf("%v: %+v", err, r)
		}
		for _, s := range statement.Subject {
			if digests[s.URI] == "" || s.Digest.SHA256 != digests[s.URI] {
				t.Errorf("subject %+v, want %v", s, digests)
			}
		}
	})
	t.Run("wait", func(t *testing.T) {
		t.Parallel()
		meta := t.TempDir()
		r := kfp(t, meta, "submit", contentsPipeline, "--wait", "--output", "json")
		var shown recorded
		if err := json.Unmarshal([]byte(r.stdout), &shown); err != nil {
			t.Fatal(err, r.stderr)
		}
		t.Cleanup(func() { deleteWorkflow(t, shown.Name) })
		check(t, shown.Tasks)
		check(t, get(t, meta, shown.Name).Tasks)
	})
}
