package openlineage

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A catalogue is a server that keeps what it is sent; answer, if set, decides
// the status of the nth request, from 1.
type catalogue struct {
	*httptest.Server
	answer func(n int) int

	mu     sync.Mutex
	n      int
	events []Event
	auth   []string
	paths  []string
}

func newCatalogue(t *testing.T, answer func(n int) int) *catalogue {
	c := &catalogue{answer: answer}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.n++
		c.auth, c.paths = append(c.auth, r.Header.Get("Authorization")), append(c.paths, r.Method+" "+r.URL.Path)
		if c.answer != nil {
			if code := c.answer(c.n); code != http.StatusOK {
				w.WriteHeader(code)
				return
			}
		}
		var e Event
		if err != nil || json.Unmarshal(body, &e) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.events = append(c.events, e)
	}))
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, target string, opt SinkOptions) *Sink {
	t.Helper()
	opt.pause = time.Millisecond
	s, err := OpenSink(target, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func send(s *Sink) int {
	events := Events(story())
	for _, e := range events {
		s.Send(e)
	}
	return len(events)
}

func TestHTTP(t *testing.T) {
	c := newCatalogue(t, func(n int) int { // two failures that pass
		if n < 3 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	s := open(t, c.URL, SinkOptions{Key: "k", UserAgent: "kfp-go/test"})
	n := send(s)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.events) != n || brief(c.events) != brief(Events(story())) {
		t.Errorf("%d events arrived, want %d in order:\n%s", len(c.events), n, brief(c.events))
	}
	if c.auth[0] != "Bearer k" || c.paths[0] != "POST /api/v1/lineage" {
		t.Errorf("%q %q", c.auth[0], c.paths[0])
	}
}

// A server that refuses, is not there or sends one elsewhere costs events,
// one error and nothing else; the key goes nowhere else.
func TestHTTPFailures(t *testing.T) {
	other := newCatalogue(t, nil)
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	redirect := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	refuse := newCatalogue(t, func(int) int { return http.StatusUnauthorized })
	fails := newCatalogue(t, func(int) int { return http.StatusInternalServerError })
	for name, url := range map[string]string{"away": away.URL, "redirect": redirect.URL, "refuse": refuse.URL + "/own?token=t", "fails": fails.URL} {
		t.Run(name, func(t *testing.T) {
			s := open(t, url, SinkOptions{Key: "k"})
			send(s)
			err := s.Close(t.Context())
			if err == nil || !strings.Contains(err.Error(), "11 events did not reach") || strings.Contains(err.Error(), "token") {
				t.Errorf("%v", err)
			}
		})
	}
	if other.n != 0 {
		t.Error("a redirect was followed")
	}
	if refuse.n != 11 {
		t.Errorf("%d requests, want 11: a refusal is final", refuse.n)
	}
	if fails.n != tries+10 {
		t.Errorf("%d requests, want %d: after a failure one try each", fails.n, tries+10)
	}
}

// A server that never answers does not keep the run from ending.
func TestHTTPHangs(t *testing.T) {
	release, reached := make(chan struct{}), make(chan struct{}, 100)
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{}; <-release }))
	defer hangs.Close()
	defer close(release)
	s := open(t, hangs.URL, SinkOptions{})
	send(s)
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "11 events did not reach") {
		t.Errorf("%v", err)
	}
	s.Send(Event{}) // late: counted, no panic
}

func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events.ndjson")
	for range 2 {
		s := open(t, name, SinkOptions{})
		send(s)
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n != 22 {
		t.Errorf("%d lines, want 22: a second run is added", n)
	}
	if _, err := OpenSink("file://"+filepath.ToSlash(name), SinkOptions{}); err != nil {
		t.Error(err)
	}
}

func TestOpenSink(t *testing.T) {
	for target, want := range map[string]string{
		"ftp://host/x":                        "not to \"ftp://\"",
		"http://u:secret@host/":               "OPENLINEAGE_API_KEY",
		"https://":                            "malformed",
		"file://elsewhere/x":                  "no file of this machine",
		filepath.Join(t.TempDir(), "no", "f"): "no such file",
	} {
		_, err := OpenSink(target, SinkOptions{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", target, err)
		}
	}
}
