package diag

import "strings"

// Nearest is the known name closest to name, or "" when none is close enough
// to be what the author meant: at most a third of the letters differ, and one
// letter is the same.
func Nearest(name string, known []string) string {
	best, bestDist := "", len(name)/3+1
	lower := strings.ToLower(name)
	for _, k := range known {
		if k == name {
			continue
		}
		d := distance(lower, strings.ToLower(k), bestDist)
		if d < len(name) && (d < bestDist || d == bestDist && best == "") {
			best, bestDist = k, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of
// neighbours; anything over limit comes out as limit+1.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	ra, rb := []rune(a), []rune(b)
	prev2 := make([]int, len(rb)+1)
	prev := make([]int, len(rb)+1)
	cur := make([]int, len(rb)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		cur[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return min(prev[len(rb)], limit+1)
}

// Hint words the offer of a near name: `did you mean "x"?`, else the list of
// known names when it is short, else "".
func Hint(name string, known []string) string {
	if n := Nearest(name, known); n != "" {
		return `did you mean "` + n + `"?`
	}
	if len(known) > 0 && len(known) <= 12 {
		return "known: " + strings.Join(known, ", ")
	}
	return ""
}
