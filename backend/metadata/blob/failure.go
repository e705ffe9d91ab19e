package blob

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// A failure is an error of the place where the store lies: its text holds no
// secrets, its class says what may be done about it.
type failure struct {
	text  string
	class error // one of metadata's, or nil: nothing but what the text says
	err   error // what the driver said, for errors.Is
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.class == nil {
		return []error{f.err}
	}
	return []error{f.class, f.err}
}

// fail gives an error its class and says what was tried, what came of it and
// what to do.
func (s *Store) fail(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	return s.failure(verb, key, codeOf(err), err)
}

func (s *Store) failure(verb, key string, code gcerrors.ErrorCode, err error) error {
	what := fmt.Sprintf("%s: cannot %s %q", s.where, verb, key)
	if key == "" {
		what = fmt.Sprintf("%s: cannot %s", s.where, verb)
	}
	f := &failure{class: classOf(code), err: err}
	if noBucket(err) {
		f.class = nil // no object that is missing, but the place
	}
	scheme, _, _ := strings.Cut(s.where, "://")
	why, way := cause(err), wayOut(scheme, code, err)
	if code == gcerrors.PermissionDenied && way != "" {
		why = "permission denied: " + why
	} else if f.class != nil {
		why = f.class.Error() + ": " + why
	}
	f.text = what + ": " + why
	if way != "" {
		f.text += "; " + way
	}
	return f
}

// classOf is the class of metadata's errors that a code belongs to.
func classOf(code gcerrors.ErrorCode) error {
	switch code {
	case gcerrors.NotFound:
		return metadata.ErrNotFound
	case gcerrors.FailedPrecondition:
		return metadata.ErrConflict
	case gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.Unimplemented, gcerrors.Canceled:
		return nil
	}
	return metadata.ErrUnavailable
}

// A reply is what a server answered to a request, as far as its SDK tells.
type reply struct {
	status        int
	code, message string
}

func replyOf(err error) (r reply) {
	if noCredentials(err) {
		return r // what answered was asked for credentials, and is not the store
	}
	var google *googleapi.Error
	var azure *azcore.ResponseError
	if errors.As(err, &google) {
		r = reply{google.Code, "", google.Message}
		if len(google.Errors) > 0 {
			r.code = google.Errors[0].Reason
		}
		return r
	}
	if errors.As(err, &azure) {
		return reply{azure.StatusCode, azure.ErrorCode, ""}
	}
	var status interface{ HTTPStatusCode() int } // AWS's, by their methods
	var named interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &status) {
		r.status = status.HTTPStatusCode()
	}
	if errors.As(err, &named) {
		r.code, r.message = named.ErrorCode(), named.ErrorMessage()
	}
	return r
}

// codeOf is the code of an error. The drivers' own mapping is mended where it
// hides what happened: that of GCS takes 403 for 404, that of Azure an unknown
// host for 404, that of S3 most answers for nothing known.
func codeOf(err error) gcerrors.ErrorCode {
	var timeout *late
	if errors.As(err, &timeout) {
		return gcerrors.DeadlineExceeded
	}
	code := gcerrors.Code(err)
	if err == nil || code == gcerrors.Canceled {
		return code
	}
	r := replyOf(err)
	switch r.status {
	case 0:
		return codeOfNone(code, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		if expired(r) {
			return gcerrors.Unknown
		}
		return gcerrors.PermissionDenied
	case http.StatusNotFound:
		return gcerrors.NotFound
	case http.StatusPreconditionFailed:
		return gcerrors.FailedPrecondition
	case http.StatusConflict:
		if code == gcerrors.FailedPrecondition { // Azure's "exists"
			return code
		}
		return gcerrors.Unknown // two writers at one instant: ask again
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return gcerrors.Unimplemented
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return gcerrors.ResourceExhausted
	case http.StatusRequestTimeout:
		return gcerrors.DeadlineExceeded
	case http.StatusBadRequest:
		if expired(r) || passing[r.code] {
			return gcerrors.Unknown
		}
	}
	switch {
	case r.status >= 500:
		return gcerrors.Internal
	case r.status >= 300:
		return gcerrors.InvalidArgument
	}
	return gcerrors.Unknown // a good status, and then something else than promised
}

// codeOfNone is the code where no server answered.
func codeOfNone(code gcerrors.ErrorCode, err error) gcerrors.ErrorCode {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return gcerrors.Unknown
	case code == gcerrors.Unknown && (noCredentials(err) || noRegion(err) || plainHTTP(err)):
		return gcerrors.InvalidArgument
	}
	return code
}

// passing are S3's reasons for a 400 that the same request need not meet again.
var passing = map[string]bool{"RequestTimeout": true, "IncompleteBody": true, "BadDigest": true, "XAmzContentSHA256Mismatch": true}

