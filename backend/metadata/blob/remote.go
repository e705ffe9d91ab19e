package blob

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcp"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// prefixKey is the parameter that selects a part of a bucket.
const prefixKey = "prefix"

// parameters are what URLs of each scheme may hold. A parameter that is no more
// than a trap here (other endpoints for tokens, keys for signed URLs) is left
// out.
var parameters = map[string][]string{
	s3blob.Scheme: {"accelerate", "anonymous", "disable_https", "dualstack", "endpoint", "fips", "hostname_immutable", "kmskeyid", prefixKey, "profile",
		"rate_limiter_capacity", "region", "request_checksum_calculation", "response_checksum_validation", "role", "ssetype", "use_path_style"},
	gcsblob.Scheme:   {"anonymous", prefixKey},
	azureblob.Scheme: {"cdn", "domain", "localemu", prefixKey, "protocol", "storage_account"},
	memblob.Scheme:   {},
}

// A urlError is a URL that names no store. It is metadata.ErrFormat without
// the words.
type urlError struct{ text string }

func (e *urlError) Error() string        { return e.text }
func (e *urlError) Is(target error) bool { return target == metadata.ErrFormat }

func badURL(format string, args ...any) error { return &urlError{fmt.Sprintf(format, args...)} }

// secretNames are parts of the names of parameters that hold secrets.
var secretNames = []string{"key", "secret", "token", "password", "passwd", "credential", "signature", "sas"}

// checkParameters refuses what is not known, and secrets in particular. No
// value is repeated: it may be one.
func checkParameters(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return badURL("%s: the parameters behind the question mark are malformed", name(u))
	}
	known := parameters[u.Scheme]
	keys := make([]string, 0, len(query))
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		switch {
		case slices.Contains(known, key):
			if len(query[key]) > 1 {
				return badURL("%s: the parameter %q stands there more than once", name(u), key)
			}
		case key == "sig" || slices.ContainsFunc(secretNames, func(part string) bool { return strings.Contains(strings.ToLower(key), part) }):
			return badURL("%s: the parameter %q looks like a credential; credentials never stand in the URL, they come from the environment: %s", name(u), key, credentials[u.Scheme])
		default:
			return badURL("%s: unknown parameter %q; known: %s", name(u), key, cmp.Or(strings.Join(known, ", "), "none"))
		}
	}
	if raw := query.Get("endpoint"); raw != "" && !strings.Contains(raw, "://") && !strings.Contains(raw, "@") {
		return badURL("%s: the endpoint must begin with https:// or http://", name(u))
	}
	if endpoint, err := url.Parse(query.Get("endpoint")); err != nil || endpoint.User != nil || endpoint.RawQuery != "" {
		return badURL("%s: the endpoint must be a plain URL, without credentials", name(u))
	} else if query.Has("endpoint") && (endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "") {
		return badURL("%s: the endpoint must begin with https:// or http://", name(u))
	}
	if u.Scheme != memblob.Scheme && u.Host == "" {
		return badURL("%s://: the URL names no bucket", u.Scheme)
	}
	return nil
}

// switches are parameters that are true or false, choices those with few values.
var (
	switches = []string{"accelerate", "anonymous", "disable_https", "dualstack", "fips", "hostname_immutable", "use_path_style", "localemu", "cdn"}
	choices  = map[string][]string{
		"request_checksum_calculation": {"when_supported", "when_required"},
		"response_checksum_validation": {"when_supported", "when_required"},
		"protocol":                     {"https", "http"},
	}
)

// checkValues refuses values that mean nothing, which the openers do in words
// of their own, or not at all.
func checkValues(u *url.URL) error {
	q := u.Query()
	for _, key := range slices.Sorted(maps.Keys(q)) {
		value := q.Get(key)
		if slices.Contains(switches, key) && value != "true" && value != "false" {
			return badURL("%s: the parameter %s= is true or false", name(u), key)
		}
		if known := choices[key]; known != nil && !slices.Contains(known, value) {
			return badURL("%s: the parameter %s= is %s", name(u), key, strings.Join(known, " or "))
		}
	}
	if n := q.Get("rate_limiter_capacity"); n != "" {
		if v, err := strconv.ParseInt(n, 10, 64); err != nil || v < 0 {
			return badURL("%s: the parameter rate_limiter_capacity= is a whole number", name(u))
		}
	}
	return nil
}

// prefixOf is the part of the bucket that a URL selects by its path or by
// prefix=, "" or with a slash at its end.
func prefixOf(u *url.URL) (string, error) {
	path, parameter := strings.Trim(u.Path, "/"), strings.Trim(u.Query().Get(prefixKey), "/")
	if path != "" && parameter != "" {
		return "", badURL("%s: the part of the bucket stands in the path and in prefix=; one is enough", name(u))
	}
	prefix := path + parameter
	if prefix == "" {
		return "", nil
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "", badURL("%s: %q cannot be a part of a bucket", name(u), prefix)
		}
	}
	return prefix + "/", nil
}

// openRemote opens a bucket without asking it anything.
func openRemote(ctx context.Context, u *url.URL) (metadata.Store, error) {
	if err := checkParameters(u); err != nil {
		return nil, err
	}
	if err := checkValues(u); err != nil {
		return nil, err
	}
	prefix, err := prefixOf(u)
	if err != nil {
		return nil, err
	}
	where := name(u)
	if prefix != "" {
		where = u.Scheme + "://" + u.Host + "/" + prefix
	}
	plain := *u
	q := plain.Query()
	q.Del(prefixKey)
	plain.Path, plain.RawQuery = "", q.Encode()
	bucket, err := mux().OpenBucketURL(ctx, &plain)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened: %s", where, openCause(err, &plain))
	}
	if prefix != "" {
		bucket = gcblob.PrefixedBucket(bucket, prefix)
	}
	return New(bucket, where), nil
}

