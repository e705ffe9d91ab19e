package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/viper"

	"github.com/kfp-go/kfp-go/compiler/diag"
)

// A file is one configuration file that was read; nil is one that is not there.
type file struct {
	name   string
	values *viper.Viper
	stores string // the table of stores, as text
}

// maxFile bounds a configuration file.
const maxFile = 1 << 20

func readFile(name string, project bool) (*file, error) {
	if name == "" {
		return nil, nil
	}
	data, err := readLimited(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &Error{name, err.Error()}
	}
	v := viper.NewWithOptions(viper.KeyDelimiter("::"))
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(data)); err != nil {
		return nil, &Error{name, plain(err)}
	}
	if err := checkKeys(name, data, v, project); err != nil {
		return nil, err
	}
	f := &file{name: name, values: v}
	if v.IsSet(StoresKey) {
		f.stores, err = storesIn(name, data)
	}
	return f, err
}

func readLimited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("larger than %d KiB", maxFile>>10)
	}
	return data, nil
}

// plain takes viper's wrapping off a YAML error.
func plain(err error) string {
	var parse viper.ConfigParseError
	if errors.As(err, &parse) {
		err = errors.Unwrap(parse)
	}
	if err == nil {
		return "not YAML"
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

func checkKeys(name string, data []byte, v *viper.Viper, project bool) error {
	keys := v.AllKeys()
	sort.Strings(keys)
	for _, full := range keys {
		top, _, nested := strings.Cut(full, "::")
		k, known := Lookup(top)
		at := place(name, data, top)
		switch {
		case !known:
			msg := fmt.Sprintf("unknown key %q", top)
			if hint := diag.Nearest(top, Names()); hint != "" {
				msg += fmt.Sprintf(": did you mean %q?", hint)
			} else {
				msg += "; `kfp-go config` lists the keys"
			}
			return &Error{at, msg}
		case k.Table:
			continue // storesIn reads it
		case nested != k.Map:
			return &Error{at, fmt.Sprintf("%q takes %s", top, map[bool]string{true: "a mapping", false: "one value"}[k.Map])}
		case k.UserOnly && project:
			return &Error{at, fmt.Sprintf("%q may stand in the user's file only, since a project's file is part of what one checks out", top)}
		}
		switch v.Get(full).(type) {
		case nil, string, bool, int, int64, uint64, float64:
		default:
			return &Error{at, fmt.Sprintf("%q takes one value", top)}
		}
	}
	return nil
}

// place is the file, and the line of a key where it can be seen.
func place(name string, data []byte, key string) string {
	for i, line := range strings.Split(string(data), "\n") {
		head, _, found := strings.Cut(line, ":")
		if found && strings.EqualFold(strings.Trim(head, ` "'`), key) {
			return fmt.Sprintf("%s:%d", name, i+1)
		}
	}
	return name
}

func (f *file) get(k Key) (string, bool) {
	if f != nil && k.Table {
		return f.stores, f.stores != ""
	}
	if f == nil || !f.values.IsSet(k.Name) {
		return "", false
	}
	if k.Map {
		return f.entries(k), true
	}
	v := f.values.GetString(k.Name)
	if k.isPath(v) {
		v = relative(v, f.name)
	}
	return v, true
}

// entries writes a mapping as the text that a flag would have.
func (f *file) entries(k Key) string {
	m := f.values.GetStringMapString(k.Name)
	out := make([]string, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, name+"="+m[name])
	}
	return strings.Join(out, ",")
}
