package argo

import (
	"slices"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// Artifacts lie in the run's repository, of which a manifest knows nothing but
// keys, or in a store that is configured: its whole location is written down.
// What is given only as a key is looked up in the repository whatever kind of
// location holds the key, so a key for S3 serves every repository.

// settle reads the artifact root: what the settings say, else the pipeline.
func (l *lowerer) settle() {
	l.table = l.opt.Stores
	text, own := l.opt.ArtifactRoot, false
	if text == "" {
		text, own = l.p.ArtifactRoot, true
	}
	if text == "" {
		return
	}
	root, err := store.ParseRoot(text)
	switch {
	case err != nil && own && l.p.Dialect == ir.KFP:
		// KFP's own backend does not even look at it.
		l.warn(msgRootIgnored(l.rootAt(), err))
		return
	case err != nil:
		l.fail(msgRoot(l.rootAt(), err))
		return
	}
	l.base, l.rootText = root, text
	l.home = root.Store(l.table)
	switch found := l.table.Find(root.URI); {
	case l.home == nil:
		l.note(msgRootByKey(l.rootAt(), strings.TrimSuffix(root.URI, "/")))
	case found == nil || !sameReach(found, l.home):
		l.table = store.NewTable(append([]*store.Store{l.home}, l.table...)...)
	}
}

// rootAt is where the pipeline states its root, else its name.
func (l *lowerer) rootAt() source.Span {
	if l.opt.ArtifactRoot == "" && !l.p.RootAt.IsZero() {
		return l.p.RootAt
	}
	return l.p.Name.At
}

// sameReach reports whether two stores differ in their URIs at most.
func sameReach(a, b *store.Store) bool {
	x, y := *a, *b
	x.Place, y.Place = store.Place{}, store.Place{}
	return x == y
}

// artifactRoot is the URI below which artifacts get theirs, ending in a slash.
func (l *lowerer) artifactRoot() string {
	if l.base == nil {
		return localRoot
	}
	return l.base.URI
}

// located is the location of a key below the artifact root.
func (l *lowerer) located(key string) wfv1.ArtifactLocation {
	if l.base != nil {
		key = l.base.Prefix + key
	}
	if l.home == nil {
		return wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: key}}
	}
	get := func(get func(*store.Store) string) string { return get(l.home) }
	return location(formOf(l.home), get, get, key)
}

// A form is what cannot be computed in a location: stores of equal form can
// share one input artifact that finds out at run time which of them is meant.
type form struct {
	kind                store.Kind
	insecure, ambient   bool
	session, ca, static bool // which secrets it has
}

func formOf(s *store.Store) form {
	return form{s.Kind, s.Insecure, s.SDKCredentials, s.SessionToken != store.Secret{}, s.CA != store.Secret{},
		s.AccessKey != store.Secret{} || s.AccountKey != store.Secret{} || s.ServiceAccountKey != store.Secret{}}
}

// location writes a store's location down. text gives the text of a field;
// name that of a secret, which is mounted wherever it is not empty.
func location(f form, text, name func(get func(*store.Store) string) string, key string) wfv1.ArtifactLocation {
	bucket := text(func(s *store.Store) string { return s.Bucket })
	endpoint := text(func(s *store.Store) string { return s.Endpoint })
	secret := func(has bool, get func(*store.Store) store.Secret) *corev1.SecretKeySelector {
		if !has {
			return nil
		}
		return &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: name(func(s *store.Store) string { return get(s).Name })},
			Key:                  text(func(s *store.Store) string { return get(s).Key }),
		}
	}
	accessKey := func(s *store.Store) store.Secret { return s.AccessKey }
	secretKey := func(s *store.Store) store.Secret { return s.SecretKey }
	switch f.kind {
	case store.GCS:
		return wfv1.ArtifactLocation{GCS: &wfv1.GCSArtifact{Key: key, GCSBucket: wfv1.GCSBucket{Bucket: bucket,
			ServiceAccountKeySecret: secret(f.static, func(s *store.Store) store.Secret { return s.ServiceAccountKey })}}}
	case store.Azure:
		return wfv1.ArtifactLocation{Azure: &wfv1.AzureArtifact{Blob: key, AzureBlobContainer: wfv1.AzureBlobContainer{
			Container: bucket, Endpoint: endpoint, UseSDKCreds: f.ambient,
			AccountKeySecret: secret(f.static, func(s *store.Store) store.Secret { return s.AccountKey })}}}
	case store.OSS:
		return wfv1.ArtifactLocation{OSS: &wfv1.OSSArtifact{Key: key, OSSBucket: wfv1.OSSBucket{
			Bucket: bucket, Endpoint: endpoint, UseSDKCreds: f.ambient,
			AccessKeySecret: secret(f.static, accessKey), SecretKeySecret: secret(f.static, secretKey)}}}
	}
	out := &wfv1.S3Artifact{Key: key, S3Bucket: wfv1.S3Bucket{Bucket: bucket, Endpoint: endpoint, UseSDKCreds: f.ambient,
		Region:          text(func(s *store.Store) string { return s.Region }),
		RoleARN:         text(func(s *store.Store) string { return s.RoleARN }),
		AccessKeySecret: secret(f.static, accessKey), SecretKeySecret: secret(f.static, secretKey),
		SessionTokenSecret: secret(f.session, func(s *store.Store) store.Secret { return s.SessionToken }),
		CASecret:           secret(f.ca, func(s *store.Store) store.Secret { return s.CA })}}
	if f.insecure {
		out.Insecure = ptr.To(true)
	}
	return wfv1.ArtifactLocation{S3: out}
}

