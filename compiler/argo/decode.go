package argo

import (
	"encoding/json"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// What follows reads a Workflow that Argo has run, with nothing but what the
// manifest says of itself. Nodes must be unpacked.

// A Result is the value of a parameter, or where an artifact lies.
type Result struct {
	Value    any        // parameters: a JSON value
	Artifact *Located   // one artifact
	List     []*Located // a list of artifacts
}

// A Located is an artifact by reference.
type Located struct {
	URI, Type string
	Metadata  map[string]any
}

// A Reader answers questions about one Workflow.
type Reader struct {
	wf        *wfv1.Workflow
	templates map[string]*wfv1.Template
	elements  map[string]map[string]string
	paths     map[string]string
	root      *store.Root // where the run's artifacts go; nil: its repository
}

// NewReader reads the Workflow's own templates, or those of the template it was
// made from.
func NewReader(wf *wfv1.Workflow) *Reader {
	r := &Reader{wf: wf, templates: map[string]*wfv1.Template{}, elements: map[string]map[string]string{}, paths: map[string]string{}}
	if text := wf.Annotations[NoteArtifactRoot]; text != "" {
		r.root, _ = store.ParseRoot(text)
	}
	list := wf.Spec.Templates
	if len(list) == 0 && wf.Status.StoredWorkflowSpec != nil {
		list = wf.Status.StoredWorkflowSpec.Templates
	}
	for i := range list {
		r.templates[list[i].Name] = &list[i]
	}
	return r
}

// TaskPaths gives, for the node of each container task, importer and claim, the
// path of the task; attempts are left to the Retry node above them.
func TaskPaths(wf *wfv1.Workflow) map[string]string { return NewReader(wf).TaskPaths() }

// TaskPaths: see the function.
func (r *Reader) TaskPaths() map[string]string {
	out := map[string]string{}
	for id := range r.wf.Status.Nodes {
		node := r.wf.Status.Nodes[id]
		if r.isTask(&node) {
			if p := r.path(&node); p != "" {
				out[id] = p
			}
		}
	}
	return out
}

// Template is the node's template, nil if it is not the manifest's.
func (r *Reader) Template(node *wfv1.NodeStatus) *wfv1.Template {
	return r.templates[node.TemplateName]
}

func (r *Reader) isTask(node *wfv1.NodeStatus) bool {
	t := r.Template(node)
	if t == nil || node.NodeFlag != nil && node.NodeFlag.Retried {
		return false
	}
	if node.Type == wfv1.NodeTypeTaskGroup {
		return false
	}
	return t.Container != nil || t.Resource != nil || isImporter(t)
}

// isImporter knows the DAG of one task that never runs.
func isImporter(t *wfv1.Template) bool {
	return t.DAG != nil && len(t.DAG.Tasks) == 1 && t.DAG.Tasks[0].Inline != nil && t.DAG.Tasks[0].Name == importerTask
}

const importerTask = "nothing"

// path is the node's place in the pipeline.
func (r *Reader) path(node *wfv1.NodeStatus) string {
	if p, ok := r.paths[node.ID]; ok {
		return p
	}
	r.paths[node.ID] = "" // ends a circle in a damaged status
	parent, ok := r.wf.Status.Nodes[node.BoundaryID]
	if !ok || node.BoundaryID == "" {
		return ""
	}
	name, index := splitIndex(node.DisplayName)
	e := r.element(&parent, name)
	if e == "[*]" {
		e = "[" + index + "]"
		if index == "" {
			e = ""
		}
	}
	p := joinPath(r.path(&parent), e)
	r.paths[node.ID] = p
	return p
}

// splitIndex takes "item(3:3)" apart.
func splitIndex(name string) (task, index string) {
	open := strings.LastIndexByte(name, '(')
	if open < 0 || !strings.HasSuffix(name, ")") {
		return name, ""
	}
	inner := name[open+1 : len(name)-1]
	index, _, ok := strings.Cut(inner, ":")
	if !ok {
		return name[:open], ""
	}
	return name[:open], index
}

func (r *Reader) element(parent *wfv1.NodeStatus, task string) string {
	e, ok := r.elements[parent.TemplateName]
	if !ok {
		if t := r.Template(parent); t != nil {
			e = pathElements(t)
		}
		r.elements[parent.TemplateName] = e
	}
	return element(e, task)
}

// Parameters are the run's parameters, absent ones left out.
func (r *Reader) Parameters() map[string]any {
	kinds := r.note("inputs")
	args := r.wf.Spec.Arguments.Parameters
	if len(args) == 0 && r.wf.Status.StoredWorkflowSpec != nil {
		args = r.wf.Status.StoredWorkflowSpec.Arguments.Parameters
	}
	out := map[string]any{}
	for _, p := range args {
		if p.Value == nil {
			continue
		}
		text := p.Value.String()
		if kinds[p.Name] == "" || text == noText {
			if text != noText {
				out[p.Name] = text
			}
			continue
		}
		if v, err := ir.ParseJSON(text); err == nil {
			if v != nil {
				out[p.Name] = v
			}
		} else {
			out[p.Name] = text
		}
	}
	return out
}

func (r *Reader) note(key string) map[string]string {
	all := map[string]map[string]string{}
	_ = json.Unmarshal([]byte(r.wf.Annotations[NoteParameters]), &all)
	return all[key]
}

// Outputs are the run's outputs, absent ones left out.
func (r *Reader) Outputs() map[string]Result {
	root, ok := r.wf.Status.Nodes[r.wf.Name]
	if !ok || root.Outputs == nil {
		return map[string]Result{}
	}
	kinds := r.note("outputs")
	out := map[string]Result{}
	for _, p := range root.Outputs.Parameters {
		if p.Value != nil {
			r.put(out, p.Name, p.Value.String(), kinds)
		}
	}
	r.artifacts(out, root.Outputs.Artifacts, kinds)
	return out
}

// put adds a parameter that holds JSON: a value, or the record of an artifact.
func (r *Reader) put(out map[string]Result, name, text string, kinds map[string]string) {
	v, err := ir.ParseJSON(text)
	if err != nil {
		v = text
	}
	if v == nil {
		return
	}
	port, isRecord := strings.CutSuffix(name, "--artifact")
	if !isRecord {
		out[name] = Result{Value: v}
		return
	}
	if list, ok := v.([]any); ok {
		all := []*Located{}
		for _, x := range list {
			if a := r.record(x, kinds[port]); a != nil {
				all = append(all, a)
			}
		}
		out[port] = Result{List: all}
		return
	}
	if a := r.record(v, kinds[port]); a != nil {
		out[port] = Result{Artifact: a}
	}
}

func (r *Reader) record(v any, kind string) *Located {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := &Located{Type: strings.TrimPrefix(kind, "artifact:")}
	out.URI, _ = m["uri"].(string)
	out.URI = r.uri(out.URI)
	out.Metadata, _ = m["metadata"].(map[string]any)
	if t, ok := m["type"].(map[string]any); ok {
		if title, ok := t["schemaTitle"].(string); ok && title != "" {
			out.Type = title
		}
	}
	return out
}

// artifacts adds Argo's own artifacts, unless a record told more already.
func (r *Reader) artifacts(out map[string]Result, list wfv1.Artifacts, kinds map[string]string) {
	for i := range list {
		a := &list[i]
		if a.Name == mainLogs || a.Name == taskFolder || strings.Contains(a.Name, storeMark) || out[a.Name].Artifact != nil || out[a.Name].List != nil {
			continue
		}
		uri := r.location(a)
		if uri == "" {
			continue
		}
		kind, _, _ := strings.Cut(kinds[a.Name], " ")
		out[a.Name] = Result{Artifact: &Located{URI: uri, Type: strings.TrimPrefix(kind, "artifact:")}}
	}
}

// location is the URI of an Argo artifact; parts that it leaves out are those
// of the run's repository.
func (r *Reader) location(a *wfv1.Artifact) string {
	key, err := a.GetKey()
	if err != nil || key == "" {
		return ""
	}
	kind, bucket, uri := bucketOfArtifact(a)
	if root := r.root; root != nil && (bucket == "" || kind == root.Kind && bucket == root.Bucket) {
		if rest, ok := strings.CutPrefix(key, root.Prefix); ok {
			return root.URI + rest
		}
	}
	if bucket != "" {
		return uri + "/" + key
	}
	return r.inRepository(key)
}

// mainLogs is Argo's name for what an attempt printed.
const mainLogs = "main-logs"

// Logs is the URI of the archived log of an attempt, "" if there is none. Argo
// keeps logs in the run's repository, wherever artifacts go.
func (r *Reader) Logs(node *wfv1.NodeStatus) string {
	if node.Outputs == nil {
		return ""
	}
	for i := range node.Outputs.Artifacts {
		a := &node.Outputs.Artifacts[i]
		if a.Name != mainLogs {
			continue
		}
		key, err := a.GetKey()
		if err != nil || key == "" {
			return ""
		}
		uri := r.inRepository(key)
		if _, bucket, place := bucketOfArtifact(a); bucket != "" {
			uri = place + "/" + key
		}
		if !strings.Contains(uri, "://") {
			return ""
		}
		return uri
	}
	return ""
}

// bucketOfArtifact is the bucket that an artifact names, and its URI.
func bucketOfArtifact(a *wfv1.Artifact) (kind store.Kind, bucket, uri string) {
	switch {
	case a.S3 != nil && a.S3.Bucket != "":
		return store.S3, a.S3.Bucket, "s3://" + a.S3.Bucket
	case a.GCS != nil && a.GCS.Bucket != "":
		return store.GCS, a.GCS.Bucket, "gs://" + a.GCS.Bucket
	case a.Azure != nil && a.Azure.Container != "":
		return store.Azure, a.Azure.Container, strings.TrimRight(a.Azure.Endpoint, "/") + "/" + a.Azure.Container
	case a.OSS != nil && a.OSS.Bucket != "":
		return store.OSS, a.OSS.Bucket, "oss://" + a.OSS.Bucket
	}
	return 0, "", ""
}

func (r *Reader) inRepository(key string) string {
	ref := r.wf.Status.ArtifactRepositoryRef
	if ref == nil {
		return key
	}
	switch repo := ref.ArtifactRepository; {
	case repo.S3 != nil:
		return "s3://" + repo.S3.Bucket + "/" + key
	case repo.GCS != nil:
		return "gs://" + repo.GCS.Bucket + "/" + key
	case repo.Azure != nil:
		return strings.TrimRight(repo.Azure.Endpoint, "/") + "/" + repo.Azure.Container + "/" + key
	case repo.OSS != nil:
		return "oss://" + repo.OSS.Bucket + "/" + key
	}
	return key
}

// uri turns the paths that stand for URIs into URIs.
func (r *Reader) uri(uri string) string {
	if key, ok := strings.CutPrefix(uri, localRoot); ok {
		return r.inRepository(key)
	}
	return store.FromPath(uri)
}

// Values are the inputs and outputs of a task, given its node (of a Retry node:
// of its last attempt).
func (r *Reader) Values(node *wfv1.NodeStatus) (in, out map[string]Result) {
	in, out = map[string]Result{}, map[string]Result{}
	if node.Inputs != nil {
		for _, p := range node.Inputs.Parameters {
			if p.Value != nil && !strings.HasPrefix(p.Name, "kfp-setting-") && !strings.HasPrefix(p.Name, hiddenValue) {
				r.put(in, p.Name, p.Value.String(), nil)
			}
		}
		r.artifacts(in, node.Inputs.Artifacts, nil)
	}
	if node.Outputs == nil {
		return in, out
	}
	kinds := r.ports(node)
	said := r.executorOutput(node.Outputs.Parameters)
	for _, p := range node.Outputs.Parameters {
		if p.Value == nil || p.Name == executorOutput {
			continue
		}
		r.output(out, p.Name, p.Value.String(), kinds, said)
	}
	r.artifacts(out, node.Outputs.Artifacts, kinds)
	for name, a := range said.Artifacts {
		kind, _, _ := strings.Cut(kinds[name], " ")
		title, declared := strings.CutPrefix(kind, "artifact:")
		x := out[name].Artifact
		if len(a.Artifacts) == 0 || x == nil && !declared {
			continue
		}
		if x == nil { // metrics: metadata and no file
			x = &Located{Type: title}
			out[name] = Result{Artifact: x}
		}
		said := a.Artifacts[0]
		if said.URI != "" {
			x.URI = r.uri(said.URI)
		}
		x.Metadata = said.Metadata
	}
	return in, out
}

func (r *Reader) ports(node *wfv1.NodeStatus) map[string]string {
	out := map[string]string{}
	if t := r.Template(node); t != nil {
		_ = json.Unmarshal([]byte(t.Annotations[NotePorts]), &out)
	}
	return out
}

type said struct {
	ParameterValues map[string]any `json:"parameterValues"`
	Artifacts       map[string]struct {
		Artifacts []struct {
			URI      string         `json:"uri"`
			Metadata map[string]any `json:"metadata"`
		} `json:"artifacts"`
	} `json:"artifacts"`
}

func (r *Reader) executorOutput(list []wfv1.Parameter) said {
	var out said
	for _, p := range list {
		if p.Name == executorOutput && p.Value != nil {
			_ = json.Unmarshal([]byte(p.Value.String()), &out)
		}
	}
	return out
}

// output adds an output parameter of a container: what the executor said of
// it, else the content of its file, by its declared type.
func (r *Reader) output(out map[string]Result, name, text string, kinds map[string]string, s said) {
	if strings.HasSuffix(name, "--artifact") {
		r.put(out, name, text, kinds)
		return
	}
	if v, ok := s.ParameterValues[name]; ok && v != nil {
		out[name] = Result{Value: v}
		return
	}
	if text == noValue {
		return
	}
	kind, _, _ := strings.Cut(kinds[name], " ")
	if kind == "" || kind == "string" {
		out[name] = Result{Value: text}
		return
	}
	if v, ok := fileValue(kind, strings.TrimSpace(text)); ok {
		out[name] = Result{Value: v}
	} else if text != "" {
		out[name] = Result{Value: text}
	}
}

// fileValue reads what a program wrote for an output of the kind, as fromFile
// has Argo do it.
func fileValue(kind, text string) (v any, ok bool) {
	var err error
	switch kind {
	case "boolean":
		v, err = strconv.ParseBool(text)
	case "integer":
		v, err = strconv.ParseInt(text, 10, 64)
	case "number":
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			v, err = ir.ParseJSON(ir.Text(f))
		}
	default:
		v, err = ir.ParseJSON(text)
	}
	return v, err == nil
}
