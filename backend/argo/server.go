package argo

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kfp-go/kfp-go/backend"
)

// ServerOptions say where Argo's own server is, which alone can read the
// archive of Workflows that are gone, and the status of large ones that the
// controller keeps in a database.
type ServerOptions struct {
	URL      string // such as https://argo.example.org:2746
	Token    string // "Bearer …", "": none
	Insecure bool   // its certificate is not checked
}

const (
	serverTime = 30 * time.Second // of one request
	maxAnswer  = 256 << 20        // bytes of one answer
)

// An argoServer is Argo's server, asked over HTTP.
type argoServer struct {
	base   *url.URL
	token  string
	client *http.Client
}

func newServer(opt ServerOptions) (*argoServer, error) {
	if opt.URL == "" {
		return nil, nil
	}
	base, err := url.Parse(opt.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("the address of Argo's server must be a URL such as https://HOST:2746: %w", backend.ErrInvalid)
	}
	if base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("the address of Argo's server must not hold credentials; ARGO_TOKEN has them: %w", backend.ErrInvalid)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if opt.Insecure {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // as the user said
	}
	// The token goes to this server and to no other.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &argoServer{base: base, token: opt.Token, client: &http.Client{Transport: transport, CheckRedirect: stay}}, nil
}

// get reads one answer of the server.
func (s *argoServer) get(ctx context.Context, out any, query url.Values, path ...string) error {
	ctx, cancel := context.WithTimeout(ctx, serverTime)
	defer cancel()
	u := s.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	if s.token != "" {
		req.Header.Set("Authorization", s.token)
	}
	res, err := s.client.Do(req)
	if err != nil {
		var request *url.Error
		if errors.As(err, &request) {
			err = request.Err
		}
		return fmt.Errorf("the Argo server at %s cannot be reached: %w: %w", s.base.Host, backend.ErrUnavailable, err)
	}
	defer res.Body.Close()
	body := io.LimitReader(res.Body, maxAnswer)
	if res.StatusCode == http.StatusOK {
		if err := json.NewDecoder(body).Decode(out); err != nil {
			return fmt.Errorf("the Argo server at %s gave an answer that cannot be read: %w: %w", s.base.Host, backend.ErrUnavailable, err)
		}
		return nil
	}
	var said struct {
		Message string `json:"message"`
	}
	_ = json.NewDecoder(io.LimitReader(body, 1<<16)).Decode(&said)
	class := backend.ErrUnavailable
	if strings.Contains(said.Message, "not supported") { // it keeps no archive
		class = backend.ErrNotFound
	}
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		class = backend.ErrDenied
		said.Message += " (ARGO_TOKEN holds the token, as `argo auth token` prints it)"
	case http.StatusNotFound:
		class = backend.ErrNotFound
	case http.StatusBadRequest:
		class = backend.ErrInvalid
	}
	return fmt.Errorf("the Argo server at %s says %q: %s: %w", s.base.Host, res.Status, strings.TrimSpace(said.Message), class)
}

// archived lists archived Workflows of a namespace, without their nodes.
func (s *argoServer) archived(ctx context.Context, namespace, labels, fields, next string) (*wfv1.WorkflowList, error) {
	q := url.Values{"namespace": {namespace}, "listOptions.labelSelector": {labels}, "listOptions.limit": {"100"}}
	selector := "metadata.namespace=" + namespace
	if fields != "" {
		selector += "," + fields
	}
	q.Set("listOptions.fieldSelector", selector)
	if next != "" {
		q.Set("listOptions.continue", next)
	}
	list := new(wfv1.WorkflowList)
	return list, s.get(ctx, list, q, "api", "v1", "archived-workflows")
}

// archivedByUID is one archived Workflow, whole.
func (s *argoServer) archivedByUID(ctx context.Context, namespace, uid string) (*wfv1.Workflow, error) {
	wf := new(wfv1.Workflow)
	return wf, s.get(ctx, wf, url.Values{"namespace": {namespace}}, "api", "v1", "archived-workflows", uid)
}

// live is a Workflow that is still there, with the nodes that the controller
// keeps in a database.
func (s *argoServer) live(ctx context.Context, namespace, name string) (*wfv1.Workflow, error) {
	wf := new(wfv1.Workflow)
	return wf, s.get(ctx, wf, nil, "api", "v1", "workflows", namespace, name)
}
