package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// An artifact is what travels between tasks by reference. At run time a value
// is a JSON value, an *artifact, or a []any of (lists of) *artifact.
type artifact struct {
	Name     string
	URI      string
	Schema   ir.ArtifactSchema
	Metadata map[string]any
	Bytes    int64 // −1: unknown
	Digest   string
}

// path is where the artifact's data lies on this machine.
func (a *artifact) path() (string, error) { return localPath(a.URI) }

// localPath is the file that a URI names; only file URIs and plain absolute
// paths have one.
func localPath(uri string) (string, error) {
	if filepath.IsAbs(uri) {
		return uri, nil
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Path == "" || u.Host != "" && u.Host != "localhost" {
		return "", fmt.Errorf("%q is not on this machine: only file:// URIs and absolute paths can be read here", uri)
	}
	return filepath.FromSlash(u.Path), nil
}

func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// kfpURI is the URI that a KFP program is given: for data on this machine the
// plain path, which KFP's SDK uses as path as it is.
func (a *artifact) kfpURI() string {
	if p, err := a.path(); err == nil {
		return p
	}
	return a.URI
}

// runtime is the artifact as KFP's RuntimeArtifact.
func (a *artifact) runtime(uri string) map[string]any {
	kind := map[string]any{}
	for _, f := range [...]struct{ k, v string }{
		{"schemaTitle", a.Schema.Title}, {"instanceSchema", a.Schema.Instance},
		{"schemaUri", a.Schema.URI}, {"schemaVersion", a.Schema.Version},
	} {
		if f.v != "" {
			kind[f.k] = f.v
		}
	}
	meta := a.Metadata
	if meta == nil {
		meta = map[string]any{}
	}
	return map[string]any{"name": a.Name, "uri": uri, "type": kind, "metadata": meta}
}

// maxDigested is the largest file, in bytes, that is read for its digest.
const maxDigested = 4 << 30

// measure finds out the size of the artifact's data and, of a single file that
// is not too large, its digest. It reports whether there is any data.
func (a *artifact) measure() (bool, error) {
	a.Bytes, a.Digest = -1, ""
	path, err := a.path()
	if err != nil {
		return true, nil // elsewhere, not ours to judge
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.IsDir():
		a.Bytes, err = folderSize(path)
		return true, err
	case !info.Mode().IsRegular():
		return true, nil
	case info.Size() > maxDigested:
		a.Bytes = info.Size()
		return true, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return true, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return true, err
	}
	a.Bytes, a.Digest = n, "sha256:"+hex.EncodeToString(h.Sum(nil))
	return true, nil
}

func folderSize(path string) (int64, error) {
	var n int64
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

func (a *artifact) record() *backend.Artifact {
	return &backend.Artifact{
		URI: a.URI, Type: schemaName(a.Schema), Metadata: a.Metadata, Bytes: a.Bytes, Digest: a.Digest,
	}
}

func schemaName(s ir.ArtifactSchema) string {
	switch {
	case s.Title != "":
		return s.Title
	case s.URI != "":
		return s.URI
	}
	return s.Instance
}

// artifactsOf is every artifact in a value, in order.
func artifactsOf(v any) []*artifact {
	switch v := v.(type) {
	case *artifact:
		return []*artifact{v}
	case []any:
		var out []*artifact
		for _, x := range v {
			out = append(out, artifactsOf(x)...)
		}
		return out
	}
	return nil
}

// plain is a value as JSON: artifacts become KFP's RuntimeArtifact.
func plain(v any) any {
	switch v := v.(type) {
	case *artifact:
		return v.runtime(v.URI)
	case []any:
		for i, x := range v {
			if y := plain(x); !same(x, y) {
				out := append([]any(nil), v...)
				for ; i < len(out); i++ {
					out[i] = plain(out[i])
				}
				return out
			}
		}
	}
	return v
}

// same reports whether plain changed nothing: it returns what it was given, so
// only artifacts and lists with artifacts differ.
func same(x, y any) bool {
	switch x := x.(type) {
	case *artifact:
		return false
	case []any:
		y, ok := y.([]any)
		return ok && (len(x) == 0 || &x[0] == &y[0])
	}
	return true
}

// outputsOf is the record of values under the names of ports.
func outputsOf(ports []*ir.Port, values map[string]any) map[string]backend.Output {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]backend.Output, len(values))
	for _, p := range ports {
		v, ok := values[p.Name.Text]
		if !ok || v == nil {
			continue
		}
		out[p.Name.Text] = outputOf(v, p.Type.IsArtifact())
	}
	return out
}

func outputOf(v any, isArtifact bool) backend.Output {
	if a, ok := v.(*artifact); ok {
		return backend.Output{Artifact: a.record()}
	}
	list := artifactsOf(v)
	if len(list) == 0 && !isArtifact {
		return backend.Output{Value: v}
	}
	o := backend.Output{List: make([]*backend.Artifact, len(list))}
	for i, a := range list {
		o.List[i] = a.record()
	}
	return o
}

// copyTree copies a file or a folder; symbolic links are followed at the top and
// left out below.
func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if !info.IsDir() {
		return copyFile(from, to)
	}
	return filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, from), string(filepath.Separator))
		switch dst := filepath.Join(to, rel); {
		case d.IsDir():
			return os.MkdirAll(dst, 0o755)
		case d.Type().IsRegular():
			return copyFile(p, dst)
		}
		return nil
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}
