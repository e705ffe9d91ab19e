package blob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"net/http"
	"net/http/httptest"

	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/servertest"
)

// A fault answers a request in its own way, or says that it does not.
type fault func(w http.ResponseWriter, r *http.Request, next http.Handler) (done bool)

// wrapped puts the fault before a server while it is on.
type wrapped struct {
	fault fault
	on    bool
	mu    sync.Mutex
	seen  map[string]int // requests by key, while on
}

func (x *wrapped) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		on := x.on
		x.mu.Unlock()
		if !on || !x.fault(w, r, next) {
			next.ServeHTTP(w, r)
		}
	})
}

func (x *wrapped) set(on bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.on, x.seen = on, map[string]int{}
}

// nth counts the requests of this kind for this key.
func (x *wrapped) nth(r *http.Request) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen[r.URL.Path]++
	return x.seen[r.URL.Path]
}

// The kinds of requests.
func isList(r *http.Request) bool { return r.URL.Query().Has("list-type") }
func isGet(r *http.Request) bool  { return r.Method == http.MethodGet && !isList(r) }
func isPut(r *http.Request) bool  { return r.Method == http.MethodPut }
func isDelete(r *http.Request) bool {
	return r.Method == http.MethodDelete
}
func isAny(*http.Request) bool { return true }

func answer(w http.ResponseWriter, status int, code, message string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	return true
}

// always answers requests of a kind so.
func always(kind func(*http.Request) bool, status int, code, message string) func(*wrapped) fault {
	return func(*wrapped) fault {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			return kind(r) && answer(w, status, code, message)
		}
	}
}

// first answers the first so many requests of a kind for each key so.
func first(n int, kind func(*http.Request) bool, status int, code string) func(*wrapped) fault {
	return func(x *wrapped) fault {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			return kind(r) && x.nth(r) <= n && answer(w, status, code, "try again")
		}
	}
}

// cut ends a connection.
func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// edited lets the server answer and changes what it says.
func edited(kind func(*http.Request) bool, edit func(w http.ResponseWriter, body []byte) []byte) func(*wrapped) fault {
	return func(*wrapped) fault {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if !kind(r) {
				return false
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			body := rec.Body.Bytes()
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			if rec.Code == http.StatusOK {
				body = edit(w, body)
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(body)
			return true
		}
	}
}

var contents = regexp.MustCompile(`(?s)<Contents>.*?</Contents>`)

func reversed(w http.ResponseWriter, body []byte) []byte {
	found := contents.FindAll(body, -1)
	i := len(found)
	out := contents.ReplaceAllFunc(body, func([]byte) []byte { i--; return found[i] })
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	return out
}

const ghost = "inbox/019a0000-0000-7000-8000-000000000000_019a0000-0000-7000-8000-000000000001.ndjson"

func haunted(w http.ResponseWriter, body []byte) []byte {
	if !bytes.Contains(body, []byte("<Key>p/inbox/")) {
		return body
	}
	more := "<Contents><Key>p/" + ghost + "</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"
	out := bytes.Replace(body, []byte("</ListBucketResult>"), []byte(more), 1)
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	return out
}

func emptied(w http.ResponseWriter, body []byte) []byte {
	body = contents.ReplaceAll(body, nil)
	body = regexp.MustCompile(`(?s)<CommonPrefixes>.*?</CommonPrefixes>`).ReplaceAll(body, nil)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	return body
}

// An outcome is what an operation may end in: nil for success, one of
// metadata's classes, or the words of an error that has none.
type outcome any

// checkOutcome holds an error against what may come.
func checkOutcome(t *testing.T, what string, err error, want outcome) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	case error:
		if !errors.Is(err, want) {
			t.Errorf("%s: %v; want class %v", what, err, want)
		}
	case string:
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", what, err, want)
		}
		for _, class := range []error{metadata.ErrUnavailable, metadata.ErrNotFound, metadata.ErrDamaged, metadata.ErrConflict, metadata.ErrFormat} {
			if errors.Is(err, class) {
				t.Errorf("%s: %v has the class %v", what, err, class)
			}
		}
	}
}

// event makes the next event of a run.
func event(t *testing.T, c *metadata.Chain, name string) *metadata.Event {
	t.Helper()
	events, err := c.Events([]metadata.Record{{Run: &metadata.RunRecord{State: metadata.Running, Name: name}}})
	if err != nil {
		t.Fatal(err)
	}
	return events[0]
}