// A reach is one of the input artifacts through which an artifact of any URI
// comes in: the repository, or the stores of one form.
type reach struct {
	l      *lowerer
	form   form
	stores []*store.Store
	own    bool // the run's repository
}

// reaches are those of some stores. First comes the one that the run's own
// artifacts lie in: the repository, or the store of its root.
func (l *lowerer) reaches(wanted func(*store.Store) bool) []*reach {
	var out []*reach
	if l.home == nil {
		out = append(out, &reach{l: l, own: true})
	} else {
		out = append(out, &reach{l: l, form: formOf(l.home)})
	}
	for _, s := range l.table {
		if !wanted(s) {
			continue
		}
		f := formOf(s)
		i := slices.IndexFunc(out, func(r *reach) bool { return !r.own && r.form == f })
		if i < 0 {
			i = len(out)
			out = append(out, &reach{l: l, form: f})
		}
		out[i].stores = append(out[i].stores, s)
	}
	return out
}

// choose is expr-lang text that gives, for the URI in "#", what belongs to its
// store. Of nested stores the innermost counts.
func (r *reach) choose(of func(*store.Store) string, none string) string {
	out := none
	for i := len(r.l.table) - 1; i >= 0; i-- {
		s := r.l.table[i]
		text := none
		if slices.Contains(r.stores, s) {
			text = of(s)
		} else if !r.near(s) {
			continue
		}
		out = "(" + lies(s.URI, s.Path(), s.SDK()) + " ? " + text + " : " + out + ")"
	}
	return out
}

// near reports whether a store of another reach lies in one of this.
func (r *reach) near(s *store.Store) bool {
	if r.own {
		return r.l.base != nil && strings.HasPrefix(s.URI, bucketOf(r.l.base.URI, r.l.base))
	}
	return slices.ContainsFunc(r.stores, func(x *store.Store) bool { return strings.HasPrefix(s.URI, x.URI) })
}

// lies tests whether the URI in "#" is one below a place.
func lies(uri, path string, sdk bool) string {
	test := "# startsWith " + expr.ArgoString(uri)
	if !sdk {
		test = "(" + test + " or # startsWith " + expr.ArgoString(path) + ")"
	}
	return test
}

func keyBehind(slashes int) string {
	return "join(split(#,'/')[" + strconv.Itoa(slashes) + ":],'/')"
}

// key is expr-lang text of the key of a URI; empty where it is not of this
// reach, and Argo leaves the artifact out.
func (r *reach) key(uri string) string {
	if !r.own {
		return "map([" + uri + "]," + r.choose(func(s *store.Store) string { return keyBehind(s.KeyStart()) }, "''") + ")[0]"
	}
	root := r.l.base
	switch {
	case root == nil && len(r.l.table) == 0:
		return keyExpr(uri)
	case root == nil:
		return "map([" + uri + "],# startsWith '" + localRoot + "' ? #[" + strconv.Itoa(len(localRoot)) + ":] : '')[0]"
	}
	here := lies(bucketOf(root.URI, root), bucketOf(root.Path(), root), root.SDK())
	return "map([" + uri + "]," + r.choose(nil, "("+here+" ? "+keyBehind(root.KeyStart())+" : '')") + ")[0]"
}

// bucketOf cuts a root's own prefix off.
func bucketOf(uri string, r *store.Root) string { return strings.TrimSuffix(uri, r.Prefix) }

