// Package objects reads single objects of the stores in which artifacts and
// archived logs lie, and finds out what lies there, from this machine. Its idea:
// a store is described by names of secrets only, so what it takes to get in is
// looked for where these names lead, in the cluster, and else in this machine's
// environment, as the cloud's own tools do.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"
	"gocloud.dev/gcp"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/store"
)

// openTime bounds what it takes until an object begins to come.
const openTime = 30 * time.Second

// A Source reads objects.
type Source struct {
	// Stores are described by the user or by the cluster itself: what they name
	// is looked up.
	Stores store.Table
	// Recorded are described by whoever could write the record. They say where to
	// go, but lead to no secret: who could name any secret and any address could
	// have the one sent to the other.
	Recorded store.Table
	// Secret gives one key of a secret of the cluster; nil: no cluster can be
	// asked. Its error leaves the environment to be tried.
	Secret func(ctx context.Context, s store.Secret) (string, error)
}

// Open gives the content of the object that a URI names. It is
// backend.ErrNotFound when there is none, ErrDenied when it may not be read.
func (s *Source) Open(ctx context.Context, uri string) (io.ReadCloser, error) {
	place, err := s.find(uri)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(&place.Place, uri)
	if err != nil {
		return nil, err
	}
	opening, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(openTime, func() { cancel(slow(openTime)) })
	bucket, err := s.bucket(opening, place)
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("%s: %w", uri, err)
	}
	r, err := bucket.NewReader(opening, key, nil)
	if !timer.Stop() && err == nil {
		err = errors.Join(slow(openTime), r.Close())
	}
	if err != nil {
		err = classify(uri, err, context.Cause(opening))
		cancel(nil)
		return nil, errors.Join(err, bucket.Close())
	}
	return &object{ReadCloser: r, bucket: bucket, cancel: cancel}, nil
}

// slow says for how long a store did not answer.
type slow time.Duration

func (s slow) Error() string { return fmt.Sprintf("no answer within %s", time.Duration(s)) }

// An object closes its bucket with itself.
type object struct {
	io.ReadCloser
	bucket *gcblob.Bucket
	cancel context.CancelCauseFunc
}

func (o *object) Close() error {
	err := errors.Join(o.ReadCloser.Close(), o.bucket.Close())
	o.cancel(nil)
	return err
}

// classify keeps of a driver's error what a reader can act on.
func classify(uri string, err, cause error) error {
	var late slow
	switch {
	case errors.As(cause, &late):
		return fmt.Errorf("%s: %w: %w", uri, backend.ErrUnavailable, late)
	case errors.Is(err, backend.ErrNotFound), errors.Is(err, backend.ErrInvalid): // found by ourselves
		return fmt.Errorf("%s: %w", uri, err)
	}
	var said smithy.APIError // S3's own words, without the long tale around them
	code, status := gcerrors.Code(err), statusOf(err)
	denied := status == http.StatusForbidden || status == http.StatusUnauthorized
	if errors.As(err, &said) {
		err = fmt.Errorf("%s: %s", said.ErrorCode(), said.ErrorMessage())
	}
	if denied {
		code = gcerrors.PermissionDenied
	}
	switch code {
	case gcerrors.NotFound:
		return fmt.Errorf("%s: there is no such object: %w", uri, backend.ErrNotFound)
	case gcerrors.PermissionDenied:
		return fmt.Errorf("%s: %w: %w", uri, backend.ErrDenied, err)
	case gcerrors.Canceled:
		return err
	}
	return fmt.Errorf("%s: %w: %w", uri, backend.ErrUnavailable, err)
}

// statusOf is the HTTP status that a service answered with, 0 if none is known.
// The drivers take some refusals for objects that are not there.
func statusOf(err error) int {
	var amazon interface{ HTTPStatusCode() int }
	var google *googleapi.Error
	var azure *azcore.ResponseError
	switch {
	case errors.As(err, &amazon):
		return amazon.HTTPStatusCode()
	case errors.As(err, &google):
		return google.Code
	case errors.As(err, &azure):
		return azure.StatusCode
	}
	return 0
}

// find is the store of a URI; of a bucket that nobody has described, the URI
// says enough.
func (s *Source) find(uri string) (*store.Store, error) {
	if found := s.Stores.Find(uri); found != nil {
		return found, nil
	}
	if found := s.Recorded.Find(uri); found != nil {
		plain := &store.Store{Place: found.Place, Endpoint: found.Endpoint, Region: found.Region, Insecure: found.Insecure}
		return plain, nil
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	bucket, _, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" || scheme != "s3" && scheme != "gs" {
		return nil, fmt.Errorf("%s: nothing says how to reach this place; describe it under the key artifact-stores: %w", uri, backend.ErrInvalid)
	}
	place, err := store.Parse(scheme + "://" + bucket + "/")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", backend.ErrInvalid, err)
	}
	return &store.Store{Place: place}, nil
}

func keyOf(p *store.Place, uri string) (string, error) {
	rest, ok := strings.CutPrefix(uri, p.URI)
	if !ok || rest == "" {
		return "", fmt.Errorf("%s names no object: %w", uri, backend.ErrInvalid)
	}
	return p.Prefix + rest, nil
}

