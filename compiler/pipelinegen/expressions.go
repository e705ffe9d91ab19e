package pipelinegen

var boolean = typ{kind: aBoolean}

func constantOf(v any, k kind) *constant { return &constant{v, typ{kind: k}} }

func test(fn string, args ...value) *call { return &call{fn, args, boolean} }

// condition is a boolean that reads something, nil when there is nothing to read.
func (g *generator) condition(b *body, at *task) value {
	if g.kfp() {
		if c := g.comparison(b, at); c != nil {
			return c
		}
		return nil
	}
	total, failing := g.atom(b, at)
	if failing != nil {
		return failing
	}
	if total == nil {
		total = test("run")
	}
	if g.r.chance(25) {
		if other, _ := g.atom(b, at); other != nil {
			return test(pick(g.r, []string{"and", "or"}), total, other)
		}
	}
	if g.r.chance(10) {
		return test("not", total)
	}
	return total
}

// atom is a simple test: one that cannot fail, or one that may.
func (g *generator) atom(b *body, at *task) (total, failing value) {
	r := g.choose(b, at, func(r *ref) bool { return !r.t.artifact() })
	if exit := g.exitOf(b); exit != nil && g.r.chance(25) {
		status := &ref{kind: toStatus, owner: exit, t: typ{kind: aStruct}}
		return test("eq", &member{status, "state", typ{kind: aString}}, constantOf(pick(g.r, []any{"SUCCEEDED", "FAILED"}), aString)), nil
	}
	if r == nil {
		return nil, nil
	}
	if r.maybe {
		if g.r.chance(50) || r.t.kind > aBoolean {
			return test("has", r), nil
		}
		d := &constant{g.literal(r.t), r.t}
		return g.compare(&call{"else", []value{r, d}, r.t}), nil
	}
	switch r.t.kind {
	case aStruct:
		return nil, test(pick(g.r, []string{"eq", "ne"}), &member{r, "n", typ{kind: anyKind}}, constantOf(pick(g.r, integers), anInteger))
	case aList:
		if e := r.t.elem; e != nil && e.kind <= anInteger && g.r.chance(40) {
			return test("in", &constant{g.literal(*e), *e}, r), nil
		}
		return test("gt", &call{"size", []value{r}, typ{kind: anInteger}}, constantOf(int64(g.r.below(3)), anInteger)), nil
	case anyKind:
		return test(pick(g.r, []string{"eq", "ne", "ne"}), r, &constant{g.literal(g.scalar()), typ{kind: anyKind}}), nil
	}
	return g.compare(r), nil
}

func (g *generator) compare(v value) value {
	t := typeOf(v)
	c := &constant{g.literal(t), t}
	switch t.kind {
	case aBoolean:
		if g.r.chance(50) {
			return v
		}
		return test("not", v)
	case aString:
		switch g.r.below(4) {
		case 0:
			return test("contains", v, c)
		case 1:
			return test("gt", &call{"size", []value{v}, typ{kind: anInteger}}, constantOf(int64(g.r.below(8)), anInteger))
		}
		return test(pick(g.r, []string{"eq", "ne", "ne", "lt"}), v, c)
	}
	return test(pick(g.r, []string{"eq", "ne", "lt", "gt", "le", "ge"}), v, c)
}

// comparison is a condition as KFP's SDK writes it.
func (g *generator) comparison(b *body, at *task) *call {
	r := g.choose(b, at, func(r *ref) bool {
		return !r.maybe && (r.t.kind == aString || r.t.kind == anInteger || r.t.kind == aBoolean)
	})
	if r == nil {
		return nil
	}
	switch r.t.kind {
	case anInteger:
		return test(pick(g.r, []string{"eq", "ne", "lt", "gt", "le", "ge"}), r, constantOf(pick(g.r, integers), anInteger))
	case aBoolean:
		return test("eq", r, constantOf(g.r.chance(50), aBoolean))
	}
	return test(pick(g.r, []string{"eq", "ne", "ne"}), r, constantOf(g.bite(), aString))
}

