package metadata

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// Inline puts large values of a run, which the store keeps as documents, in
// their places. What cannot be read stays a digest; the error names all such.
func Inline(ctx context.Context, store Store, r *Run) error {
	all := []*map[string]Value{&r.Parameters, &r.Outputs}
	for _, t := range r.Tasks {
		all = append(all, &t.Inputs, &t.Outputs)
	}
	var failed []error
	for _, values := range all {
		owned := false // the map may be that of an event
		for name, v := range *values {
			if v.Blob == "" {
				continue
			}
			data, err := store.Blob(ctx, v.Blob)
			if err != nil {
				failed = append(failed, fmt.Errorf("the value of %q: %w", name, err))
				continue
			}
			if !owned {
				*values, owned = maps.Clone(*values), true
			}
			v.Value, v.Blob = data, ""
			(*values)[name] = v
		}
	}
	return errors.Join(failed...)
}
