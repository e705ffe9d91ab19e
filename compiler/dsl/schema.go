package dsl

import (
	"encoding/json"
)

const namePattern = `^[A-Za-z_][A-Za-z0-9_-]*$`

// Schema is the JSON Schema (draft 2020-12) of the language, made of the same
// shapes that readers check a document by. It says what a document may look
// like; what its names mean is for the compiler.
func Schema() []byte {
	w := schemaWriter{defs: map[string]any{}}
	root := w.object(language().document, true)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "kfp-go pipeline"
	root["$defs"] = w.defs
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil // not reached: maps, lists and texts only
	}
	return append(out, '\n')
}

type schemaWriter struct{ defs map[string]any }

// ref is a reference to the definition of a named object, which it writes at
// its first use.
func (w *schemaWriter) ref(o *object) map[string]any {
	if o.name == "" {
		return w.object(o, false)
	}
	if _, known := w.defs[o.name]; !known {
		w.defs[o.name] = nil // taken: objects may contain themselves
		w.defs[o.name] = w.object(o, false)
	}
	return map[string]any{"$ref": "#/$defs/" + o.name}
}

func (w *schemaWriter) object(o *object, root bool) map[string]any {
	out := map[string]any{"type": "object"}
	if o.doc != "" {
		out["description"] = o.doc
	}
	if len(o.keys) > 0 {
		properties := make(map[string]any, len(o.keys))
		var required []string
		for i := range o.keys {
			k := &o.keys[i]
			properties[k.name] = w.key(k)
			if k.required {
				required = append(required, k.name)
			}
		}
		out["properties"] = properties
		if required != nil {
			out["required"] = required
		}
	}
	if o.rest == nil {
		out["additionalProperties"] = false
		return out
	}
	out["additionalProperties"] = w.shape(o.rest, true)
	if o.names {
		out["propertyNames"] = map[string]any{"pattern": namePattern, "maxLength": maxName}
	}
	return out
}

func (w *schemaWriter) key(k *key) map[string]any {
	out := w.shape(k.shape, !k.required)
	if k.doc != "" {
		described := map[string]any{"description": k.doc}
		for key, v := range out {
			described[key] = v
		}
		described["description"] = k.doc
		return described
	}
	return out
}

func (w *schemaWriter) shape(s *shape, null bool) map[string]any {
	if s.any {
		return map[string]any{}
	}
	alternatives := w.scalar(s)
	if s.items != nil {
		alternatives = append(alternatives, map[string]any{"type": "array", "items": w.shape(s.items, true)})
	}
	if s.object != nil {
		alternatives = append(alternatives, w.ref(s.object))
	}
	if null || len(alternatives) == 0 {
		alternatives = append(alternatives, map[string]any{"type": "null"})
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	return map[string]any{"anyOf": alternatives}
}

func (w *schemaWriter) scalar(s *shape) []map[string]any {
	var out []map[string]any
	switch s.scalar {
	case textScalar:
		return append(out, map[string]any{"type": []string{"string", "number", "boolean"}})
	case boolScalar:
		out = append(out, map[string]any{"type": "boolean"})
		if s.values != nil {
			out = append(out, map[string]any{"enum": s.values})
		}
	case intScalar:
		out = append(out, map[string]any{"type": "integer"})
	case numberScalar:
		out = append(out, map[string]any{"type": "number"})
	case durationScalar:
		out = append(out, map[string]any{"type": "string", "pattern": durationPattern}, map[string]any{"const": 0})
	case enumScalar:
		out = append(out, map[string]any{"enum": s.values})
	case typeScalar:
		out = append(out, map[string]any{"anyOf": []map[string]any{{"enum": append(append([]string(nil), typeNames...), "any")}, {"type": "string", "pattern": `\.`}}})
	}
	if s.exprs {
		out = append(out, map[string]any{"type": "string", "pattern": `\$\{\{`})
	}
	return out
}

const durationPattern = `^([0-9]+(\.[0-9]*)?d)?([0-9]+(\.[0-9]*)?h)?([0-9]+(\.[0-9]*)?m)?([0-9]+(\.[0-9]*)?s)?([0-9]+(\.[0-9]*)?ms)?$`
