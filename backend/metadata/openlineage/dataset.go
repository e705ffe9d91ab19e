package openlineage

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/taskpath"
)

// DatasetName splits where an artifact lies into OpenLineage's namespace and
// name: a bucket and the key in it, or "file" and an absolute path. What is no
// URL is a name without a source of its own.
func DatasetName(uri string) (namespace, name string) {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return "kfp-go", uri
	case u.Opaque != "":
		return u.Scheme, u.Opaque
	case u.Host == "" || u.Scheme == "file":
		return u.Scheme, cmp.Or(u.Path, "/")
	}
	return u.Scheme + "://" + u.Host, cmp.Or(strings.TrimPrefix(u.Path, "/"), "/")
}

// edges are the artifacts that a task ("": the run itself) read or wrote.
func edges(r *metadata.Run, task, dir string) []*metadata.ArtifactRecord {
	at, _ := slices.BinarySearchFunc(r.Artifacts, task, func(a *metadata.ArtifactRecord, task string) int { return taskpath.Compare(a.Task, task) })
	var out []*metadata.ArtifactRecord
	for ; at < len(r.Artifacts) && r.Artifacts[at].Task == task; at++ {
		if r.Artifacts[at].Dir == dir {
			out = append(out, r.Artifacts[at])
		}
	}
	return out
}

// datasets are the artifacts among a task's values and its edges, each once, in
// order of their names.
func datasets(values map[string]metadata.Value, edges []*metadata.ArtifactRecord) []Dataset {
	var out []Dataset
	seen := map[string]bool{}
	add := func(port string, a metadata.ArtifactValue) {
		if a.URI == "" || seen[a.URI] {
			return
		}
		seen[a.URI] = true
		out = append(out, dataset(port, a))
	}
	for _, e := range edges {
		add(e.Name, metadata.ArtifactValue{URI: e.URI, Type: e.Type, Digest: e.Digest, Bytes: e.Bytes})
	}
	for _, port := range slices.Sorted(maps.Keys(values)) {
		v := values[port]
		if v.Artifact != nil {
			add(port, *v.Artifact)
		}
		for _, a := range v.Artifacts {
			add(port, a)
		}
	}
	slices.SortStableFunc(out, func(a, b Dataset) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return out
}

func dataset(port string, a metadata.ArtifactValue) Dataset {
	d := Dataset{Facets: DatasetFacets{KFPGo: &ArtifactFacet{facet(spec + "DatasetFacet"), port, a.Type, a.Bytes}}}
	d.Namespace, d.Name = DatasetName(a.URI)
	if a.Digest != "" {
		d.Facets.Version = &VersionFacet{facet(facetSpec + "1-0-0/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"), a.Digest}
	}
	return d
}
