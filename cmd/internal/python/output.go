package python

import (
	"fmt"
	"strings"
)

// maxLines is how much of what a file prints is shown.
const maxLines = 40

// output keeps the beginning of what a program writes and counts the rest.
type output struct {
	text []byte
	more int64
}

func (o *output) Write(p []byte) (int, error) {
	keep := min(len(p), maxOutput-len(o.text))
	o.text = append(o.text, p[:keep]...)
	o.more += int64(len(p) - keep)
	return len(p), nil
}

// lines are the first lines, and a word about the others.
func (o *output) lines() []string {
	text := strings.TrimSpace(string(o.text))
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	if o.more > 0 || len(lines) > maxLines {
		lines = append(lines[:min(len(lines), maxLines)], fmt.Sprintf("(%d bytes in all)", int64(len(o.text))+o.more))
	}
	return lines
}