// location is where the artifact of a URI lies, if it is one of this reach.
func (r *reach) location(uri string) wfv1.ArtifactLocation {
	key := tag(r.key(uri))
	if r.own {
		return wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: key}}
	}
	name := func(get func(*store.Store) string) string {
		return tag("map([" + uri + "]," + r.choose(func(s *store.Store) string { return expr.ArgoString(get(s)) }, "''") + ")[0]")
	}
	text := func(get func(*store.Store) string) string {
		first := get(r.stores[0])
		if slices.ContainsFunc(r.stores, func(s *store.Store) bool { return get(s) != first }) {
			return name(get)
		}
		return first
	}
	return location(r.form, text, name, key)
}

// storeMark stands in the names of input artifacts of all reaches but the
// first.
const storeMark = "--store-"

// mount adds the input artifacts through which the artifact of a URI comes in.
// A producer may leave it out, which only warns.
func (p *pod) mount(port *ir.Port, uri string) {
	reaches := p.l.reaches(func(s *store.Store) bool { return p.l.origins.reach(port, s) })
	if p.byURI {
		// One artifact for two inputs has one path, at which it is mounted once.
		earlier := strings.Join(p.mounted, ",")
		p.mounted = append(p.mounted, uri)
		if earlier != "" {
			uri = "(" + uri + " in [" + earlier + "] ? '' : " + uri + ")"
		}
	}
	list := fetch(reaches, portName(port.Name.Text), uri, "", p.byURI)
	for i := range list {
		list[i].Optional = true
	}
	p.t.Inputs.Artifacts = append(p.t.Inputs.Artifacts, list...)
}

// reachesOf are those through which an import can come.
func (l *lowerer) reachesOf(v ir.Value) []*reach {
	all := l.reaches(func(*store.Store) bool { return true })
	if lit, ok := v.(*ir.Literal); ok {
		s := l.table.Find(ir.Text(lit.V))
		for _, r := range all {
			if r.own && s == nil || slices.Contains(r.stores, s) {
				return []*reach{r}
			}
		}
	}
	return all
}

// fetch are the input artifacts for a URI, in expr-lang, one for each reach; of
// several only one is supplied. They go to the local path of the URI below a
// folder, or to a path of their own.
func fetch(reaches []*reach, name, uri, below string, byURI bool) []wfv1.Artifact {
	out := make([]wfv1.Artifact, len(reaches))
	for i, r := range reaches {
		a := &out[i]
		*a = wfv1.Artifact{Name: name, Path: inputFolder + name, Optional: len(reaches) > 1, ArtifactLocation: r.location(uri)}
		if i > 0 {
			a.Name += storeMark + strconv.Itoa(i)
		}
		chosen := func(there func(*store.Store) string) string {
			// No two artifacts may even look as if they went to one place.
			return tag("map([" + uri + "]," + r.choose(there, expr.ArgoString(inputFolder+a.Name)) + ")[0]")
		}
		switch {
		case byURI && r.own && below != "":
			a.Path = below + tag(r.l.localExpr(uri))
		case byURI && below != "":
			a.Path = chosen(func(s *store.Store) string { return concat([]string{expr.ArgoString(below), storePath(s)}) })
		case byURI && r.own:
			a.Path = tag(r.l.mountExpr(uri, a.Path))
		case byURI:
			a.Path = chosen(storePath)
		case i > 0:
			own := expr.ArgoString(a.Path)
			a.Path = chosen(func(*store.Store) string { return own })
		}
	}
	return out
}

// storePath is expr-lang text of the local path of the URI in "#", one of the
// store.
func storePath(s *store.Store) string {
	path := expr.ArgoString(s.Path()) + " + #[" + strconv.Itoa(len(s.URI)) + ":]"
	if !s.SDK() {
		return "(# startsWith '/' ? # : " + path + ")"
	}
	return "(" + path + ")"
}

// odd are the places for whose URIs the KFP SDK knows no path. Its programs are
// given a path in the place of the URI.
func (l *lowerer) odd() []*store.Place {
	var out []*store.Place
	for _, s := range l.table {
		if !s.SDK() {
			out = append(out, &s.Place)
		}
	}
	if l.base != nil && l.home == nil && !l.base.SDK() {
		out = append(out, &l.base.Place)
	}
	return out
}

// localExpr is expr-lang text of the local path that belongs to a URI: the one
// that the KFP SDK derives, if it does.
func (l *lowerer) localExpr(uri string) string {
	out := "replace(replace(replace(" + uri + ",'gs://','/gcs/'),'s3://','/s3/'),'minio://','/minio/')"
	return l.seenExpr(out)
}

