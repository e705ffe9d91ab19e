package report

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/term"
)

// WriteCSV prints runs as RFC 4180 has it: a line of column names, lines that
// end in CR LF. Times are RFC 3339, durations seconds. Control characters
// become visible signs, and what a spreadsheet would take for a formula gets
// an apostrophe before it, which makes it text there.
func WriteCSV(w io.Writer, runs []Run, columns []Column, now time.Time) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = csvCell(c.Name)
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for i := range runs {
		for j, c := range columns {
			row[j] = csvCell(c.plain(&runs[i], now))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

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