// TestMisbehavingServers: what a server does wrong ends in an error of the right
// class or in nothing at all: never in two runs for one, never in an event that
// is gone, never in a store that looks empty and is not.
func TestMisbehavingServers(t *testing.T) {
	servertest.S3Environ(t)
	const denied = "permission denied"
	for name, c := range map[string]struct {
		fault                   func(*wrapped) fault
		put, load, remove, anew outcome // anew: the first write to an empty place
		damaged                 int
		unconditional, proxy    bool
	}{
		"ignores If-None-Match": {fault: func(*wrapped) fault {
			return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				r.Header.Del("If-None-Match")
				return false
			}
		}, unconditional: true},
		"does not know If-None-Match": {fault: func(*wrapped) fault {
			return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				return r.Header.Get("If-None-Match") != "" && answer(w, 501, "NotImplemented", "a header implies functionality that is not implemented")
			}
		}, unconditional: true},
		"409 at first": {fault: first(2, isPut, 409, "ConditionalRequestConflict")},
		"412 after its own lost answer": {fault: func(x *wrapped) fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				if !isPut(r) || x.nth(r) > 1 {
					return false
				}
				next.ServeHTTP(httptest.NewRecorder(), r)
				cut(w)
				return true
			}
		}},
		"connections cut at first": {fault: func(x *wrapped) fault {
			return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if x.nth(r) > 2 {
					return false
				}
				cut(w)
				return true
			}
		}},
		"a burst of SlowDown": {fault: first(4, isAny, 503, "SlowDown")},
		"500 at first":        {fault: first(3, isAny, 500, "InternalError")},
		"400 RequestTimeout":  {fault: first(2, isPut, 400, "RequestTimeout")},
		"SlowDown for ever": {fault: always(isAny, 503, "SlowDown", "reduce your rate"),
			put: metadata.ErrUnavailable, load: metadata.ErrUnavailable, remove: metadata.ErrUnavailable, anew: metadata.ErrUnavailable},
		"429 for ever": {fault: always(isAny, 429, "TooManyRequests", "slower"),
			put: metadata.ErrUnavailable, load: metadata.ErrUnavailable, remove: metadata.ErrUnavailable, anew: metadata.ErrUnavailable},
		"403 on put":    {fault: always(isPut, 403, "AccessDenied", "Access Denied"), put: denied, anew: "s3:PutObject"},
		"403 on get":    {fault: always(isGet, 403, "AccessDenied", "Access Denied"), load: denied, anew: denied},
		"403 on list":   {fault: always(isList, 403, "AccessDenied", "Access Denied"), load: "s3:ListBucket", anew: denied},
		"403 on delete": {fault: always(isDelete, 403, "AccessDenied", "Access Denied"), remove: denied},
		"404 for the bucket": {fault: always(isAny, 404, "NoSuchBucket", "The specified bucket does not exist"),
			put: "make the bucket", load: "make the bucket", anew: "make the bucket"},
		"another region": {fault: always(isAny, 301, "PermanentRedirect", "use the specified endpoint"),
			put: "region=", load: "region=", remove: "region=", anew: "region="},
		"clock": {fault: always(isAny, 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large"),
			put: "set the clock", load: "set the clock", remove: denied, anew: "set the clock"},
		"unknown key": {fault: always(isAny, 403, "InvalidAccessKeyId", "does not exist in our records"),
			put: "AWS_ACCESS_KEY_ID", load: "AWS_ACCESS_KEY_ID", remove: denied, anew: "AWS_ACCESS_KEY_ID"},
		"expired": {fault: always(isAny, 400, "ExpiredToken", "The provided token has expired."),
			put: metadata.ErrUnavailable, load: metadata.ErrUnavailable, remove: "cannot delete", anew: metadata.ErrUnavailable},
		"truncated body": {fault: edited(isGet, func(_ http.ResponseWriter, body []byte) []byte { return body[:len(body)/2] }),
			load: metadata.ErrUnavailable, anew: metadata.ErrUnavailable},
		"truncated body at first": {fault: func(x *wrapped) fault {
			half := edited(isGet, func(_ http.ResponseWriter, body []byte) []byte { return body[:len(body)/2] })(x)
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				return isGet(r) && x.nth(r) < 3 && half(w, r, next)
			}
		}},
		"wrong length": {fault: edited(func(r *http.Request) bool { return isGet(r) && strings.Contains(r.URL.Path, "inbox") }, func(w http.ResponseWriter, body []byte) []byte {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)-5))
			return body[:len(body)-5]
		}), damaged: 3},
		"no length": {fault: edited(isGet, func(w http.ResponseWriter, body []byte) []byte {
			w.Header().Del("Content-Length")
			w.Header().Set("Transfer-Encoding", "chunked")
			return body
		})},
		"a page for everything": {fault: edited(isAny, func(w http.ResponseWriter, _ []byte) []byte {
			page := []byte("<html><body>Log in to this network</body></html>")
			w.Header().Set("Content-Length", strconv.Itoa(len(page)))
			return page
		}),
			load: metadata.ErrFormat, anew: metadata.ErrFormat, proxy: true},
		"reversed list":               {fault: edited(isList, reversed)},
		"list with what is not there": {fault: edited(isList, haunted), damaged: 1},
		// An empty place is what it looks like; what counts is that the store
		// keeps its id and its events.
		"empty list at first": {fault: func(x *wrapped) fault {
			empty := edited(isList, emptied)(x)
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				return isList(r) && x.nth(r) < 3 && empty(w, r, next)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := &wrapped{}
			x.fault = c.fault(x)
			address, _ := fakeS3(t, x.handler)
			open := func(prefix string) *Store { return openURL(t, s3URL(address, prefix)) }

			// A store that was made while all was well.
			chain := &metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}
			good := open("p")
			for i := range 2 {
				if err := good.Append(t.Context(), event(t, chain, fmt.Sprint(i))); err != nil {
					t.Fatal(err)
				}
			}
			if err := good.put(t.Context(), "leases/x", []byte("{}"), "application/json", false); err != nil {
				t.Fatal(err)
			}
			digest, err := good.PutBlob(t.Context(), []byte("manifest"))
			if err != nil {
				t.Fatal(err)
			}
			info, err := good.Init(t.Context())
			if err != nil || !info.ConditionalWrites {
				t.Fatalf("%+v, %v", info, err)
			}
			bad := open("p")
			if c.put == nil || c.load != nil {
				// Its format is known: what is tried are the operations.
				bad.format = good.format
			} else if _, err := bad.known(t.Context()); err != nil {
				t.Fatal(err)
			}
			third := event(t, chain, "third")

			x.set(true)
			err = bad.Append(t.Context(), third)
			checkOutcome(t, "append", err, c.put)
			acknowledged := err == nil
			if acknowledged && c.load == nil && c.damaged == 0 {
				checkOutcome(t, "append again", bad.Append(t.Context(), third), c.put)
			}
			_, err = bad.PutBlob(t.Context(), []byte("more"))
			checkOutcome(t, "document", err, c.put)
			x.set(true)
			if c.proxy { // there from the beginning
				bad = open("p")
			}
			snap, err := bad.Load(t.Context(), metadata.Query{})
			checkOutcome(t, "load", err, c.load)
			if err == nil && c.damaged == 0 && (len(snap.Runs) != 1 || len(snap.Damaged) > 0) && name != "empty list at first" {
				t.Errorf("loaded %d runs, damaged: %v", len(snap.Runs), snap.Damaged)
			}
			if err == nil && len(snap.Damaged) != c.damaged {
				t.Errorf("damaged: %v, want %d", snap.Damaged, c.damaged)
			}
			if c.load != nil {
				if _, err := open("p").Load(t.Context(), metadata.Query{}); err == nil {
					t.Error("to a newcomer the store looks empty")
				}
			}
			checkOutcome(t, "remove", bad.remove(t.Context(), "leases/x"), c.remove)

			// The first write to an empty place, and who else comes.
			x.set(true)
			info, err = open("new").Init(t.Context())
			checkOutcome(t, "init", err, c.anew)
			if err == nil && info.ConditionalWrites == c.unconditional {
				t.Errorf("conditional writes: %v", info.ConditionalWrites)
			}
			if err == nil {
				x.set(true)
				other := open("new")
				if err := other.Append(t.Context(), event(t, &metadata.Chain{Run: chain.Run, Now: time.Now}, "x")); err != nil {
					t.Errorf("append to the new one: %v", err)
				}
				if again, err := other.Init(t.Context()); err != nil || again.Store != info.Store || again.Created {
					t.Errorf("another store: %+v, %v; want %+v", again, err, info)
				}
			}

			// Afterwards all is well, and nothing is lost or doubled.
			x.set(false)
			after := open("p")
			if err := after.Append(t.Context(), third); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			last, err := after.Load(t.Context(), metadata.Query{})
			if err != nil || len(last.Runs) != 1 || len(last.Damaged) > 0 || last.Runs[0].Name != "third" {
				t.Errorf("afterwards: %+v, %v", last, err)
			}
			if damage, err := metadata.Verify(t.Context(), after); err != nil || len(damage) > 0 {
				t.Errorf("verify: %v, %v", damage, err)
			}
			if data, err := after.Blob(t.Context(), digest); err != nil || string(data) != "manifest" {
				t.Errorf("document: %q, %v", data, err)
			}
		})
	}
}

