package diag

// CodeInfo is the manual page of a code: what `explain` prints and docs/ holds.
type CodeInfo struct {
	Code  Code
	Title string // one line, no final stop
	Doc   string // Markdown: what it means, an example that triggers it, the way out
}
