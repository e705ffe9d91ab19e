package ir

// A Type is the type of a parameter or artifact. It is a value: compare with
// Equal, print with String.
type Type struct {
	Kind Kind
	// Items is the element type of a List; nil: not known before run time.
	Items *Type
	// Schema tells artifact types apart.
	Schema ArtifactSchema
}

// A Kind is the outermost shape of a Type.
type Kind uint8

// The kinds. Invalid is the type of something already reported: checks accept
// it in silence. Dynamic is a JSON value whose type is known at run time only.
const (
	Invalid Kind = iota
	String
	Integer
	Number
	Boolean
	List
	Struct
	Artifact
	Dynamic
	Null // of the literal null
)

// An ArtifactSchema is KFP's ArtifactTypeSchema; exactly one of Title,
// Instance and URI is set. The title system.Artifact fits every other.
type ArtifactSchema struct {
	Title, Instance, URI string
	Version              string
}

// ArtifactType is the artifact type with the given schema title.
func ArtifactType(title string) Type {
	return Type{Kind: Artifact, Schema: ArtifactSchema{Title: title, Version: "0.0.1"}}
}

// ListOf is the list type with the given elements.
func ListOf(t Type) Type { return Type{Kind: List, Items: &t} }

// IsArtifact reports whether the type is an artifact or a list (of lists) of
// artifacts: what travels by reference.
func (t Type) IsArtifact() bool {
	for t.Kind == List && t.Items != nil {
		t = *t.Items
	}
	return t.Kind == Artifact
}

// Equal reports whether both are the same type.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind {
		return false
	}
	switch t.Kind {
	case List:
		if t.Items == nil || u.Items == nil {
			return t.Items == nil && u.Items == nil
		}
		return t.Items.Equal(*u.Items)
	case Artifact:
		a, b := t.Schema, u.Schema
		return a.Title == b.Title && a.Instance == b.Instance && a.URI == b.URI
	}
	return true
}

// AssignableTo reports whether a value of type t may be wired to an input of
// type u without conversion, by the DSL's rules: equal types; integer to
// number; anything dynamic; lists by element; system.Artifact both ways.
func (t Type) AssignableTo(u Type) bool {
	if t.Kind == Invalid || u.Kind == Invalid || t.Kind == Dynamic || u.Kind == Dynamic {
		return true
	}
	if t.Kind == Integer && u.Kind == Number {
		return true
	}
	if t.Kind != u.Kind {
		return false
	}
	switch t.Kind {
	case List:
		return t.Items == nil || u.Items == nil && !t.IsArtifact() || u.Items != nil && t.Items.AssignableTo(*u.Items)
	case Artifact:
		return t.Equal(u) || t.Schema.Title == anyArtifact || u.Schema.Title == anyArtifact
	}
	return true
}

// String is the DSL's name of the type.
func (t Type) String() string {
	switch t.Kind {
	case String:
		return "string"
	case Integer:
		return "integer"
	case Number:
		return "number"
	case Boolean:
		return "boolean"
	case Struct:
		return "struct"
	case Dynamic:
		return "any"
	case Null:
		return "null"
	case List:
		if t.Items == nil {
			return "list"
		}
		return "list of " + t.Items.String()
	case Artifact:
		switch {
		case t.Schema.Title != "":
			const system = "system."
			if len(t.Schema.Title) > len(system) && t.Schema.Title[:len(system)] == system {
				return t.Schema.Title[len(system):]
			}
			return t.Schema.Title
		case t.Schema.URI != "":
			return t.Schema.URI
		}
		return "artifact with its own schema"
	}
	return "unknown"
}