// TestPages: a listing goes over pages of a thousand, whatever their order, and
// one that never ends is an error.
func TestPages(t *testing.T) {
	servertest.S3Environ(t)
	x := &wrapped{}
	lists := 0
	x.fault = func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if isList(r) {
			lists++
		}
		return edited(isList, reversed)(x)(w, r, next)
	}
	address, backend := fakeS3(t, x.handler)
	s := openURL(t, s3URL(address, "p"))
	if _, err := s.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	const runs = 2500
	want := seedRuns(t, backend, runs)
	x.set(true)
	keys, err := s.list(t.Context(), inboxDir)
	if err != nil || !slices.Equal(keys, want) || lists != 3 {
		t.Errorf("%d keys in %d pages, %v; want %d in 3", len(keys), lists, err, runs)
	}
	x.fault = func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		q := r.URL.Query()
		q.Del("continuation-token")
		r.URL.RawQuery = q.Encode()
		return false
	}
	if _, err := s.list(t.Context(), inboxDir); err == nil {
		t.Error("a listing that begins again and again came to an end")
	}
}

// seedRuns puts events into a server, past the store.
func seedRuns(t *testing.T, backend *s3mem.Backend, runs int) (keys []string) {
	t.Helper()
	for i := range runs {
		c := metadata.Chain{Run: metadata.NewID(time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)), Now: time.Now}
		e := event(t, &c, fmt.Sprint(i))
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		key := inboxDir + e.Name()
		if _, err := backend.PutObject(testBucket, "p/"+key, nil, bytes.NewReader(data), int64(len(data)), nil); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// TestFailures: the three services say the same things in different words. A
// server that refuses never looks like an empty store, one that is away is
// unavailable, and each error names the store, the cause and what to do.
func TestFailures(t *testing.T) {
	servertest.S3Environ(t)
	google := func(status int, reason, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "message": message, "errors": []any{map[string]string{"reason": reason, "message": message}}}})
		}
	}
	azure := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Ms-Error-Code", code)
			w.WriteHeader(status)
		}
	}
	amazon := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { answer(w, status, code, "in words") }
	}
	wait := small
	small.try, small.all = 300*time.Millisecond, time.Second
	t.Cleanup(func() { small = wait })
	for name, c := range map[string]struct {
		scheme string
		server http.HandlerFunc // nil: nobody listens
		want   outcome
		words  string
	}{
		"s3 denied":    {"s3", amazon(403, "AccessDenied"), "permission denied", "s3:ListBucket"},
		"s3 no bucket": {"s3", amazon(404, "NoSuchBucket"), "make the bucket", ""},
		"s3 401":       {"s3", amazon(401, "Unauthorized"), "permission denied", "does not accept these credentials"},
		"s3 away":      {"s3", nil, metadata.ErrUnavailable, "connection refused"},
		"s3 slow": {"s3", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else nobody sees that the client has gone
			<-r.Context().Done()
		}, metadata.ErrUnavailable, "no answer in 300ms"},
		"s3 proxy's 502":   {"s3", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>no", http.StatusBadGateway) }, metadata.ErrUnavailable, "Bad Gateway"},
		"gcs denied":       {"gs", google(403, "forbidden", "x does not have storage.objects.list access"), "permission denied", "Storage Object User"},
		"gcs no bucket":    {"gs", google(404, "notFound", "The specified bucket does not exist."), "make the bucket", "does not exist"},
		"gcs 401":          {"gs", google(401, "required", "Anonymous caller"), "permission denied", "gcloud auth application-default login"},
		"gcs away":         {"gs", nil, metadata.ErrUnavailable, ""},
		"gcs unavailable":  {"gs", google(503, "backendError", "later"), metadata.ErrUnavailable, "later"},
		"gcs rate":         {"gs", google(429, "rateLimitExceeded", "later"), metadata.ErrUnavailable, "later"},
		"azure denied":     {"azblob", azure(403, "AuthorizationPermissionMismatch"), "permission denied", "Storage Blob Data Contributor"},
		"azure wrong key":  {"azblob", azure(403, "AuthenticationFailed"), "permission denied", "AZURE_STORAGE_KEY"},
		"azure no box":     {"azblob", azure(404, "ContainerNotFound"), "make the bucket", "ContainerNotFound"},
		"azure away":       {"azblob", nil, metadata.ErrUnavailable, ""},
		"azure overloaded": {"azblob", azure(503, "ServerBusy"), metadata.ErrUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			address := "http://" + servertest.FreeAddress(t, "")
			if c.server != nil {
				server := httptest.NewServer(c.server)
				defer server.Close()
				address = server.URL
			}
			host := strings.TrimPrefix(address, "http://")
			where := map[string]string{
				"s3":     s3URL(address, "p"),
				"gs":     "gs://" + testBucket + "/p",
				"azblob": "azblob://" + testBucket + "/p?protocol=http&localemu=true&domain=" + host,
			}[c.scheme]
			t.Setenv("STORAGE_EMULATOR_HOST", host)
			t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
			t.Setenv("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=hidden")
			t.Setenv("AZURE_STORAGE_DOMAIN", host)
			s := openURL(t, where)
			s.format = &format{}
			for what, op := range map[string]func(context.Context) error{
				"append": func(ctx context.Context) error {
					return s.Append(ctx, event(t, &metadata.Chain{Run: metadata.NewID(time.Now()), Now: time.Now}, "x"))
				},
				"load":   func(ctx context.Context) error { _, err := s.Load(ctx, metadata.Query{}); return err },
				"format": func(ctx context.Context) error { _, err := openURL(t, where).Init(ctx); return err },
				"remove": func(ctx context.Context) error { return s.remove(ctx, "x") },
			} {
				err := op(t.Context())
				if name == "s3 no bucket" && what == "remove" {
					continue // asks with HEAD, whose answer has no words
				}
				checkOutcome(t, what, err, c.want)
				if err == nil {
					continue
				}
				if text := err.Error(); !strings.HasPrefix(text, c.scheme+"://"+testBucket+"/p/: cannot ") || !strings.Contains(text, c.words) || strings.Contains(text, "hidden") || strings.Contains(text, "\n") {
					t.Errorf("%s: %s; want %q", what, text, c.words)
				}
			}
		})
	}
}

// TestNobodyThere: a name that no server has is a store that is away, for all
// services.
func TestNobodyThere(t *testing.T) {
	servertest.S3Environ(t)
	wait := small
	small.try, small.all = 200*time.Millisecond, 500*time.Millisecond
	t.Cleanup(func() { small = wait })
	const nowhere = "nowhere.invalid"
	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_KEY", "aGlkZGVu")
	for _, where := range []string{s3URL("https://"+nowhere, "p"), "azblob://box?domain=" + nowhere} {
		if _, err := openURL(t, where).Init(t.Context()); !errors.Is(err, metadata.ErrUnavailable) {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// TestCredentialsMissing: found nowhere is an error that says where to put them;
// nothing is spooled for it.
func TestCredentialsMissing(t *testing.T) {
	servertest.S3Environ(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := openURL(t, s3URL("http://"+servertest.FreeAddress(t, ""), "p")).Init(t.Context())
	checkOutcome(t, "init", err, "no credentials were found; set AWS_ACCESS_KEY_ID")
	_, err = openURL(t, "s3://"+testBucket).Init(t.Context())
	checkOutcome(t, "init", err, "state the bucket's region")
}
