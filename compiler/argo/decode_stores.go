package argo

import (
	"maps"
	"slices"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kfp-go/kfp-go/compiler/store"
)

// Stores are the places where artifacts and logs of the Workflow lie, as far as
// it names them: its repository, and what its templates write out.
func (r *Reader) Stores() store.Table {
	var all []*store.Store
	seen := map[string]bool{} // a bucket is described once
	add := func(l *wfv1.ArtifactLocation) {
		if l == nil {
			return
		}
		_, bucket, uri := bucketOfArtifact(&wfv1.Artifact{ArtifactLocation: *l})
		if bucket == "" || seen[uri] {
			return
		}
		seen[uri] = true
		if s := storeOf(l, uri); s != nil {
			all = append(all, s)
		}
	}
	if ref := r.wf.Status.ArtifactRepositoryRef; ref != nil {
		add(ref.ArtifactRepository.ToArtifactLocation())
	}
	for _, name := range slices.Sorted(maps.Keys(r.templates)) {
		t := r.templates[name]
		add(t.ArchiveLocation)
		for _, list := range []wfv1.Artifacts{t.Inputs.Artifacts, t.Outputs.Artifacts} {
			for i := range list {
				add(&list[i].ArtifactLocation)
			}
		}
	}
	return store.NewTable(all...)
}

// storeOf is the store of a location; nil when kfp-go cannot describe it.
func storeOf(l *wfv1.ArtifactLocation, uri string) *store.Store {
	place, err := store.Parse(uri + "/")
	if err != nil {
		return nil
	}
	s := &store.Store{Place: place}
	switch {
	case l.S3 != nil:
		s.Endpoint, s.Region, s.RoleARN, s.SDKCredentials = l.S3.Endpoint, l.S3.Region, l.S3.RoleARN, l.S3.UseSDKCreds
		s.Insecure = l.S3.Insecure != nil && *l.S3.Insecure
		s.AccessKey, s.SecretKey, s.SessionToken = secretOf(l.S3.AccessKeySecret), secretOf(l.S3.SecretKeySecret), secretOf(l.S3.SessionTokenSecret)
		s.CA = secretOf(l.S3.CASecret)
	case l.GCS != nil:
		s.ServiceAccountKey = secretOf(l.GCS.ServiceAccountKeySecret)
	case l.Azure != nil:
		s.Endpoint, s.SDKCredentials, s.AccountKey = l.Azure.Endpoint, l.Azure.UseSDKCreds, secretOf(l.Azure.AccountKeySecret)
	case l.OSS != nil:
		s.Endpoint, s.SDKCredentials = l.OSS.Endpoint, l.OSS.UseSDKCreds
		s.AccessKey, s.SecretKey = secretOf(l.OSS.AccessKeySecret), secretOf(l.OSS.SecretKeySecret)
	}
	return s
}

func secretOf(s *corev1.SecretKeySelector) store.Secret {
	if s == nil {
		return store.Secret{}
	}
	return store.Secret{Name: s.Name, Key: s.Key}
}
