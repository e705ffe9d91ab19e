//go:build e2e

package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend/servertest"
)

// An s3 is the cluster's S3 server, as its owner reaches it.
type s3 struct {
	endpoint *url.URL
	id, key  string
}

func clusterS3(t *testing.T) *s3 {
	t.Helper()
	endpoint, err := url.Parse(os.Getenv("KFPGO_S3_ENDPOINT"))
	if err != nil || endpoint.Host == "" || os.Getenv("AWS_ACCESS_KEY_ID") == "" {
		t.Skip("KFPGO_S3_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name no S3 server")
	}
	return &s3{endpoint, os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")}
}

// do sends one signed request; path is BUCKET or BUCKET/KEY.
func (s *s3) do(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.endpoint.JoinPath(path).String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	now, region := time.Now().UTC(), "us-east-1"
	sum := sha256.Sum256([]byte(body))
	payload, day := hex.EncodeToString(sum[:]), now.Format("20060102")
	req.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	req.Header.Set("X-Amz-Content-Sha256", payload)
	canonical := strings.Join([]string{method, req.URL.EscapedPath(), "", "host:" + req.URL.Host, "x-amz-content-sha256:" + payload,
		"x-amz-date:" + req.Header.Get("X-Amz-Date"), "", "host;x-amz-content-sha256;x-amz-date", payload}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	scope := day + "/" + region + "/s3/aws4_request"
	key := []byte("AWS4" + s.key)
	for _, part := range append(strings.Split(scope, "/"), "AWS4-HMAC-SHA256\n"+req.Header.Get("X-Amz-Date")+"\n"+scope+"\n"+hex.EncodeToString(digest[:])) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.id+"/"+scope+", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="+hex.EncodeToString(key))
	return send(t, req)
}

func send(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

const (
	secondBucket = "kfp-go-e2e-stores"
	imported     = "what was imported"
)

// bucket makes a bucket beside that of the repository, with an object in it.
func (s *s3) bucket(t *testing.T) {
	t.Helper()
	if code, text := s.do(t, "PUT", secondBucket, ""); code != 200 && code != 409 {
		t.Fatalf("bucket %s: %d %s", secondBucket, code, text)
	}
	if code, text := s.do(t, "PUT", secondBucket+"/in/x.txt", imported+"\n"); code != 200 {
		t.Fatal(code, text)
	}
}

// project is a folder with the pipeline and a table of stores.
func project(t *testing.T, table string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("testdata/stores.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "pipeline.yaml"), text)
	write(t, filepath.Join(dir, "kfp-go.yaml"), []byte(table))
	return dir
}

// submitted runs the pipeline of a project, and checks that everything that
// names the artifacts it made names them alike: what its programs were told,
// outputs, record, lineage. It gives the URI of what the last program saw.
func submitted(t *testing.T, dir, uri, prefix string, args ...string) string {
	t.Helper()
	meta := t.TempDir()
	r := kfp(t, meta, append([]string{"submit", dir, "-p", "uri=" + uri, "--wait", "--logs", "--output", "json"}, args...)...)
	got := decode(t, r)
	t.Cleanup(func() { deleteWorkflow(t, got.Name) })
	if got.State != "succeeded" || !strings.Contains(r.stderr, imported) {
		t.Fatalf("state %s, log:\n%s", got.State, r.stderr)
	}
	want := func(task, name string) string {
		for _, x := range got.Tasks {
			if x.Path == task {
				uri, _ := x.Outputs[name].(map[string]any)["uri"].(string)
				return uri
			}
		}
		t.Fatalf("no task %s", task)
		return ""
	}
	for name, task := range map[string]string{"copy": "make", "seen": "show"} {
		uri := want(task, name)
		if !strings.HasPrefix(uri, prefix+"/"+got.Name+"/"+task+"/") || !strings.HasSuffix(uri, "/"+name) {
			t.Errorf("%s: %s is not below %s", name, uri, prefix)
		}
		if out, _ := got.Outputs[name].(map[string]any); out["uri"] != uri {
			t.Errorf("%s: the run has %v, the task %s", name, out["uri"], uri)
		}
		for _, args := range [][]string{{"runs", "get", "@last", "-o", "json"}, {"lineage", "@last", "-o", "json"}} {
			if r := kfp(t, meta, args...); r.exit != 0 || !strings.Contains(r.stdout, `"`+uri+`"`) {
				t.Errorf("%v does not know %s: %s %s", args, uri, r.stdout, r.stderr)
			}
		}
	}
	if got := want("fetch", "artifact"); got != uri {
		t.Errorf("imported %s, want %s", got, uri)
	}
	return want("show", "seen")
}

// saw checks the text that the last program wrote: the file that was imported,
// and URIs as its executor input and its arguments had them.
func saw(t *testing.T, text, seen, root, seenRoot string) {
	t.Helper()
	file, input, ok := strings.Cut(text, "{")
	if !ok || !strings.HasPrefix(file, imported+"\nmade at ") {
		t.Fatalf("the last program saw %q", text)
	}
	var in struct {
		Inputs, Outputs struct {
			Artifacts map[string]struct{ Artifacts []struct{ URI string } }
		}
	}
	if err := json.Unmarshal([]byte("{"+input), &in); err != nil {
		t.Fatal(err)
	}
	if got, want := in.Outputs.Artifacts["seen"].Artifacts[0].URI, seenRoot+strings.TrimPrefix(seen, root); got != want {
		t.Errorf("executor input has %s, want %s", got, want)
	}
	if got := in.Inputs.Artifacts["copy"].Artifacts[0].URI; !strings.HasPrefix(got, seenRoot) || !strings.HasSuffix(got, "/copy") {
		t.Errorf("executor input has %s, want one below %s", got, seenRoot)
	}
}

// Artifacts of stores other than the run's repository, and of roots.
func TestE2EStores(t *testing.T) {
	server := clusterS3(t)
	server.bucket(t)
	secret(t, "kfp-go-e2e-id", "id", server.id)
	secret(t, "kfp-go-e2e-key", "key", server.key)
	table := fmt.Sprintf(`artifact-stores:
  gs://unused: {service-account-key-secret: not/there}
  s3://%s: {endpoint: "%s", insecure: true, access-key-secret: kfp-go-e2e-id/id, secret-key-secret: kfp-go-e2e-key/key}
`, secondBucket, server.endpoint.Host)
	read := func(t *testing.T, uri string) string {
		t.Helper()
		code, text := server.do(t, "GET", strings.TrimPrefix(uri, "s3://"), "")
		if code != 200 {
			t.Fatalf("%s: %d %s", uri, code, text)
		}
		return text
	}
	from := "s3://" + secondBucket + "/in/x.txt"
	t.Run("repository", func(t *testing.T) {
		t.Parallel()
		seen := submitted(t, project(t, table), from, "s3://kfp")
		saw(t, read(t, seen), seen, "s3://kfp", "/kfp/artifacts")
	})
	t.Run("root in the repository", func(t *testing.T) {
		t.Parallel()
		seen := submitted(t, project(t, table), from, "s3://kfp/e2e/roots", "--artifact-root", "s3://kfp/e2e/roots")
		saw(t, read(t, seen), seen, "", "")
	})
	t.Run("root in a store", func(t *testing.T) {
		t.Parallel()
		root := "s3://" + secondBucket + "/roots"
		seen := submitted(t, project(t, table+"artifact-root: "+root+"\n"), from, root)
		saw(t, read(t, seen), seen, "", "")
	})
	t.Run("OSS", func(t *testing.T) {
		t.Parallel()
		oss := newOSS(t, server.endpoint.Hostname())
		oss.objects["/heap/in/x.txt"] = imported + "\n"
		table := fmt.Sprintf("artifact-stores:\n  oss://heap: {endpoint: \"http://%s\", access-key-secret: kfp-go-e2e-id/id, secret-key-secret: kfp-go-e2e-key/key}\n", oss.address)
		seen := submitted(t, project(t, table), "oss://heap/in/x.txt", "oss://heap/runs", "--artifact-root", "oss://heap/runs")
		saw(t, oss.get(strings.TrimPrefix(seen, "oss:/")), seen, "oss://", "/oss/")
	})
	t.Run("Azure", func(t *testing.T) {
		t.Parallel()
		azure := newAzurite(t, server.endpoint.Hostname())
		azure.put(t, "/box", "restype=container", "")
		azure.put(t, "/box/in/x.txt", "", imported+"\n")
		secret(t, "kfp-go-e2e-azure", "key", azure.Key)
		table := fmt.Sprintf("artifact-stores:\n  azblob://box: {endpoint: %q, account-key-secret: kfp-go-e2e-azure/key}\n", azure.Endpoint())
		seen := submitted(t, project(t, table), "azblob://box/in/x.txt", "azblob://box/runs", "--artifact-root", "azblob://box/runs")
		saw(t, azure.get(t, strings.TrimPrefix(seen, "azblob:/")), seen, "azblob://", "/azblob/")
	})
}

// An oss speaks as much of OSS's protocol as Argo's executor does; there is no
// server of it to be had. It refuses whoever does not know the key.
type oss struct {
	address string
	id, key string
	mu      sync.Mutex
	objects map[string]string
}

func newOSS(t *testing.T, host string) *oss {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skipf("the cluster cannot reach this test: %v", err)
	}
	o := &oss{address: listener.Addr().String(), id: os.Getenv("AWS_ACCESS_KEY_ID"), key: os.Getenv("AWS_SECRET_ACCESS_KEY"), objects: map[string]string{}}
	server := &http.Server{Handler: o, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return o
}

func (o *oss) get(path string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.objects[path]
}

func (o *oss) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mac := hmac.New(sha1.New, []byte(o.key))
	_, _ = io.WriteString(mac, strings.Join([]string{r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), r.Header.Get("Date"), r.URL.Path}, "\n"))
	if r.Header.Get("Authorization") != "OSS "+o.id+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		http.Error(w, "<Error><Code>SignatureDoesNotMatch</Code></Error>", http.StatusForbidden)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	text, ok := o.objects[r.URL.Path]
	switch {
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		o.objects[r.URL.Path] = string(body)
	case !ok:
		http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
	default:
		_, _ = io.WriteString(w, text)
	}
}

// An azurite is an emulator to which the cluster's pods come.
type azurite struct{ *servertest.Azurite }

func newAzurite(t *testing.T, host string) azurite {
	t.Helper()
	// Argo takes the account from the host's name, in front of the first dot.
	account, _, _ := strings.Cut(host, ".")
	return azurite{servertest.NewAzurite(t, host, account)}
}

func (a azurite) get(t *testing.T, path string) string {
	t.Helper()
	code, text := a.do(t, "GET", path, "", "")
	if code != 200 {
		t.Fatal(path, code, text)
	}
	return text
}

func (a azurite) put(t *testing.T, path, query, body string) {
	t.Helper()
	if code, text := a.do(t, "PUT", path, query, body); code != 201 {
		t.Fatal(path, code, text)
	}
}

func (a azurite) do(t *testing.T, method, path, query, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.Endpoint()+path+"?"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	date, length := time.Now().UTC().Format(http.TimeFormat), ""
	signed := "x-ms-date:" + date + "\nx-ms-version:2021-08-06\n"
	req.Header.Set("X-Ms-Date", date)
	req.Header.Set("X-Ms-Version", "2021-08-06")
	if body != "" {
		length = fmt.Sprint(len(body))
		signed = "x-ms-blob-type:BlockBlob\n" + signed
		req.Header.Set("X-Ms-Blob-Type", "BlockBlob")
	}
	resource := "/" + a.Account + "/" + a.Account + path
	if query != "" {
		resource += "\n" + strings.Replace(query, "=", ":", 1)
	}
	key, _ := base64.StdEncoding.DecodeString(a.Key)
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, method+"\n\n\n"+length+"\n\n\n\n\n\n\n\n\n"+signed+resource)
	req.Header.Set("Authorization", "SharedKey "+a.Account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return send(t, req)
}
