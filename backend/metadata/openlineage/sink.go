package openlineage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Bounds of what a sink holds and waits for.
const (
	queueLength = 10_000           // events that wait; more are lost
	callTimeout = 10 * time.Second // of one request
	tries       = 4                // of an event, while the server answers at all
	drainTime   = 10 * time.Second // that Close waits for what is left
	defaultPath = "/api/v1/lineage"
)

// SinkOptions say how events are delivered.
type SinkOptions struct {
	Key       string // sent as a bearer token, "": none
	UserAgent string

	pause time.Duration // before the second try; 0: half a second
}

// A Sink delivers events in the background, in order. It never holds up or
// fails the run that they are about: what cannot be delivered is counted. Send
// and Close may be called from several goroutines.
type Sink struct {
	name string
	opt  SinkOptions
	put  func(ctx context.Context, line []byte) error
	end  func() error

	queue  chan []byte
	done   chan struct{}
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex // guards what follows
	closed bool
	lost   int
	last   error
}

// OpenSink opens the sink that a URL or a file's name stands for. Of an http://
// or https:// URL without a path it is the path that OpenLineage's servers
// have. A file is added to, and made if it is not there.
func OpenSink(target string, opt SinkOptions) (*Sink, error) {
	s := &Sink{opt: opt, queue: make(chan []byte, queueLength), done: make(chan struct{}), end: func() error { return nil }}
	var err error
	if scheme, _, isURL := strings.Cut(target, "://"); isURL && scheme != "file" {
		err = s.http(target)
	} else {
		err = s.file(target)
	}
	if err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.deliver()
	return s, nil
}

func (s *Sink) file(target string) error {
	path := target
	if strings.HasPrefix(target, "file://") {
		u, err := url.Parse(target)
		if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return fmt.Errorf("openlineage: %q names no file of this machine", target)
		}
		path = filepath.FromSlash(u.Path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return fmt.Errorf("openlineage: %w", err)
	}
	s.name, s.end = path, f.Close
	s.put = func(_ context.Context, line []byte) error {
		if _, err := f.Write(line); err != nil { // one write: lines of several runs do not mix
			return backoff.Permanent(err)
		}
		return nil
	}
	return nil
}

func (s *Sink) http(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "":
		return errors.New("openlineage: the URL is malformed") // err quotes it, with its secrets
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("openlineage: events go to http://, https:// or a file, not to %q", u.Scheme+"://")
	case u.User != nil:
		return errors.New("openlineage: the URL must not hold credentials; the key comes from OPENLINEAGE_API_KEY")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = defaultPath
	}
	s.name = u.Scheme + "://" + u.Host + u.Path
	client := &http.Client{Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		own := t.Clone()
		client.Transport = own
		s.end = func() error { own.CloseIdleConnections(); return nil }
	}
	s.put = func(ctx context.Context, line []byte) error { return s.post(ctx, client, u.String(), line) }
	return nil
}

func (s *Sink) post(ctx context.Context, client *http.Client, target string, line []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(line))
	if err != nil {
		return backoff.Permanent(errors.New("the request cannot be made"))
	}
	req.Header.Set("Content-Type", "application/json")
	if s.opt.UserAgent != "" {
		req.Header.Set("User-Agent", s.opt.UserAgent)
	}
	if s.opt.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.opt.Key)
	}
	resp, err := client.Do(req)
	if err != nil {
		var about *url.Error // it quotes the URL, whose query may be secret
		if errors.As(err, &about) {
			err = about.Err
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	switch code := resp.StatusCode; {
	case code < 300:
		return nil
	case code < 400:
		return backoff.Permanent(fmt.Errorf("it answered %s; redirects are not followed", resp.Status))
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return fmt.Errorf("it answered %s", resp.Status)
	default:
		return backoff.Permanent(fmt.Errorf("it answered %s", resp.Status))
	}
}

// Name is where events go, without what may be secret.
func (s *Sink) Name() string { return s.name }

// Send queues an event.
func (s *Sink) Send(e Event) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&e); err != nil {
		s.missed(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.lost++
		return
	}
	select {
	case s.queue <- line.Bytes():
	default:
		s.lost++
	}
}

func (s *Sink) missed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost++
	s.last = err
}

// deliver sends what is queued until the queue is closed. After an event that
// could not be delivered the next ones are tried once each, so that a server
// which is away costs little and one that comes back is noticed.
func (s *Sink) deliver() {
	defer close(s.done)
	most := tries
	for line := range s.queue {
		if err := s.try(line, most); err != nil {
			s.missed(err)
			most = 1
			continue
		}
		most = tries
	}
}

func (s *Sink) try(line []byte, most int) error {
	if s.ctx.Err() != nil {
		return errors.New("there was no time left")
	}
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = 500 * time.Millisecond
	if s.opt.pause > 0 {
		wait.InitialInterval = s.opt.pause
	}
	_, err := backoff.Retry(s.ctx, func() (struct{}, error) { return struct{}{}, s.put(s.ctx, line) },
		backoff.WithBackOff(wait), backoff.WithMaxTries(uint(most)))
	return err
}

// Close delivers what is queued, for a while or until the context ends, and
// says with an error how many events were lost.
func (s *Sink) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.queue)
	}
	s.mu.Unlock()
	ctx, stop := context.WithTimeout(ctx, drainTime)
	defer stop()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.cancel()
		<-s.done
	}
	s.cancel()
	err := s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost > 0 {
		return errors.Join(fmt.Errorf("openlineage: %d events did not reach %s: %w", s.lost, s.name, orFull(s.last)), err)
	}
	return err
}

func orFull(err error) error {
	if err == nil {
		return errors.New("more were waiting than are kept")
	}
	return err
}
