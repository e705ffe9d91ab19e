package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// importer makes an artifact from a URI; nothing is read or copied.
func (r *run) importer(s *scope, c *ir.Component, im *ir.Importer, inputs map[string]any, path string) outcome {
	inner := &scope{
		run: r, ctx: s.ctx, inputs: inputs, task: s.task, path: path,
		box: &box{comp: c, inputs: inputs, symbolic: true},
	}
	a, err := importArtifact(inner, im)
	if err != nil {
		r.setTask(path, func(t *backend.Task) {
			t.State, t.Message, t.Class, t.Finished = backend.Failed, err.Error(), ir.FailError.String(), r.now()
		})
		r.failure(s.ctx, path, err.Error())
		return failed("%s", err)
	}
	values := map[string]any{im.Output: a}
	r.setTask(path, func(t *backend.Task) {
		t.State, t.Component, t.Started, t.Finished = backend.Succeeded, c.Name.Text, r.now(), r.now()
		t.Inputs, t.Outputs = outputsOf(c.Inputs, inputs), outputsOf(c.Outputs, values)
	})
	return succeeded(values)
}

func importArtifact(s *scope, im *ir.Importer) (*artifact, error) {
	uri, err := s.text(im.URI)
	if err != nil {
		return nil, err
	}
	if uri == "" {
		return nil, errors.New("the URI to import is empty")
	}
	meta, err := s.eval(im.Metadata)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	a := &artifact{Name: im.Output, URI: uri, Schema: im.Type.Schema, Bytes: -1}
	a.Metadata, _ = plain(meta).(map[string]any)
	if im.ToWorkspace {
		if err := s.run.toWorkspace(s.path, a); err != nil {
			return nil, err
		}
	}
	if _, err := a.measure(); err != nil {
		a.Bytes = -1
	}
	return a, nil
}

// inWorkspace is the metadata of an artifact whose data is also in the
// workspace.
const inWorkspace = "_kfp_workspace"

// toWorkspace copies an artifact's data into the run's workspace.
func (r *run) toWorkspace(task string, a *artifact) error {
	from, err := a.path()
	if err != nil {
		r.note("warning: " + task + ": not copied into the workspace: " + err.Error())
		return nil
	}
	if err := copyTree(from, r.workspaceCopy(from)); err != nil {
		return fmt.Errorf("copy into the workspace: %w", err)
	}
	meta := map[string]any{inWorkspace: true}
	for k, v := range a.Metadata {
		meta[k] = v
	}
	a.Metadata = meta
	return nil
}

func (r *run) workspaceCopy(path string) string {
	return filepath.Join(r.dir, workspaceName, ".artifacts", path)
}

// claimVolume stands in for a PersistentVolumeClaim with a folder of the run.
func (r *run) claimVolume(s *scope, c *ir.Component, cl *ir.Claim, inputs map[string]any, path string) outcome {
	name, _ := inputs["pvc_name"].(string)
	if name == "" {
		suffix, _ := inputs["pvc_name_suffix"].(string)
		name = r.name + suffix
	}
	dir := filepath.Join(r.dir, "claims", fileName(name))
	var err error
	values := map[string]any{}
	if cl.Delete {
		err = os.RemoveAll(dir)
	} else {
		err = os.MkdirAll(dir, 0o755)
		values["name"] = name
	}
	r.setTask(path, func(t *backend.Task) {
		t.Component, t.Started, t.Finished, t.State = c.Name.Text, r.now(), r.now(), backend.Succeeded
		t.Inputs, t.Outputs = outputsOf(c.Inputs, inputs), outputsOf(c.Outputs, values)
		if err != nil {
			t.State, t.Message, t.Class = backend.Failed, err.Error(), ir.FailInfrastructure.String()
		}
	})
	if err != nil {
		r.failure(s.ctx, path, err.Error())
		return failed("%s", err)
	}
	return succeeded(values)
}
