package report

import (
	"regexp"
	"strings"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

var number = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// csvCell makes text harmless. Spreadsheets take a cell for a formula when its
// first sign, after blanks, is one of = + - @ or one of their wide forms;
// numbers with a sign are left as they are.
func csvCell(s string) string {
	s = term.Clean(s)
	lead := strings.TrimLeft(s, " \u00a0\u3000")
	if lead != "" && strings.ContainsAny(string([]rune(lead)[:1]), "=+-@|%＝＋－＠␍␊") && !number.MatchString(s) {
		return "'" + s
	}
	return s
}
