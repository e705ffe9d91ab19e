package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// Labels adds --label to a command.
func Labels(f *pflag.FlagSet, to *[]string) {
	f.StringArrayVarP(to, "label", "l", nil, "label of the run, `KEY=VALUE`, by which it is found again")
}

// ParseLabels takes the values of --label apart. What Kubernetes does not take
// as a label is refused here too, so that runs of both kinds are found alike.
func ParseLabels(labels []string) ([]ir.Pair, error) {
	var out []ir.Pair
	for _, l := range labels {
		key, value, ok := strings.Cut(l, "=")
		if !ok {
			return nil, app.Usagef("--label %q is not KEY=VALUE", l)
		}
		if err := checkLabel(key, value); err != nil {
			return nil, app.WithHint(app.Usagef("--label %q: %w", l, err), "text of any kind goes into a parameter of the pipeline (-p) or into its description")
		}
		if slices.ContainsFunc(out, func(p ir.Pair) bool { return p.Key == key }) {
			return nil, app.Usagef("--label %q: the key was given before", l)
		}
		out = append(out, ir.Pair{Key: key, Value: value})
	}
	return out, nil
}

// Kubernetes' rules for a label: a name with an optional prefix, and a value.
var (
	labelName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	labelPrefix = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
)

func checkLabel(key, value string) error {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, name = "", key
	}
	switch {
	case prefixed && (len(prefix) > 253 || !labelPrefix.MatchString(prefix)):
		return fmt.Errorf("what stands before the slash is no domain name in lower case")
	case !labelName.MatchString(name):
		return fmt.Errorf("a key has 1 to 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends")
	case prefix == "kfp-go" || prefix == "workflows.argoproj.io" || !prefixed && slices.Contains(sourceLabels(), name):
		return fmt.Errorf("this key is set by kfp-go or Argo themselves")
	case value != "" && !labelName.MatchString(value):
		return fmt.Errorf("a value has up to 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends")
	}
	return nil
}

// RunLabels are what the record keeps: the pipeline's own labels, those of the
// command line, which outrank them, and how the pipeline's file was made.
func (s *Source) RunLabels(p *ir.Pipeline, given []ir.Pair) map[string]string {
	out := map[string]string{}
	for _, l := range append(slices.Clone(p.Labels), given...) {
		out[l.Key] = l.Value
	}
	for key, value := range s.Labels() {
		out[key] = value
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// runName is what runs may be called: what a file name, a URL and a shell take
// as it is, and commands that take a run, a task or an artifact can tell apart.
var runName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)

// CheckName refuses a name by which a run could not be found again; "" is no
// name.
func CheckName(name string) error {
	if name == "" || runName.MatchString(name) {
		return nil
	}
	return app.WithHint(app.Usagef("--name %q: a name has up to 253 letters, digits, dashes, dots and underscores, with a letter or digit at both ends", name),
		"what else there is to say of a run goes into labels (-l)")
}