func (s *Source) bucket(ctx context.Context, st *store.Store) (*gcblob.Bucket, error) {
	switch st.Kind {
	case store.S3:
		return s.s3(ctx, st)
	case store.GCS:
		return s.gcs(ctx, st)
	case store.Azure:
		return s.azure(ctx, st)
	}
	return nil, fmt.Errorf("objects of %s cannot be read from here: %w", st.Kind, backend.ErrInvalid)
}

// secret is a key of the cluster's, "" if it cannot be had.
func (s *Source) secret(ctx context.Context, name store.Secret) string {
	if name == (store.Secret{}) || s.Secret == nil {
		return ""
	}
	text, err := s.Secret(ctx, name)
	if err != nil {
		return ""
	}
	return text
}

// defaultRegion is what servers that know no regions take.
const defaultRegion = "us-east-1"

func (s *Source) s3(ctx context.Context, st *store.Store) (*gcblob.Bucket, error) {
	config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, err
	}
	if access, key := s.secret(ctx, st.AccessKey), s.secret(ctx, st.SecretKey); access != "" && key != "" {
		config.Credentials = credentials.NewStaticCredentialsProvider(access, key, s.secret(ctx, st.SessionToken))
	}
	if st.Region != "" {
		config.Region = st.Region
	}
	if config.Region == "" {
		config.Region = defaultRegion
	}
	client := s3.NewFromConfig(config, func(o *s3.Options) {
		if st.Endpoint != "" && !strings.HasSuffix(st.Endpoint, "amazonaws.com") {
			scheme := "https://"
			if st.Insecure {
				scheme = "http://"
			}
			o.BaseEndpoint, o.UsePathStyle = aws.String(scheme+st.Endpoint), true
		}
		// Older servers refuse checksums that nobody asked for.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.APIOptions = append(o.APIOptions, askChecksums)
		o.HTTPClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	})
	return s3blob.OpenBucket(ctx, client, st.Bucket, nil)
}

// askChecksums has answers about objects name the checksums that the store keeps.
func askChecksums(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("kfp-go checksums",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if head, ok := in.Parameters.(*s3.HeadObjectInput); ok {
				head.ChecksumMode = types.ChecksumModeEnabled
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
}

func (s *Source) gcs(ctx context.Context, st *store.Store) (*gcblob.Bucket, error) {
	const scope = "https://www.googleapis.com/auth/devstorage.read_only"
	var creds *google.Credentials
	var err error
	if key := s.secret(ctx, st.ServiceAccountKey); key != "" {
		creds, err = google.CredentialsFromJSONWithType(ctx, []byte(key), google.ServiceAccount, scope)
		if err != nil {
			return nil, err
		}
	} else if creds, err = google.FindDefaultCredentials(ctx, scope); err != nil {
		// Who is nobody can read what is public, and what an emulator has.
		return gcsblob.OpenBucket(ctx, gcp.NewAnonymousHTTPClient(gcp.DefaultTransport()), st.Bucket, nil)
	}
	client, err := gcp.NewHTTPClient(gcp.DefaultTransport(), gcp.CredentialsTokenSource(creds))
	if err != nil {
		return nil, err
	}
	return gcsblob.OpenBucket(ctx, client, st.Bucket, nil)
}

func (s *Source) azure(ctx context.Context, st *store.Store) (*gcblob.Bucket, error) {
	where := strings.TrimRight(st.Endpoint, "/") + "/" + st.Bucket
	client, err := s.container(ctx, st, where)
	if err != nil {
		return nil, err
	}
	return azureblob.OpenBucket(ctx, client, nil)
}

func (s *Source) container(ctx context.Context, st *store.Store, where string) (*container.Client, error) {
	key := s.secret(ctx, st.AccountKey)
	switch {
	case strings.Contains(key, "sig="): // a shared access signature
		return container.NewClientWithNoCredential(where+"?"+strings.TrimPrefix(key, "?"), nil)
	case key != "":
		shared, err := container.NewSharedKeyCredential(account(st.Endpoint), key)
		if err != nil {
			return nil, err
		}
		return container.NewClientWithSharedKeyCredential(where, shared, nil)
	}
	if !atAzure(st.Endpoint) {
		return nil, fmt.Errorf("%s is no address of Azure's: name its key under artifact-stores: %w", st.Endpoint, backend.ErrDenied)
	}
	own, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return container.NewClient(where, own, nil)
}

// atAzure reports whether this machine's own token may be sent there.
func atAzure(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" {
		return false
	}
	for _, domain := range [...]string{".core.windows.net", ".core.chinacloudapi.cn", ".core.usgovcloudapi.net", ".storage.azure.net"} {
		if strings.HasSuffix(u.Hostname(), domain) {
			return true
		}
	}
	return false
}

// account is the storage account of an endpoint: the first part of the host,
// or, of an emulator, of the path.
func account(endpoint string) string {
	_, rest, _ := strings.Cut(endpoint, "://")
	host, path, _ := strings.Cut(rest, "/")
	if name, _, isDomain := strings.Cut(host, "."); isDomain && strings.Trim(name, "0123456789") != "" {
		return name
	}
	name, _, _ := strings.Cut(path, "/")
	return name
}
