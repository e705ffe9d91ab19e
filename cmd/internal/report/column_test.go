package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kfp-go/kfp-go/backend/metadata"
	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

func named(t *testing.T, names ...string) (out []Column) {
	t.Helper()
	for _, name := range names {
		c, ok := ColumnOf(name)
		if !ok {
			t.Fatalf("no column %q", name)
		}
		out = append(out, c)
	}
	return out
}

// listed are four runs that differ in everything one can sort by.
func listed() []Run {
	run := func(id, state string, created, took int, rate string) Run {
		at := start.Add(time.Duration(created) * time.Second)
		r := Run{ID: id, Name: "n" + id, Pipeline: "p", State: state, Created: &at, Parameters: map[string]any{}, Labels: map[string]string{"team": "t" + id}}
		if took > 0 {
			end := at.Add(time.Duration(took) * time.Second)
			r.Started, r.Finished = &at, &end
		}
		if rate != "" {
			r.Parameters["rate"] = json.RawMessage(rate)
		}
		return r
	}
	return []Run{run("4", "running", 40, 0, "10"), run("3", "failed", 30, 5, "9"), run("2", "succeeded", 20, 50, `"x"`), run("1", "succeeded", 10, 7, "")}
}

func TestSort(t *testing.T) {
	for _, c := range []struct {
		by         string
		descending bool
		want       string
	}{
		{"created", true, "4 3 2 1"}, {"created", false, "1 2 3 4"},
		{"duration", false, "3 1 2 4"}, {"duration", true, "2 1 3 4"}, // without a duration: last
		{"state", false, "3 4 2 1"}, {"name", false, "1 2 3 4"},
		{"pipeline", false, "4 3 2 1"}, {"pipeline", true, "4 3 2 1"}, // equal: the newest first
		{"param.rate", false, "3 4 2 1"}, {"param.rate", true, "2 4 3 1"}, // as numbers
		{"label.team", true, "4 3 2 1"}, {"output.none", true, "4 3 2 1"},
	} {
		want := strings.Fields(c.want)
		for limit := range 6 {
			runs := listed()
			slices.Reverse(runs)
			s, b := iostreams.Test()
			l := NewCSV(s.Out, named(t, "id"), start)
			l.Sort(named(t, c.by)[0], c.descending, limit)
			printAll(t, l, runs)
			got := strings.Fields(b.Out.String())[1:]
			want := want
			if limit > 0 {
				want = want[:min(limit, len(want))]
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %s, descending %v, limit %d: %v, want %v", c.by, c.descending, limit, got, want)
			}
		}
	}
}

