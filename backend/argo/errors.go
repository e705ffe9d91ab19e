package argo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/kfp-go/kfp-go/backend"
)

// fail gives an error of the API server its class and names what it is about.
func (r *Runner) fail(doing, object string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && !isNet(err) {
		return err
	}
	if isNet(err) {
		return &unreachable{host: r.host, err: err}
	}
	what := strings.TrimSpace(doing+" "+object) + " in namespace " + r.namespace
	class := classOf(err)
	hint := r.hint(err)
	if class == nil {
		return fmt.Errorf("cannot %s: %w%s", what, err, hint)
	}
	return fmt.Errorf("cannot %s: %w: %w%s", what, class, err, hint)
}

// unreachable is a failure to talk to the API server at all. What the request
// was about and its long address tell nobody anything then.
type unreachable struct {
	host string
	err  error
}

func (e *unreachable) Error() string {
	cause := e.err
	var request *url.Error
	if errors.As(cause, &request) {
		cause = request.Err
	}
	var op *net.OpError
	if errors.As(cause, &op) && op.Err != nil {
		cause = op.Err
	}
	return "the API server at " + e.host + " cannot be reached: " + cause.Error()
}

func (e *unreachable) Unwrap() []error { return []error{backend.ErrUnavailable, e.err} }

func classOf(err error) error {
	switch {
	case tooLarge(err):
		return backend.ErrInvalid
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return backend.ErrDenied
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		return backend.ErrNotFound
	case apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
		return backend.ErrConflict
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsNotAcceptable(err), apierrors.IsUnsupportedMediaType(err):
		return backend.ErrInvalid
	case transient(err):
		return backend.ErrUnavailable
	}
	return nil
}

// transient reports whether the same request may succeed later.
func transient(err error) bool {
	return apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsUnexpectedServerError(err) ||
		gatewayError(err) || isNet(err)
}

// mayBeDone reports whether a request that failed may have taken effect: nobody
// answered, or what answered had not heard the end of it. A server that could not
// be reached has done nothing.
func mayBeDone(err error) bool {
	var resolve *net.DNSError
	switch {
	case err == nil, utilnet.IsConnectionRefused(err), errors.As(err, &resolve):
		return false
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return true
	}
	return isNet(err) || gatewayError(err)
}

// gatewayError reports a 5xx that some proxy made up.
func gatewayError(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code >= 500
}

func isNet(err error) bool {
	var neterr net.Error
	var urlerr *url.Error
	return errors.As(err, &neterr) || errors.As(err, &urlerr) || utilnet.IsConnectionReset(err) ||
		utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err) || utilnet.IsConnectionRefused(err)
}

// tooLarge reports the ways in which API server and etcd say so.
func tooLarge(err error) bool {
	return apierrors.IsRequestEntityTooLargeError(err) || strings.Contains(err.Error(), "request is too large") ||
		strings.Contains(err.Error(), "trying to send message larger than max")
}

// hint says what to do about an error whose cause is likely.
func (r *Runner) hint(err error) string {
	var status apierrors.APIStatus
	isStatus := errors.As(err, &status)
	switch {
	case isStatus && apierrors.IsNotFound(err) && (status.Status().Details == nil || status.Status().Details.Name == ""):
		return " (is Argo Workflows installed in this cluster?)"
	case apierrors.IsUnauthorized(err):
		return " (the credentials of the kubeconfig are refused; they may have expired)"
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		return " (the namespace's quota is used up)"
	}
	return ""
}
