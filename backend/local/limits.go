package local

import (
	"fmt"
	"reflect"
	"regexp"
	"unicode/utf8"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// maxParameter is the size in bytes above which a parameter's text fails its
// task, as in the cluster.
const maxParameter = 128 << 10

// checkLimits says how a value breaks its constraints.
func checkLimits(v any, l *ir.Limits) error {
	if l == nil {
		return nil
	}
	if err := checkRange(v, l); err != nil {
		return err
	}
	if err := checkLength(v, l); err != nil {
		return err
	}
	if len(l.Enum) > 0 && !anyEqual(v, l.Enum) {
		return fmt.Errorf("%s is none of %s", short(v), ir.Text(l.Enum))
	}
	if s, ok := v.(string); ok && l.Pattern != "" {
		re, err := regexp.Compile(l.Pattern)
		if err != nil {
			return err
		}
		if !re.MatchString(s) {
			return fmt.Errorf("%s does not match %q", short(v), l.Pattern)
		}
	}
	return nil
}

func checkRange(v any, l *ir.Limits) error {
	n, ok := float(v)
	if !ok {
		return nil
	}
	if l.Minimum != nil && n < *l.Minimum {
		return fmt.Errorf("%s is less than the minimum %s", ir.Text(v), ir.Text(*l.Minimum))
	}
	if l.Maximum != nil && n > *l.Maximum {
		return fmt.Errorf("%s is more than the maximum %s", ir.Text(v), ir.Text(*l.Maximum))
	}
	return nil
}

func checkLength(v any, l *ir.Limits) error {
	var n int
	switch x := v.(type) {
	case string:
		n = utf8.RuneCountInString(x)
	case []any:
		n = len(x)
	default:
		return nil
	}
	if l.MinLength != nil && n < *l.MinLength {
		return fmt.Errorf("its length %d is less than %d", n, *l.MinLength)
	}
	if l.MaxLength != nil && n > *l.MaxLength {
		return fmt.Errorf("its length %d is more than %d", n, *l.MaxLength)
	}
	return nil
}

func anyEqual(v any, among []any) bool {
	for _, x := range among {
		a, ok := float(v)
		b, ok2 := float(x)
		if ok && ok2 && a == b || ok == ok2 && reflect.DeepEqual(v, x) {
			return true
		}
	}
	return false
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// short is a value for a message.
func short(v any) string {
	s := fmt.Sprintf("%q", ir.Text(plain(v)))
	if len(s) > 60 {
		s = s[:57] + `…"`
	}
	return s
}
