package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/store"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// StoresKey is the key that holds a table: URIs, with settings for each. Files
// are read here instead of through viper, which takes all keys for lower case.
const StoresKey = "artifact-stores"

// storesIn is the table of a configuration file as text, "" if it has none.
func storesIn(name string, data []byte) (string, error) {
	n, err := document(name, data)
	if err != nil {
		return "", err
	}
	table := n.Get(StoresKey)
	if table.IsNull() {
		return "", nil
	}
	stores, err := readStores(table)
	return storesText(stores), err
}

func document(name string, data []byte) (*tree.Node, error) {
	var wrong *Error
	docs := tree.Parse(source.NewFile(name, data), func(d diag.Diagnostic) {
		if wrong == nil && d.Severity == diag.Error {
			wrong = at(d.Span, "%s", d.Message)
		}
	})
	if wrong != nil {
		return nil, wrong
	}
	if len(docs) == 0 {
		return nil, nil
	}
	return docs[0], nil
}

func at(where source.Span, format string, args ...any) *Error {
	from := where.File.Name()
	if from != "" {
		begin := where.Begin()
		from = fmt.Sprintf("%s:%d:%d", from, begin.Line, begin.Column)
	}
	return &Error{from, fmt.Sprintf(format, args...)}
}

// setStores reads the table as text: YAML, of which JSON is a part.
func setStores(c *Config, text string) error {
	n, err := document("", []byte(text))
	if err == nil {
		c.ArtifactStores, err = readStores(n)
	}
	var mistake *Error
	if errors.As(err, &mistake) {
		return errors.New(mistake.Message)
	}
	return err
}

func readStores(n *tree.Node) ([]*store.Store, error) {
	if n == nil || n.Kind != tree.Mapping {
		return nil, at(n.Span(), "%q takes a mapping from URIs to the settings of their stores", StoresKey)
	}
	var out []*store.Store
	for _, f := range n.Fields {
		s, err := readStore(f)
		if err != nil {
			return nil, err
		}
		for _, other := range out {
			if other.URI == s.URI {
				return nil, at(f.Key.Span(), "store %q stands here twice", f.Key.Scalar)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func readStore(f tree.Field) (*store.Store, error) {
	place, err := store.Parse(f.Key.Scalar)
	if err != nil {
		return nil, at(f.Key.Span(), "store %v", err)
	}
	s := &store.Store{Place: place}
	if !f.Value.IsNull() {
		if f.Value.Kind != tree.Mapping {
			return nil, at(f.Value.Span(), "store %q takes a mapping of settings: %s", f.Key.Scalar, strings.Join(store.Names(s.Kind), ", "))
		}
		for _, x := range f.Value.Fields {
			if err := storeSetting(s, x); err != nil {
				return nil, at(x.Key.Span(), "store %q: %v", f.Key.Scalar, err)
			}
		}
	}
	if err := s.Complete(); err != nil {
		return nil, at(f.Key.Span(), "store %q: %v", f.Key.Scalar, err)
	}
	return s, nil
}

func storeSetting(s *store.Store, f tree.Field) error {
	name := f.Key.Scalar
	if f.Value == nil || f.Value.Kind != tree.Plain && f.Value.Kind != tree.Text {
		return fmt.Errorf("%q takes one value", name)
	}
	err := s.Set(name, f.Value.Scalar)
	var unknown *store.UnknownField
	if errors.As(err, &unknown) {
		names := store.Names(s.Kind)
		if hint := diag.Nearest(name, names); hint != "" {
			return fmt.Errorf("%w: did you mean %q?", err, hint)
		}
		return fmt.Errorf("%w: it has %s", err, strings.Join(names, ", "))
	}
	return err
}

// storesText is a table as a flag would have it.
func storesText(stores []*store.Store) string {
	var b strings.Builder
	for i, s := range stores {
		b.WriteString(map[bool]string{true: "{", false: ", "}[i == 0])
		fmt.Fprintf(&b, "%q: {", strings.TrimSuffix(s.URI, "/"))
		for j, x := range s.Settings() {
			if j > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%q: %q", x[0], x[1])
		}
		b.WriteString("}")
	}
	if len(stores) == 0 {
		return ""
	}
	return b.String() + "}"
}