// expired reports whether credentials were good and are no more.
func expired(r reply) bool {
	return strings.Contains(r.code, "Expired") || r.code == "TokenRefreshRequired"
}

// noBucket reports whether the bucket itself is missing.
func noBucket(err error) bool {
	r := replyOf(err)
	return r.code == "NoSuchBucket" || r.code == "ContainerNotFound" || strings.Contains(err.Error(), "storage: bucket doesn't exist") ||
		r.status == http.StatusNotFound && strings.Contains(r.message, "bucket does not exist")
}

// What the SDKs say in words only.
func noCredentials(err error) bool {
	return strings.Contains(err.Error(), "no EC2 IMDS role found") || strings.Contains(err.Error(), "DefaultAzureCredential: failed to acquire a token")
}
func noRegion(err error) bool {
	return strings.Contains(err.Error(), "Missing Region") || strings.Contains(err.Error(), "Invalid region: region was not a valid DNS name") || strings.Contains(err.Error(), "A region must be set")
}
func plainHTTP(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// wayOut says what to do about an error, "" if nobody knows.
func wayOut(scheme string, code gcerrors.ErrorCode, err error) string {
	r := replyOf(err)
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case noBucket(err):
		return "make the bucket, or mend its name in the URL"
	case r.code == "RequestTimeTooSkewed":
		return "this machine's clock and the server's differ by more than 15 minutes: set the clock"
	case expired(r):
		return "the credentials have expired: log in again"
	case r.code == "InvalidAccessKeyId", r.code == "XAdminUserNotFound", r.code == "SignatureDoesNotMatch", r.code == "InvalidToken", r.code == "AuthenticationFailed", r.status == http.StatusUnauthorized:
		return "the server does not accept these credentials: check " + credentials[scheme]
	case code == gcerrors.PermissionDenied && r.status != 0:
		return rights[scheme]
	case r.code == "PermanentRedirect", r.code == "AuthorizationHeaderMalformed", r.code == "IllegalLocationConstraintException", scheme == "s3" && r.status == http.StatusMovedPermanently:
		return "the bucket lies in another region: state it with region="
	case noRegion(err):
		return "state the bucket's region with region= or AWS_REGION"
	case noCredentials(err):
		return "set " + credentials[scheme]
	case plainHTTP(err):
		return "the server speaks plain HTTP: write endpoint=http://… (azblob: protocol=http)"
	case errors.As(err, &dns):
		return "check the URL's host and the network"
	case errors.As(err, &cert):
		return "SSL_CERT_FILE can name the certificates to trust"
	}
	return ""
}

// credentials is where they come from, rights what they must allow.
var (
	credentials = map[string]string{
		"s3":     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (profile=) or anonymous=true",
		"gs":     "GOOGLE_APPLICATION_CREDENTIALS, or log in with `gcloud auth application-default login`, or anonymous=true",
		"azblob": "AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or log in with `az login`",
	}
	rights = map[string]string{
		"s3":     "the credentials need s3:ListBucket on the bucket, s3:GetObject and s3:PutObject (to clean up, s3:DeleteObject) below it",
		"gs":     "the account needs the role Storage Object User on the bucket, and the bucket must exist",
		"azblob": "the account needs the role Storage Blob Data Contributor on the container",
	}
)

// maxCause bounds what is repeated of a server's words.
const maxCause = 400

// query is that of a URL in a text; it may hold a signature.
var query = regexp.MustCompile(`\?[^\s"']+`)

// cause is what went wrong in one line, without anything secret.
func cause(err error) string {
	r := replyOf(err)
	var text string
	var request *url.Error
	var timeout *late
	var dns *net.DNSError
	switch {
	case noCredentials(err):
		text = "no credentials were found"
	case r.code != "" && r.message != "" && r.code != r.message:
		text = r.code + ": " + r.message
	case r.code != "" || r.message != "":
		text = cmp.Or(r.code, r.message)
	case r.status >= 300:
		text = fmt.Sprintf("the server answers %d %s", r.status, http.StatusText(r.status))
	case errors.As(err, &dns):
		text = "there is no host " + dns.Name
		if !dns.IsNotFound {
			text = "the host " + dns.Name + " cannot be looked up"
		}
	case errors.As(err, &timeout):
		text = timeout.Error()
	case errors.As(err, &request):
		text = request.Err.Error()
	default:
		text = err.Error()
	}
	text = query.ReplaceAllString(strings.Join(strings.Fields(text), " "), "?…")
	if len(text) > maxCause {
		text = strings.ToValidUTF8(text[:maxCause], "") + "…"
	}
	return text
}
