package ir

const anyArtifact = "system.Artifact"

// KindOf is the type of a constant (a JSON value), without that of its elements.
func KindOf(v any) Type {
	switch v.(type) {
	case nil:
		return Type{Kind: Null}
	case bool:
		return Type{Kind: Boolean}
	case int64, int:
		return Type{Kind: Integer}
	case float64:
		return Type{Kind: Number}
	case string:
		return Type{Kind: String}
	case []any:
		return Type{Kind: List}
	}
	return Type{Kind: Struct}
}

// TypeOf is the type of a constant with that of its elements, where all of them
// agree.
func TypeOf(v any) Type {
	l, ok := v.([]any)
	if !ok {
		return KindOf(v)
	}
	var elem *Type
	for _, e := range l {
		elem = Join(elem, TypeOf(e))
	}
	return ListOfSome(elem)
}

// Join is the type that covers both, Dynamic when none does; a nil a is nothing
// yet.
func Join(a *Type, b Type) *Type {
	switch {
	case a == nil || a.Kind == Invalid:
		return &b
	case b.Kind == Invalid || a.Equal(b):
		return a
	case a.AssignableTo(b) && b.Kind != Dynamic && a.Kind != Dynamic:
		if a.Kind == Artifact && b.Schema.Title != anyArtifact {
			return a
		}
		return &b
	case b.AssignableTo(*a) && a.Kind != Dynamic && b.Kind != Dynamic:
		return a
	}
	return &Type{Kind: Dynamic}
}

// ListOfSome is the list type with the given elements, of which nothing may be
// known.
func ListOfSome(elem *Type) Type {
	if elem == nil || elem.Kind == Dynamic || elem.Kind == Null || elem.Kind == Invalid {
		return Type{Kind: List}
	}
	return ListOf(*elem)
}