func printAll(t testing.TB, l *List, runs []Run) {
	t.Helper()
	for i := range runs {
		if err := l.Add(&runs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.End(); err != nil {
		t.Fatal(err)
	}
}

// TestListJSON: runs that are printed one by one are the document as a whole,
// byte for byte.
func TestListJSON(t *testing.T) {
	r := fromBackend()
	for _, runs := range [][]Run{{}, {r}, {r, {ID: "short", Parameters: map[string]any{}}, r}} {
		s, b := iostreams.Test()
		l := NewJSON(s.Out, start)
		printAll(t, l, runs)
		var want strings.Builder
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(Runs{APIVersion: APIVersion, Kind: "RunList", Runs: runs}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.String(), b.Out.String()); d != "" || l.Len() != len(runs) {
			t.Errorf("%d runs (-want +got):\n%s", l.Len(), d)
		}
	}
}

// TestListWhole: of a short list that breaks off nothing is printed.
func TestListWhole(t *testing.T) {
	s, b := iostreams.Test()
	for _, l := range []*List{NewJSON(s.Out, start), NewCSV(s.Out, named(t, "id"), start), NewTable(s.Out, named(t, "id"), Look{Theme: term.OutTheme(s), Now: start})} {
		for _, r := range listed() {
			if err := l.Add(&r); err != nil {
				t.Fatal(err)
			}
		}
		if b.Out.Len() > 0 {
			t.Errorf("printed before the end: %q", b.Out.String())
		}
	}
}

func TestColumnNames(t *testing.T) {
	for _, name := range append(ColumnNames(), append(SortKeys(), append(TableColumns(), CSVColumns()...)...)...) {
		if _, ok := ColumnOf(name); !ok {
			t.Errorf("%q is no column", name)
		}
	}
	for _, name := range []string{"", "nosuch", "label.", "param.", "output.", "ID"} {
		if c, ok := ColumnOf(name); ok {
			t.Errorf("%q is the column %q", name, c.Name)
		}
	}
}

// TestCSV: the bytes are RFC 4180, and a reader of CSV gets back every cell.
func TestCSV(t *testing.T) {
	s, b := iostreams.Test()
	r := FromMetadata(&metadata.Run{ID: "01", RunRecord: metadata.RunRecord{Name: `a "quoted", name`, State: metadata.Succeeded,
		Created: start, Started: start, Finished: start.Add(1500 * time.Millisecond),
		Code:       &metadata.Code{Revision: "0123456789abcdef0123456789abcdef01234567", Dirty: true},
		Parameters: map[string]metadata.Value{"list": {Value: json.RawMessage(`[1,"b"]`)}, "key": {Redacted: true}},
		Outputs:    map[string]metadata.Value{"model": {Artifact: &metadata.ArtifactValue{URI: "s3://b/m"}}}}})
	columns := named(t, "id", "name", "created", "duration", "revision", "param.list", "param.key", "output.model", "label.none")
	printAll(t, NewCSV(s.Out, columns, start), []Run{r})
	want := "id,name,created,duration,revision,param.list,param.key,output.model,label.none\r\n" +
		`01,"a ""quoted"", name",2026-11-23T09:00:00Z,1.5,0123456789abcdef0123456789abcdef01234567+,"[1,""b""]",(secret),s3://b/m,` + "\r\n"
	if d := cmp.Diff(want, b.Out.String()); d != "" {
		t.Error(d)
	}
}

// TestCSVCells: no cell is a formula or a command for a terminal.
func TestCSVCells(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "-1.5": "-1.5", "+3e-7": "+3e-7", "-.5": "-.5", "a=b": "a=b", "-": "'-",
		"=1+1": "'=1+1", "=HYPERLINK(\"http://x\")": "'=HYPERLINK(\"http://x\")", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
		"-2+3": "'-2+3", "@SUM(1)": "'@SUM(1)", " =1": "' =1", "\u3000=1": "'\u3000=1", "＝1": "'＝1", "＠x": "'＠x", "|calc": "'|calc", "%x": "'%x",
		"\t=1": "' =1", "\r=1": "'␍=1", "\n=1": "'␊=1", "\x1b[2J": "␛[2J", "a\nb": "a␊b", "\u202ex": `\u{202e}x`, "1e5": "1e5", "-inf": "'-inf",
	} {
		if got := csvCell(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCSVCell(f *testing.F) {
	for _, s := range []string{"=1", " +1", "-1", "\t@", "\u00a0=x", "a,\"b\"\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cell := csvCell(s)
		if lead := strings.TrimLeft(cell, " "); lead != "" && strings.ContainsRune("=+-@\t\r", rune(lead[0])) && !number.MatchString(cell) {
			t.Fatalf("%q gives %q", s, cell)
		}
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.UseCRLF = true
		if err := w.Write([]string{cell, "x"}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		back, err := csv.NewReader(strings.NewReader(b.String())).Read()
		if err != nil || len(back) != 2 || back[0] != cell {
			t.Fatalf("%q comes back as %q, %v", cell, back, err)
		}
	})
}

func BenchmarkList(b *testing.B) {
	columns := []Column{}
	for _, name := range TableColumns() {
		c, _ := ColumnOf(name)
		columns = append(columns, c)
	}
	runs := make([]Run, 100_000)
	for i := range runs {
		at := start.Add(time.Duration(i*7919%100_000) * time.Second)
		runs[i] = Run{ID: fmt.Sprintf("%08d", i), Name: fmt.Sprint("run-", i), Pipeline: "p", State: "succeeded", Created: &at, Started: &at, Finished: &at}
	}
	s, buffers := iostreams.Test()
	for b.Loop() {
		buffers.Out.Reset()
		by, _ := ColumnOf("started")
		l := NewCSV(s.Out, columns, start)
		l.Sort(by, true, 0)
		printAll(b, l, runs)
	}
}
