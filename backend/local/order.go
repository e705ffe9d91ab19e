package local

import (
	"slices"
	"strings"

	"github.com/kfp-go/kfp-go/backend"
)

func sortTasks(tasks []*backend.Task) {
	slices.SortFunc(tasks, func(a, b *backend.Task) int { return comparePaths(a.Path, b.Path) })
}

// comparePaths orders task paths as people do: numbers inside them by value,
// so that check[2] comes before check[10].
func comparePaths(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			m, n := digits(x), digits(y)
			p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if len(p) != len(q) {
				return len(p) - len(q)
			}
			if p != q {
				return strings.Compare(p, q)
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func digits(s string) int {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return n
}