// computed is the value of an expression that is more than a name.
func (g *generator) computed(b *body, at *task) (value, typ) {
	r := g.choose(b, at, func(r *ref) bool { return !r.t.artifact() })
	if r == nil {
		return g.template(b, at)
	}
	if r.maybe {
		switch r.t.kind {
		case aString, anInteger, aNumber, aBoolean:
			return &call{"else", []value{r, &constant{g.literal(r.t), r.t}}, r.t}, r.t
		}
		return test("has", r), boolean
	}
	v := g.operation(r)
	if v == nil || g.r.chance(15) {
		if c, _ := g.atom(b, at); c != nil {
			if v == nil {
				return c, boolean
			}
			t := typeOf(v)
			switch t.kind {
			case aString, anInteger, aNumber, aBoolean:
				return &call{"cond", []value{c, v, &constant{g.literal(t), t}}, t}, t
			}
		}
	}
	if v == nil {
		return g.template(b, at)
	}
	return v, typeOf(v)
}

// operation computes something of one reference, nil when there is nothing to
// compute.
func (g *generator) operation(r *ref) value {
	one := func(fn string, k kind, more ...value) value {
		return &call{fn, append([]value{r}, more...), typ{kind: k}}
	}
	switch r.t.kind {
	case anInteger:
		switch g.r.below(4) {
		case 0:
			return one("string", aString)
		case 1:
			return one("double", aNumber)
		}
		return one(pick(g.r, []string{"add", "sub", "mul"}), anInteger, constantOf(pick(g.r, integers[:11]), anInteger))
	case aNumber:
		if g.r.chance(50) {
			return one("string", aString)
		}
		return one("add", aNumber, constantOf(0.25, aNumber))
	case aBoolean:
		return one("string", aString)
	case aString:
		switch g.r.below(6) {
		case 0:
			return one("size", anInteger)
		case 1:
			return one("int", anInteger)
		}
		return one("add", aString, constantOf(g.bite(), aString))
	case aList:
		e := r.t.elem
		switch {
		case e == nil || g.r.chance(20):
			return one("size", anInteger)
		case g.r.chance(30):
			return &call{"index", []value{r, constantOf(int64(g.r.below(2)), anInteger)}, *e}
		case e.kind == anInteger && g.r.chance(50):
			return &call{"each", []value{r, constantOf(pick(g.r, integers[:11]), anInteger)}, r.t}
		case e.kind <= aBoolean && g.r.chance(60):
			return &call{"without", []value{r, &constant{g.literal(*e), *e}}, r.t}
		}
		return &call{"add", []value{r, r}, r.t}
	}
	return nil
}

// kfpBranch is if / elif / else as KFP's SDK writes it: a group of groups with
// conditions that exclude each other.
func (g *generator) kfpBranch(t *task, depth int) {
	first := g.comparison(t.in, t)
	if first == nil {
		g.leaf(t)
		return
	}
	t.name = g.name("condition-branches")
	t.body = &body{parent: t.in, owner: t}
	conditions := []value{first}
	rest := value(test("not", first))
	if second := g.comparison(t.in, t); second != nil && g.r.chance(40) {
		conditions = append(conditions, test("and", rest, second))
		rest = test("and", rest, test("not", second))
	}
	otherwise := g.r.chance(70)
	if otherwise {
		conditions = append(conditions, rest)
	}
	var branches []*task // which do not see each other
	for _, c := range conditions {
		u := &task{in: t.body, name: g.name("condition"), when: c}
		u.body = &body{parent: t.body, owner: u}
		g.fill(u.body, depth+2)
		branches = append(branches, u)
	}
	t.body.tasks = branches
	if otherwise {
		g.oneOf(t.body)
	}
}

// oneOf gives the group an output for which each branch has one of the type.
func (g *generator) oneOf(b *body) {
	for _, o := range b.tasks[0].body.outputs {
		one := &oneOf{t: o.typ}
		maybe := false
		for _, u := range b.tasks {
			for _, x := range u.body.outputs {
				if x.typ.equal(o.typ) {
					one.refs = append(one.refs, &ref{kind: toOutput, owner: b, task: u, name: x.name, t: x.typ, maybe: x.maybe})
					maybe = maybe || x.maybe
					break
				}
			}
		}
		if len(one.refs) == len(b.tasks) {
			b.outputs = append(b.outputs, &output{name: g.name("oneof"), value: one, typ: o.typ, maybe: maybe})
		}
	}
}
