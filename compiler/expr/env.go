package expr

import (
	"strconv"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Every expression is checked in one environment that is built once. The
// values that an expression reads become variables out of a pool that the
// environment declares beforehand, some for each type, so that compiling an
// expression never extends it; their names begin with a character that no
// author can write.
const poolSize = 16

// celEnv is the environment of almost every expression.
var celEnv = sync.OnceValues(func() (*cel.Env, error) { return newEnv(poolSize) })

// envFor is an environment whose pool holds n variables of each type.
func envFor(n int) (*cel.Env, error) {
	if n <= poolSize {
		return celEnv()
	}
	return newEnv(n)
}

func newEnv(pool int) (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().AddIncludedFunctions(
			standard(operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot,
				operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals,
				operators.Greater, operators.GreaterEquals, operators.In, operators.Index,
				operators.NotStrictlyFalse,
				"size", "contains", "startsWith", "endsWith", "matches", "dyn", "bool")...))),
		cel.OptionalTypes(cel.OptionalTypesVersion(0)),
		ext.Strings(ext.StringsVersion(4)),
		ext.Math(ext.MathVersion(1)),
		cel.CrossTypeNumericComparisons(true),
		cel.EnableIdentifierEscapeSyntax(),
		cel.ParserRecursionLimit(maxNesting),
		cel.CustomTypeAdapter(jsonAdapter{types.DefaultTypeAdapter}),
	}
	options = append(options, ownFunctions()...)
	return cel.NewCustomEnv(append(options, poolVariables(pool)...)...)
}

func standard(names ...string) []*env.Function {
	out := make([]*env.Function, len(names))
	for i, name := range names {
		out[i] = env.NewFunction(name)
	}
	return out
}

// A shape is a type as the environment knows it: coarser than ir.Type.
type shape struct {
	prefix string // of pool variables
	cel    *cel.Type
}

func shapes() []shape {
	scalars := []shape{
		{"s", cel.StringType}, {"i", cel.IntType}, {"d", cel.DoubleType}, {"b", cel.BoolType},
		{"y", cel.DynType}, {"m", structType()}, {"l", cel.ListType(cel.DynType)},
	}
	out := scalars
	for _, s := range scalars {
		if s.prefix != "y" {
			out = append(out, shape{"l" + s.prefix, cel.ListType(s.cel)})
		}
	}
	return out
}

func structType() *cel.Type { return cel.MapType(cel.StringType, cel.DynType) }

// prefixOf is the prefix of the pool variables for a type.
func prefixOf(t ir.Type) string {
	switch t.Kind {
	case ir.String:
		return "s"
	case ir.Integer:
		return "i"
	case ir.Number:
		return "d"
	case ir.Boolean:
		return "b"
	case ir.Struct:
		return "m"
	case ir.List:
		if t.Items == nil {
			return "l"
		}
		if inner := prefixOf(*t.Items); len(inner) == 1 && inner != "y" {
			return "l" + inner
		} else if inner != "y" {
			return "ll"
		}
		return "l"
	}
	return "y"
}

// How a variable is read.
const (
	readValue    = "@"  // its value; an error when absent
	readOptional = "@o" // an optional of its value
	readPresence = "@p" // whether it is there
)

func poolName(mode, prefix string, n int) string {
	return mode + prefix + strconv.Itoa(n)
}

func poolVariables(n int) []cel.EnvOption {
	var out []cel.EnvOption
	for _, s := range shapes() {
		optional := cel.OptionalType(s.cel)
		for i := range n {
			out = append(out,
				cel.Variable(poolName(readValue, s.prefix, i), s.cel),
				cel.Variable(poolName(readOptional, s.prefix, i), optional),
				cel.Variable(poolName(readPresence, s.prefix, i), cel.BoolType))
		}
	}
	return out
}

// irType is the type of a result; an optional is none.
func irType(t *cel.Type) (ir.Type, bool) {
	switch t.Kind() {
	case types.BoolKind:
		return ir.Type{Kind: ir.Boolean}, true
	case types.IntKind:
		return ir.Type{Kind: ir.Integer}, true
	case types.DoubleKind:
		return ir.Type{Kind: ir.Number}, true
	case types.StringKind:
		return ir.Type{Kind: ir.String}, true
	case types.MapKind:
		return ir.Type{Kind: ir.Struct}, true
	case types.NullTypeKind:
		return ir.Type{Kind: ir.Null}, true
	case types.DynKind, types.TypeParamKind:
		return ir.Type{Kind: ir.Dynamic}, true
	case types.ListKind:
		inner, ok := irType(t.Parameters()[0])
		if !ok {
			return ir.Type{}, false
		}
		if inner.Kind == ir.Dynamic || inner.Kind == ir.Null {
			return ir.Type{Kind: ir.List}, true
		}
		return ir.ListOf(inner), true
	}
	return ir.Type{}, false
}

// kindName names a type for the author.
func kindName(t *cel.Type) string {
	if it, ok := irType(t); ok {
		return it.String()
	}
	if t.Kind() == types.OpaqueKind && t.TypeName() == "optional_type" {
		return "optional " + kindName(t.Parameters()[0])
	}
	return t.TypeName()
}
