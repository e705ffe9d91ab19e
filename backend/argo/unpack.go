package argo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/backend"
)

// maxNodes bounds the decompressed status, in bytes.
const maxNodes = 256 << 20

// unpack restores a node status that Argo has compressed, or keeps in a database,
// which only its server can read.
func (r *Runner) unpack(ctx context.Context, wf *wfv1.Workflow) error {
	if r.server != nil && wf.Status.OffloadNodeStatusVersion != "" && len(wf.Status.Nodes) == 0 {
		whole, err := r.server.live(ctx, wf.Namespace, wf.Name)
		if err != nil {
			return err
		}
		if whole.UID == wf.UID {
			wf.Status = whole.Status
		}
	}
	return unpack(wf)
}

// unpack restores a node status that Argo has compressed. One that the cluster
// keeps in a database is out of reach and says so.
func unpack(wf *wfv1.Workflow) error {
	if wf.Status.OffloadNodeStatusVersion != "" && len(wf.Status.Nodes) == 0 {
		return fmt.Errorf("the tasks of Workflow %s/%s are not in its status: this cluster offloads large ones to a database, which only Argo's server can read (the key argo-server says where it is): %w",
			wf.Namespace, wf.Name, backend.ErrUnavailable)
	}
	if wf.Status.CompressedNodes == "" {
		return nil
	}
	nodes, err := inflate(wf.Status.CompressedNodes)
	if err != nil {
		return fmt.Errorf("the compressed status of Workflow %s/%s is damaged: %w", wf.Namespace, wf.Name, err)
	}
	wf.Status.Nodes, wf.Status.CompressedNodes = nodes, ""
	return nil
}

func inflate(text string) (wfv1.Nodes, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxNodes+1))
	if err != nil {
		return nil, err
	}
	if len(plain) > maxNodes {
		return nil, fmt.Errorf("more than %d MiB", maxNodes>>20)
	}
	var nodes wfv1.Nodes
	return nodes, json.Unmarshal(plain, &nodes)
}
