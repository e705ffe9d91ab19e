package expr

import (
	"encoding/json"
	"math"
	"regexp"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// The names of functions that no author can write; the rewriter of the syntax
// tree puts them in.
const (
	fnFormatInt = "@formatInt" // %d of format
	fnOrdered   = "@ordered"   // around map literals
)

// ownFunctions are those whose meaning differs from CEL's: integers are those
// that JSON carries, and texts of numbers are KFP's.
func ownFunctions() []cel.EnvOption {
	arithmetic := func(name string, f func(a, b ref.Val) ref.Val, ts ...*cel.Type) cel.EnvOption {
		var overloads []cel.FunctionOpt
		for _, t := range ts {
			overloads = append(overloads, cel.Overload(name+kindName(t), []*cel.Type{t, t}, t, cel.BinaryBinding(f)))
		}
		return cel.Function(name, overloads...)
	}
	list := cel.ListType(cel.TypeParamType("T"))
	return []cel.EnvOption{
		arithmetic(operators.Add, func(a, b ref.Val) ref.Val { return safe(a.(traits.Adder).Add(b)) },
			cel.IntType, cel.DoubleType, cel.StringType, list),
		arithmetic(operators.Subtract, func(a, b ref.Val) ref.Val { return safe(a.(traits.Subtractor).Subtract(b)) },
			cel.IntType, cel.DoubleType),
		arithmetic(operators.Multiply, func(a, b ref.Val) ref.Val { return safe(a.(traits.Multiplier).Multiply(b)) },
			cel.IntType, cel.DoubleType),
		arithmetic(operators.Divide, func(a, b ref.Val) ref.Val { return safe(a.(traits.Divider).Divide(b)) },
			cel.IntType, cel.DoubleType),
		arithmetic(operators.Modulo, func(a, b ref.Val) ref.Val { return safe(a.(traits.Modder).Modulo(b)) },
			cel.IntType),
		cel.Function(operators.Negate,
			cel.Overload("negate_int", []*cel.Type{cel.IntType}, cel.IntType, cel.UnaryBinding(negate)),
			cel.Overload("negate_double", []*cel.Type{cel.DoubleType}, cel.DoubleType, cel.UnaryBinding(negate))),
		cel.Function("int",
			cel.Overload("int_int", []*cel.Type{cel.IntType}, cel.IntType, cel.UnaryBinding(toInt)),
			cel.Overload("int_double", []*cel.Type{cel.DoubleType}, cel.IntType, cel.UnaryBinding(toInt)),
			cel.Overload("int_string", []*cel.Type{cel.StringType}, cel.IntType, cel.UnaryBinding(toInt))),
		cel.Function("double",
			cel.Overload("double_double", []*cel.Type{cel.DoubleType}, cel.DoubleType, cel.UnaryBinding(toDouble())),
			cel.Overload("double_int", []*cel.Type{cel.IntType}, cel.DoubleType, cel.UnaryBinding(toDouble())),
			cel.Overload("double_string", []*cel.Type{cel.StringType}, cel.DoubleType, cel.UnaryBinding(toDouble()))),
		cel.Function("string",
			cel.Overload("string_string", []*cel.Type{cel.StringType}, cel.StringType, cel.UnaryBinding(toText)),
			cel.Overload("string_int", []*cel.Type{cel.IntType}, cel.StringType, cel.UnaryBinding(toText)),
			cel.Overload("string_double", []*cel.Type{cel.DoubleType}, cel.StringType, cel.UnaryBinding(toText)),
			cel.Overload("string_bool", []*cel.Type{cel.BoolType}, cel.StringType, cel.UnaryBinding(toText))),
		cel.Function(fnFormatInt,
			cel.Overload("format_int", []*cel.Type{cel.IntType}, cel.StringType, cel.UnaryBinding(toText))),
		cel.Function(fnOrdered,
			cel.Overload("ordered", []*cel.Type{cel.TypeParamType("T")}, cel.TypeParamType("T"), cel.UnaryBinding(ordered))),
		cel.Function("parseJson",
			cel.Overload("parse_json", []*cel.Type{cel.StringType}, cel.DynType, cel.UnaryBinding(parseJSON))),
	}
}

// safe refuses integers that JSON does not carry exactly.
func safe(v ref.Val) ref.Val {
	if i, ok := v.(types.Int); ok && (i > ir.MaxSafe || i < -ir.MaxSafe) {
		return types.NewErr("integer out of range: %d is beyond 2^53−1", int64(i))
	}
	return v
}

func negate(v ref.Val) ref.Val { return safe(v.(traits.Negater).Negate()) }

func toInt(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.Int:
		return v
	case types.Double:
		if math.Abs(float64(v)) <= ir.MaxSafe {
			return types.Int(v)
		}
		return types.NewErr("integer out of range")
	case types.String:
		return safe(v.ConvertToType(types.IntType))
	}
	return types.NewErr("no such overload: int(%s)", v.Type().TypeName())
}

const numberPattern = `^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`

func toDouble() func(ref.Val) ref.Val {
	number := regexp.MustCompile(numberPattern)
	return func(v ref.Val) ref.Val {
		switch v := v.(type) {
		case types.Double:
			return v
		case types.Int:
			return types.Double(v)
		case types.String:
			if number.MatchString(string(v)) {
				return v.ConvertToType(types.DoubleType)
			}
			return types.NewErr("text is not a number")
		}
		return types.NewErr("no such overload: double(%s)", v.Type().TypeName())
	}
}

func toText(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.String:
		return v
	case types.Int:
		return types.String(ir.Text(int64(v)))
	case types.Double:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return types.String(ir.Text(f))
		}
		return types.NewErr("number is not finite")
	case types.Bool:
		return types.String(ir.Text(bool(v)))
	}
	return types.NewErr("no such overload: string(%s)", v.Type().TypeName())
}

func ordered(v ref.Val) ref.Val {
	if m, ok := v.(traits.Mapper); ok {
		return sortedMap{m}
	}
	return v
}

func parseJSON(v ref.Val) ref.Val {
	var out any
	if err := json.Unmarshal([]byte(v.(types.String)), &out); err != nil {
		return types.NewErr("parseJson: %v", err)
	}
	return fromJSON(out)
}
