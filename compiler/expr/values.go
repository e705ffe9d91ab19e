package expr

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// jsonAdapter makes CEL values of JSON values: all numbers are doubles, and
// structs iterate in the order of their keys.
type jsonAdapter struct{ types.Adapter }

func (a jsonAdapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case nil:
		return types.NullValue
	case int64:
		return types.Double(v)
	case int:
		return types.Double(v)
	case map[string]any:
		return sortedMap{types.NewStringInterfaceMap(a, v)}
	case []any:
		return types.NewDynamicList(a, v)
	case map[ref.Val]ref.Val:
		return sortedMap{types.NewRefValMap(a, v)}
	}
	return a.Adapter.NativeToValue(v)
}

func fromJSON(v any) ref.Val { return jsonAdapter{types.DefaultTypeAdapter}.NativeToValue(v) }

// A sortedMap is a map with text keys that iterates in their order.
type sortedMap struct{ traits.Mapper }

func (m sortedMap) Iterator() traits.Iterator {
	keys := make([]string, 0, int(m.Size().(types.Int)))
	for it := m.Mapper.Iterator(); it.HasNext() == types.True; {
		if k, ok := it.Next().(types.String); ok {
			keys = append(keys, string(k))
		}
	}
	sort.Strings(keys)
	return types.NewStringList(types.DefaultTypeAdapter, keys).Iterator()
}

// typed makes the CEL value of a JSON value that has, or must have, a declared
// type.
func typed(v any, t ir.Type) (ref.Val, error) {
	switch t.Kind {
	case ir.Integer:
		switch v := v.(type) {
		case int:
			return types.Int(v), nil
		case int64:
			return types.Int(v), nil
		case float64:
			if v == math.Trunc(v) && math.Abs(v) <= ir.MaxSafe {
				return types.Int(v), nil
			}
		}
	case ir.Number:
		switch v := v.(type) {
		case int:
			return types.Double(v), nil
		case int64:
			return types.Double(v), nil
		case float64:
			return types.Double(v), nil
		}
	case ir.String:
		if s, ok := v.(string); ok {
			return types.String(s), nil
		}
	case ir.Boolean:
		if b, ok := v.(bool); ok {
			return types.Bool(b), nil
		}
	case ir.Struct:
		if _, ok := v.(map[string]any); ok {
			return fromJSON(v), nil
		}
	case ir.List:
		if l, ok := v.([]any); ok {
			return typedList(l, t.Items)
		}
	default:
		return fromJSON(v), nil
	}
	return nil, fmt.Errorf("%s is needed, but the value is %s", article(t.String()), jsonKind(v))
}

func typedList(l []any, items *ir.Type) (ref.Val, error) {
	if items == nil || items.Kind == ir.Dynamic || items.Kind == ir.Invalid {
		return fromJSON(l), nil
	}
	out := make([]ref.Val, len(l))
	for i, x := range l {
		v, err := typed(x, *items)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		out[i] = v
	}
	return types.NewRefValList(jsonAdapter{types.DefaultTypeAdapter}, out), nil
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int, int64, float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "a struct"
}

// toJSON makes the JSON value of a result. Integers come out as int64, other
// numbers as float64.
func toJSON(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.Bool:
		return bool(v), nil
	case types.String:
		return string(v), nil
	case types.Int:
		if _, bad := safe(v).(*types.Err); bad {
			return nil, errors.New("integer out of range")
		}
		return int64(v), nil
	case types.Double:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, errors.New("the result is not a finite number")
	case traits.Mapper:
		return structJSON(v)
	case traits.Lister:
		out := make([]any, 0, int(v.Size().(types.Int)))
		for it := v.Iterator(); it.HasNext() == types.True; {
			x, err := toJSON(it.Next())
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	}
	return nil, fmt.Errorf("the result is %s, which is no JSON value", v.Type().TypeName())
}

func structJSON(m traits.Mapper) (any, error) {
	out := make(map[string]any, int(m.Size().(types.Int)))
	for it := m.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		v, _ := m.Find(k)
		x, err := toJSON(v)
		if err != nil {
			return nil, err
		}
		out[string(k.(types.String))] = x
	}
	return out, nil
}
