package blob

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/cenkalti/backoff/v5"
	"gocloud.dev/gcerrors"
)

// A patience bounds one operation on a bucket. The SDKs set no deadlines, and
// their own attempts, which end early or never, are switched off.
type patience struct {
	try   time.Duration // for one attempt
	all   time.Duration // for all of them and the pauses between
	tries uint
	first time.Duration // pause, on average; it grows twofold
	most  time.Duration // the longest pause
}

// Of a small object or a page of a listing, and of a document or segment.
var (
	small = patience{try: 10 * time.Second, all: 30 * time.Second, tries: 5, first: 100 * time.Millisecond, most: 2 * time.Second}
	large = patience{try: time.Minute, all: 5 * time.Minute, tries: 5, first: 100 * time.Millisecond, most: 2 * time.Second}
)

// smallSize is what counts as a small object, in bytes.
const smallSize = 1 << 20

// patienceFor is that for an object of so many bytes.
func patienceFor(size int64) patience {
	if size > smallSize {
		return large
	}
	return small
}

// attempt calls op until it succeeds or fails for good. What is on this machine
// is tried once: it does not get better by waiting.
func (s *Store) attempt(ctx context.Context, p patience, op func(context.Context) error) error {
	if s.files != nil {
		return op(ctx)
	}
	all, cancel := context.WithTimeout(ctx, p.all)
	defer cancel()
	var last error
	_, _ = backoff.Retry(all, func() (struct{}, error) {
		last = once(all, p.try, op)
		if last != nil && (ctx.Err() != nil || !passes(last)) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: p.first, RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2, MaxInterval: p.most,
	}), backoff.WithMaxTries(p.tries), backoff.WithMaxElapsedTime(p.all))
	if last != nil && ctx.Err() != nil {
		return stopped(ctx) // whatever the SDK makes of it
	}
	return last
}

// stopped is why a context ended, as an error that says so too.
func stopped(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// once is one attempt. Its own end is a deadline that was missed, in whichever
// words the SDK says so.
func once(ctx context.Context, limit time.Duration, op func(context.Context) error) error {
	try, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := op(policy.WithRetryOptions(try, policy.RetryOptions{MaxRetries: -1})) // none of Azure's SDK
	if err != nil && try.Err() == context.DeadlineExceeded {
		return &late{limit, err}
	}
	return err
}

// late is the error of an attempt that was given up.
type late struct {
	limit time.Duration
	err   error
}

func (l *late) Error() string   { return "no answer in " + l.limit.String() }
func (l *late) Unwrap() []error { return []error{context.DeadlineExceeded, l.err} }

// passes reports whether the same request may succeed a little later.
func passes(err error) bool {
	switch codeOf(err) {
	case gcerrors.Unknown, gcerrors.ResourceExhausted, gcerrors.DeadlineExceeded, gcerrors.Internal:
		return !expired(replyOf(err))
	}
	// Of the refusal the SDK learns the server's time.
	return replyOf(err).code == "RequestTimeTooSkewed"
}
