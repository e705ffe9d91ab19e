package record

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/backend/metadata/blob"
)

// randomSecret is a text of 8 to 4096 bytes, of one of several alphabets.
func randomSecret(rnd *rand.Rand) string {
	alphabets := []string{
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "0123456789abcdef",
		"ab12+/=&%$#@!?<>\"'\\ \t", "aß€漢字😀\n\"x9",
	}
	letters := []rune(alphabets[rnd.IntN(len(alphabets))])
	size := 8 << rnd.IntN(10)
	size += rnd.IntN(size)
	var b strings.Builder
	for b.Len() < min(size, 4096) {
		b.WriteRune(letters[rnd.IntN(len(letters))])
	}
	return "S" + b.String() + "E" // no blanks around it, which a trimmed one would lose
}

// leaks names the form of the secret in which data holds it.
func leaks(data []byte, secret string) string {
	quoted, _ := json.Marshal(secret)
	found := map[string]string{
		"plain": secret, "JSON": string(quoted[1 : len(quoted)-1]), "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"quoted": strings.Trim(strconv.Quote(secret), `"`), "hex": hex.EncodeToString([]byte(secret)),
		"beginning": secret[:min(len(secret), 24)], "end": secret[max(0, len(secret)-24):],
	}
	for offset := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("abc"[:offset] + secret))
		found[fmt.Sprint("base64, ", offset)] = strings.TrimRight(text, "=")[2*offset : len(text)-4]
	}
	for form, text := range found {
		if len(text) >= 8 && bytes.Contains(data, []byte(text)) {
			return form
		}
	}
	return ""
}

// everything is the content of all files below a folder.
func everything(t *testing.T, dir string) []byte {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		all.WriteString(name)
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

// away is a store that cannot be reached.
type away struct{ metadata.Store }

var errAway = fmt.Errorf("no way there: %w", metadata.ErrUnavailable)

func (away) Append(context.Context, *metadata.Event) error   { return errAway }
func (away) PutBlob(context.Context, []byte) (string, error) { return "", errAway }
func (a away) Load(c context.Context, q metadata.Query) (*metadata.Snapshot, error) {
	return nil, errAway
}

// TestSecretsStayOut: whatever programs and servers make of secrets, in texts,
// values, labels and documents, neither the metadata folder nor the spool
// holds them, encoded, cut or whole.
func TestSecretsStayOut(t *testing.T) {
	const rounds, each = 25, 10
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	for round := range rounds {
		dir, spool := t.TempDir(), t.TempDir()
		file, err := blob.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		var store metadata.Store = file
		if round%2 == 1 {
			if store, err = blob.WithSpool(away{file}, spool, nil); err != nil {
				t.Fatal(err)
			}
		}
		secrets := make([]string, each)
		for i := range secrets {
			secrets[i] = randomSecret(rnd)
		}
		tell(t, store, secrets)
		data := append(everything(t, dir), everything(t, spool)...)
		if !bytes.Contains(data, []byte("harmless")) {
			t.Fatal("nothing was written")
		}
		for _, s := range secrets {
			if form := leaks(data, s); form != "" {
				t.Fatalf("seed %d, round %d: %q was written (%s)", seed, round, s, form)
			}
		}
	}
}

// tell records a run in which secrets stand wherever text can.
func tell(t *testing.T, store metadata.Store, secrets []string) {
	t.Helper()
	text := func(s string) string {
		basic := base64.StdEncoding.EncodeToString([]byte("user:" + s))
		escaped, _ := json.Marshal(map[string]string{"password": s})
		return strings.Join([]string{"harmless", s, basic, url.QueryEscape(s), string(escaped), strconv.Quote(s), hex.EncodeToString([]byte(s)),
			s[:min(len(s), 199)] + "…", "…" + s[len(s)/3:]}, " | ")
	}
	var all strings.Builder
	for _, s := range secrets {
		all.WriteString(text(s))
	}
	p := plan()
	p.ID = backend.RunID(metadata.NewID(time.Now()))
	p.Parameters = map[string]any{"token": secrets[0], "rows": 3, "nested": []any{map[string]any{"a": text(secrets[1])}}}
	p.Secrets, p.Hidden = []string{"token"}, secrets[1:]
	p.Spec, p.Manifest = []byte(text(secrets[2])), []byte(text(secrets[3]))
	p.Labels, p.Source = map[string]string{"label": text(secrets[4])}, "harmless-"+secrets[5]
	r, err := Start(t.Context(), store, Options{Key: []byte("key")}, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.NotSubmitted(t.Context(), errors.New(all.String())); err != nil {
		t.Fatal(err)
	}
	model := &backend.Artifact{URI: "https://user:" + url.QueryEscape(secrets[6]) + "@example.org/harmless", Bytes: -1, Metadata: map[string]any{"k": text(secrets[6])}}
	values := map[string]backend.Output{"text": {Value: all.String()}, "token": {Value: secrets[0]}, "model": {Artifact: model}}
	r.Record(backend.Event{Task: &backend.Task{Path: "t", State: backend.Failed, Attempt: 2, Message: all.String(), Inputs: values, Outputs: values,
		Earlier: []*backend.Task{{Path: "t", Attempt: 1, State: backend.Failed, Message: all.String()}}}})
	r.Record(backend.Event{Run: &backend.Run{State: backend.Failed, Message: all.String(), Parameters: p.Parameters, Outputs: values}})
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestSameSecret: two runs tell whether they had the same secret.
func TestSameSecret(t *testing.T) {
	s := store()
	for _, token := range []string{"vault/a", "vault/a", "vault/b"} {
		p := plan()
		p.ID, p.Parameters = backend.RunID(metadata.NewID(time.Now())), map[string]any{"key": token}
		if _, err := Start(t.Context(), s, Options{Key: []byte("key")}, p); err != nil {
			t.Fatal(err)
		}
	}
	snap, err := s.Load(t.Context(), metadata.Query{})
	if err != nil || len(snap.Runs) != 3 {
		t.Fatal(snap, err)
	}
	value := func(i int) metadata.Value { return snap.Runs[i].Parameters["key"] }
	if same, known := metadata.SameSecret(value(1), value(2)); !same || !known {
		t.Errorf("equal: %v %v", same, known)
	}
	if same, known := metadata.SameSecret(value(0), value(1)); same || !known {
		t.Errorf("different: %v %v", same, known)
	}
}

// TestUnknownParametersAreLearned: who goes on with a run learns the value of a
// secret parameter from the run itself, before tasks are written.
func TestUnknownParametersAreLearned(t *testing.T) {
	s, p := store(), plan()
	if _, err := Start(t.Context(), s, Options{}, p); err != nil {
		t.Fatal(err)
	}
	r := Resume(s, Options{}, only(t, s))
	r.Record(backend.Event{Run: &backend.Run{State: backend.Running, Parameters: p.Parameters}})
	r.Record(backend.Event{Task: &backend.Task{Path: "t", State: backend.Running, Inputs: map[string]backend.Output{"k": {Value: "vault/token"}}}})
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if run := only(t, s); !run.Tasks[0].Inputs["k"].Redacted {
		t.Errorf("%+v", run.Tasks[0].Inputs)
	}
}

func TestLinks(t *testing.T) {
	r := newRedactor(nil, nil, nil, nil)
	for in, want := range map[string]string{
		"s3://b/k":                             "s3://b/k",
		"abfss://c@a.dfs.core.windows.net/k":   "abfss://c@a.dfs.core.windows.net/k",
		"https://u:p@example.org/k":            "https://example.org/k",
		"https://a.example.org/c/k?sig=x&sv=1": "https://a.example.org/c/k?sig=redacted&sv=1",
		"https://example.org/k?v=1&a=2":        "https://example.org/k?v=1&a=2",
		"file:///a?b@c":                        "file:///a?b@c",
		"::@not a url":                         "::@not a url",
	} {
		if got := r.uri(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestResumeSaysNothingTwice: what is recorded stays as it is, whoever looks
// again; a run that somebody had tried again is news.
func TestResumeSaysNothingTwice(t *testing.T) {
	s, p := store(), plan()
	began := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	task := &backend.Task{Path: "t", State: backend.Succeeded, Attempt: 2, Started: began, Finished: began.Add(time.Minute),
		Outputs: map[string]backend.Output{"n": {Value: 1}},
		Earlier: []*backend.Task{{Path: "t", State: backend.Failed, Attempt: 1, Started: began.Add(-time.Minute), Message: "no"}}}
	run := &backend.Run{State: backend.Succeeded, Name: "iris-1", UID: "u", Parameters: p.Parameters, Started: began, Finished: began.Add(time.Hour)}
	look := func(r *Recorder) {
		t.Helper()
		r.Record(backend.Event{Run: run})
		r.Record(backend.Event{Task: task})
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Start(t.Context(), s, Options{}, p)
	if err != nil {
		t.Fatal(err)
	}
	look(r)
	before := s.events
	look(Resume(s, Options{}, only(t, s)))
	if s.events != before {
		t.Errorf("%d more events for no news", s.events-before)
	}
	if got := only(t, s).Tasks[0]; len(got.Earlier) != 1 || got.Earlier[0].Message != "no" {
		t.Errorf("attempts: %+v", got)
	}
	again := *run
	again.State, again.Finished = backend.Running, time.Time{}
	r = Resume(s, Options{}, only(t, s))
	r.Record(backend.Event{Run: &again})
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := only(t, s); got.State != metadata.Running || got.Attempt != 2 {
		t.Errorf("tried again: %s, attempt %d", got.State, got.Attempt)
	}
}

// TestCensor: what a runner leaves for others holds no secret, what it was made
// of is as before, and a record that others complete from it has none either.
func TestCensor(t *testing.T) {
	if Censor([]string{"", " "}) != nil {
		t.Error("without secrets there is nothing to take out")
	}
	const secret = "correct-horse-battery-staple"
	p := plan()
	p.Parameters = map[string]any{"rows": int64(3)}
	artifact := func() *backend.Artifact {
		return &backend.Artifact{URI: "s3://harmless/" + secret, Metadata: map[string]any{"k": secret}, Bytes: 7}
	}
	values := func() map[string]backend.Output {
		return map[string]backend.Output{"text": {Value: []any{"harmless", "x" + secret}}, "fine": {Value: "harmless"},
			"model": {Artifact: artifact()}, "list": {List: []*backend.Artifact{artifact(), nil}}}
	}
	run := func() *backend.Run {
		earlier := &backend.Task{Path: "t", Attempt: 1, State: backend.Failed, Message: "no " + secret}
		return &backend.Run{ID: p.ID, State: backend.Lost, Message: "with " + secret, Parameters: map[string]any{"rows": int64(3), "odd": secret}, Outputs: values(),
			Tasks: []*backend.Task{{Path: "t", Attempt: 2, State: backend.Failed, Message: secret, Inputs: values(), Outputs: values(), Earlier: []*backend.Task{earlier}}}}
	}
	given := run()
	censored := Censor([]string{secret})(given)
	before, _ := json.Marshal(run())
	if after, _ := json.Marshal(given); !bytes.Equal(before, after) {
		t.Errorf("what was given has changed:\n%s\n%s", before, after)
	}
	data, err := json.Marshal(censored)
	if err != nil || bytes.Contains(data, []byte(secret)) || !bytes.Contains(data, []byte("harmless")) {
		t.Errorf("%v: %s", err, data)
	}

	dir := t.TempDir()
	s, err := blob.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), s, Options{}, p); err != nil {
		t.Fatal(err)
	}
	var left backend.Run // as another process reads it
	if err := json.Unmarshal(data, &left); err != nil {
		t.Fatal(err)
	}
	r := Resume(s, Options{}, only(t, s))
	r.Record(backend.Event{Run: &left})
	for _, task := range left.Tasks {
		r.Record(backend.Event{Task: task})
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(everything(t, dir), []byte(secret)) {
		t.Error("the record holds the secret")
	}
	if task := only(t, s).Tasks[0]; !task.Outputs["text"].Redacted || string(task.Outputs["fine"].Value) != `"harmless"` {
		t.Errorf("outputs are %+v", task.Outputs)
	}
}

// TestRunAsRecorded: the recorder gives back what it has written, also where
// the store is away, and what others wrote where it went on with a run.
func TestRunAsRecorded(t *testing.T) {
	file, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	spooled, err := blob.WithSpool(away{file}, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("large ", inline/6+1)
	for name, s := range map[string]metadata.Store{"here": file, "away": spooled} {
		p := plan()
		p.ID, p.Hidden = backend.RunID(metadata.NewID(time.Now())), []string{"correct-horse"}
		p.Parameters = map[string]any{"large": large}
		r, err := Start(t.Context(), s, Options{}, p)
		if err != nil {
			t.Fatal(err)
		}
		outputs := map[string]backend.Output{"o": {Value: "correct-horse"}, "large": {Value: large}}
		r.Record(backend.Event{Task: &backend.Task{Path: "t", State: backend.Succeeded, Outputs: outputs}})
		r.Record(backend.Event{Run: &backend.Run{State: backend.Succeeded, Outputs: outputs}})
		run, err := r.Run(t.Context())
		if err != nil || run.State != metadata.Succeeded || len(run.Tasks) != 1 {
			t.Fatalf("%s: %+v, %v", name, run, err)
		}
		if !run.Outputs["o"].Redacted || len(run.Outputs["large"].Value) < len(large) || len(run.Parameters["large"].Value) < len(large) {
			t.Errorf("%s: outputs are %.100v", name, run.Outputs)
		}
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	known := only(t, file)
	if known.Outputs["large"].Blob == "" {
		t.Error("the large value stands in an event")
	}
	again, err := Resume(file, Options{}, known).Run(t.Context())
	if err != nil || again.ID != known.ID || again.State != metadata.Succeeded {
		t.Errorf("resumed: %+v, %v", again, err)
	}
}