// seenExpr is what a program of the KFP SDK is told for a URI.
func (l *lowerer) seenExpr(uri string) string {
	for _, p := range l.odd() {
		uri = movedExpr(uri, p.URI, p.Path())
	}
	return uri
}

// saidExpr is the URI that a program of the KFP SDK means.
func (l *lowerer) saidExpr(uri string) string {
	for _, p := range l.odd() {
		uri = movedExpr(uri, p.Path(), p.URI)
	}
	return uri
}

func movedExpr(text, from, to string) string {
	return "map([" + text + "],# startsWith " + expr.ArgoString(from) + " ? " + expr.ArgoString(to) + " + #[" + strconv.Itoa(len(from)) + ":] : #)[0]"
}

// seen is what a program of the KFP SDK is told for the URI of an output.
func (l *lowerer) seen(uri string) string {
	if l.base == nil || l.base.SDK() {
		return uri
	}
	return l.base.Path() + strings.TrimPrefix(uri, l.base.URI)
}

// localPath is the local path of the URI of an output.
func (l *lowerer) localPath(uri string) string { return localPath(l.seen(uri)) }

// mountExpr is expr-lang text of where an artifact is mounted: at the path that
// belongs to its URI, if it is one.
func (l *lowerer) mountExpr(uri, otherwise string) string {
	return "map([" + l.localExpr(uri) + "],# startsWith '/' ? # : '" + otherwise + "')[0]"
}

// seenRecord is JSON of the record of an artifact as a program of the KFP SDK
// is told it.
func (l *lowerer) seenRecord(record string) string {
	if len(l.odd()) == 0 {
		return record
	}
	return "(" + record + " == 'null' ? 'null' : toJson(map([fromJSON(" + record + ")]," + withURI(l.seenExpr("#.uri")) + ")[0]))"
}

// seenList is the same of a list.
func (l *lowerer) seenList(list string) string {
	if len(l.odd()) == 0 {
		return list
	}
	return "toJson(map(fromJSON(" + list + ") ?? []," + withURI(l.seenExpr("#.uri")) + "))"
}

// meant is the record of an artifact of which a program of the KFP SDK spoke.
func (l *lowerer) meant(record string) string {
	if len(l.odd()) == 0 {
		return record
	}
	return "map([" + record + "]," + withURI(l.saidExpr("#.uri")) + ")[0]"
}

// withURI is the record in "#" with another URI.
func withURI(uri string) string {
	return "sprig.merge(({'uri': " + uri + " }),#)"
}

// foreign warns of imported artifacts that no pod will find, or that are taken
// from whatever bucket the run's repository is.
func (l *lowerer) foreign(v ir.Value) {
	uri, whole := beginning(v)
	scheme, rest, isURI := strings.Cut(uri, "://")
	alone := l.noBucket()
	switch {
	case !whole && !strings.Contains(rest, "/"):
		if alone {
			l.warn(msgSomeBucket(v.Span()))
		}
	case !isURI, l.table.Find(uri) != nil:
	case alone && slices.Contains(bucketSchemes, scheme):
		l.warn(msgOtherBucket(v.Span(), uri))
	case l.base != nil && l.home == nil && strings.HasPrefix(uri, bucketOf(l.base.URI, l.base)):
	default:
		l.warn(msgForeign(v.Span(), uri))
	}
}

// noBucket reports whether nothing is known of any bucket.
func (l *lowerer) noBucket() bool { return l.base == nil && len(l.table) == 0 }

// foreignArgument does the same for an artifact that the run is given.
func (l *lowerer) foreignArgument(p *ir.Port, v any) {
	switch v := v.(type) {
	case nil:
		if !p.Optional && l.noBucket() {
			l.warn(msgSomeBucket(p.Name.At))
		}
	case string:
		l.foreign(&ir.Literal{V: v, At: p.Name.At})
	case map[string]any:
		l.foreignArgument(p, v["uri"])
	case []any:
		for _, x := range v {
			l.foreignArgument(p, x)
		}
	}
}

// bucketSchemes are those of URIs that name a bucket and a key.
var bucketSchemes = []string{"s3", "minio", "gs", "oss", "azblob", "abfs", "abfss"}

// beginning is the text that a URI certainly begins with, and whether that is
// all of it.
func beginning(v ir.Value) (text string, whole bool) {
	switch v := v.(type) {
	case *ir.Literal:
		return ir.Text(v.V), true
	case *ir.Template:
		if len(v.Parts) > 0 {
			text, _ = beginning(v.Parts[0])
		}
	}
	return text, false
}
