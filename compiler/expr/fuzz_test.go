package expr

import (
	"testing"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// FuzzCompile: no input panics, spans stay inside the text, nothing compiles
// with an error, and what compiles is accepted by expr-lang.
func FuzzCompile(f *testing.F) {
	for _, src := range mistakes {
		if len(src) < 300 {
			f.Add(src)
		}
	}
	for _, src := range []string{"inputs.rows + 1", "inputs.xs.map(x, inputs.ints.map(y, [x, y]))", "has(inputs.note) && inputs.note == 'x'", "inputs.m.?k.?l.orValue('d')"} {
		f.Add(src)
	}
	s := sample()
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > 2000 {
			return
		}
		p, ds := compileText(src, s)
		if (p == nil) != diag.HasErrors(ds) {
			t.Fatalf("program %v\n%s", p != nil, format(ds))
		}
		for _, d := range ds {
			if d.Span.Start < 0 || d.Span.Start > d.Span.End || d.Span.End > len(src) {
				t.Fatalf("span %d:%d", d.Span.Start, d.Span.End)
			}
		}
		if p == nil {
			return
		}
		text, err := p.Argo(binding)
		if err != nil {
			return
		}
		if err := CheckArgo(text); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		in := map[string]any{"inputs.rows": int64(1), "inputs.name": "a", "inputs.xs": []any{1.0}}
		_, hereErr := p.Eval(t.Context(), getter(in))
		if p.Total() && hereErr != nil && allThere(p, in) {
			t.Fatalf("total, but %v", hereErr)
		}
	})
}

func allThere(p *Program, in map[string]any) bool {
	for _, v := range p.Vars() {
		if _, ok := in[v.Name]; !ok && !v.Optional {
			return false
		}
	}
	return true
}

// FuzzSplit: no input panics, and the parts put together are the text.
func FuzzSplit(f *testing.F) {
	for _, src := range []string{"", "a${{b}}c", "$${{", "${{ '}}' }}", "${{{'a':1}}}", "${{", "$$${{a}}"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		var l diag.List
		parts, ok := Split(fragment(src), l.Report)
		if ok != (l.Len() == 0) {
			t.Fatalf("ok %v with %d reports", ok, l.Len())
		}
		end := 0
		for _, p := range parts {
			if p.Span.Start < end || p.Span.End > len(src) {
				t.Fatalf("span %d:%d after %d", p.Span.Start, p.Span.End, end)
			}
			if ok && p.Span.Start != end {
				t.Fatalf("a gap at %d", end)
			}
			end = p.Span.End
			if p.IsExpr && p.Expr.Text != src[p.Span.Start+3:p.Span.End-2] {
				t.Fatalf("expression %q", p.Expr.Text)
			}
		}
		if ok && end != len(src) {
			t.Fatalf("parts end at %d of %d", end, len(src))
		}
	})
}

func FuzzPlainPath(f *testing.F) {
	f.Add("tasks['a-b'].outputs.x")
	f.Fuzz(func(t *testing.T, src string) {
		if path, ok := PlainPath(src); ok != (len(path) > 0) && ok {
			t.Fatal("no path")
		}
	})
}

func benchmark(b *testing.B, src string) {
	s := sample()
	fr := fragment(src)
	b.ReportAllocs()
	for b.Loop() {
		if Compile(fr, s, discard) == nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkCompileComparison(b *testing.B) { benchmark(b, "inputs.rows > 10") }
func BenchmarkCompileText(b *testing.B) {
	benchmark(b, "inputs.name + '-' + string(inputs.rows) + '-' + inputs.?note.orValue('x')")
}
func BenchmarkCompileMacro(b *testing.B) { benchmark(b, "inputs.xs.all(s, s > inputs.rate)") }
func BenchmarkCompileLogic(b *testing.B) {
	benchmark(b, "inputs.flag && (inputs.rows + 1 > inputs.n || tasks.a-b.outputs.x-y == 3) && inputs.name != 'eu'")
}

func BenchmarkArgo(b *testing.B) {
	p := Compile(fragment("inputs.xs.all(s, s > inputs.rate)"), sample(), discard)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Argo(binding); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	p := Compile(fragment("inputs.rows > 10"), sample(), discard)
	get := getter(map[string]any{"inputs.rows": int64(11)})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(b.Context(), get); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckArgo(b *testing.B) {
	p := Compile(fragment("inputs.xs.all(s, s > inputs.rate)"), sample(), discard)
	text, _ := p.Argo(binding)
	b.ReportAllocs()
	for b.Loop() {
		if err := CheckArgo(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlainPath(b *testing.B) {
	for b.Loop() {
		PlainPath("tasks.train.outputs.model")
	}
}