// openCause is why a bucket could not be opened, without the URL that the
// openers like to repeat.
func openCause(err error, u *url.URL) string {
	text := strings.ReplaceAll(err.Error(), u.String(), u.Scheme+"://"+u.Host)
	return query.ReplaceAllString(strings.Join(strings.Fields(text), " "), "?…")
}

// mux knows the schemes of stores that are no folders. Nothing is shared
// between openings, and nothing registers itself.
func mux() *gcblob.URLMux {
	m := new(gcblob.URLMux)
	m.RegisterBucket(memblob.Scheme, &memblob.URLOpener{})
	m.RegisterBucket(s3blob.Scheme, opener(openS3))
	m.RegisterBucket(gcsblob.Scheme, opener(openGCS))
	m.RegisterBucket(azureblob.Scheme, opener(openAzure))
	return m
}

// An opener is gocloud's opener of a scheme with our defaults before it.
type opener func(context.Context, *url.URL) (*gcblob.Bucket, error)

// OpenBucketURL implements gcblob.BucketURLOpener.
func (o opener) OpenBucketURL(ctx context.Context, u *url.URL) (*gcblob.Bucket, error) {
	return o(ctx, u)
}

// compatible are the defaults for servers that speak S3 without being AWS's:
// they have no regions to speak of and no host names for buckets, and the older
// ones refuse the checksums that the SDK adds.
var compatible = map[string]string{
	"region": "us-east-1", "use_path_style": "true",
	"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required",
}

func openS3(ctx context.Context, u *url.URL) (*gcblob.Bucket, error) {
	q := u.Query()
	if q.Has("endpoint") {
		for key, value := range compatible {
			if !q.Has(key) {
				q.Set(key, value)
			}
		}
	}
	u.RawQuery = q.Encode()
	opened, err := new(s3blob.URLOpener).OpenBucketURL(ctx, u)
	if err != nil {
		return nil, err
	}
	// The same without the SDK's own attempts.
	var client *s3.Client
	if !opened.As(&client) {
		return opened, nil
	}
	options := client.Options()
	if !q.Has("anonymous") && !q.Has("role") {
		// The same credentials, from providers that do not write to standard error.
		config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.Nop{}),
			awsconfig.WithSharedConfigProfile(q.Get("profile")), awsconfig.WithRegion(q.Get("region")))
		if err != nil {
			return nil, err
		}
		options.Credentials, options.Logger = config.Credentials, logging.Nop{}
	}
	once := s3.New(options, func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	encryption := strings.ToLower(q.Get("ssetype"))
	if encryption == "aes256" {
		encryption = string(types.ServerSideEncryptionAes256)
	}
	return s3blob.OpenBucket(ctx, once, u.Host, &s3blob.Options{
		EncryptionType: types.ServerSideEncryption(encryption), KMSEncryptionID: q.Get("kmskeyid"),
		RequestChecksumCalculation: options.RequestChecksumCalculation,
	})
}

func openGCS(ctx context.Context, u *url.URL) (*gcblob.Bucket, error) {
	client := gcp.NewAnonymousHTTPClient(gcp.DefaultTransport())
	if os.Getenv("STORAGE_EMULATOR_HOST") == "" && u.Query().Get("anonymous") != "true" {
		creds, err := gcp.DefaultCredentials(ctx)
		if err != nil {
			return nil, fmt.Errorf("no credentials were found: set %s", credentials[gcsblob.Scheme])
		}
		if client, err = gcp.NewHTTPClient(gcp.DefaultTransport(), creds.TokenSource); err != nil {
			return nil, err
		}
	}
	bucket, err := (&gcsblob.URLOpener{Client: client}).OpenBucketURL(ctx, u)
	if err != nil {
		return nil, err
	}
	var service *storage.Client
	if bucket.As(&service) {
		service.SetRetry(storage.WithPolicy(storage.RetryNever))
	}
	return bucket, nil
}

// azureDomains are those of Microsoft's clouds.
var azureDomains = []string{"blob.core.windows.net", "blob.core.usgovcloudapi.net", "blob.core.chinacloudapi.cn", "blob.storage.azure.net"}

func openAzure(ctx context.Context, u *url.URL) (*gcblob.Bucket, error) {
	q := u.Query()
	opts := azureblob.NewDefaultServiceURLOptions()
	if opts.AccountName == "" && !q.Has("storage_account") {
		return nil, fmt.Errorf("no storage account: set AZURE_STORAGE_ACCOUNT, or storage_account= in the URL")
	}
	// A token, other than a key, goes to the server itself: not to one that a
	// URL in some project names.
	if os.Getenv("AZURE_STORAGE_KEY") == "" && os.Getenv("AZURE_STORAGE_CONNECTION_STRING") == "" && os.Getenv("AZURE_STORAGEBLOB_CONNECTIONSTRING") == "" {
		if domain := q.Get("domain"); domain != "" && domain != opts.StorageDomain && !slices.Contains(azureDomains, domain) {
			return nil, fmt.Errorf("domain=%s is none of Azure's; with a token for a credential it must stand in AZURE_STORAGE_DOMAIN", domain)
		}
		if opts.SASToken != "" && q.Has("storage_account") && q.Get("storage_account") != opts.AccountName {
			return nil, fmt.Errorf("the token in AZURE_STORAGE_SAS_TOKEN belongs to the account in AZURE_STORAGE_ACCOUNT, not to that in the URL")
		}
	}
	return (&azureblob.URLOpener{MakeClient: azureblob.NewDefaultClient, ServiceURLOptions: *opts}).OpenBucketURL(ctx, u)
}
