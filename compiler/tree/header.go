package tree

import "strings"

// The SDK begins what it compiles with a comment that shows the pipeline's
// inputs and their defaults. It forgets that a default may have several lines:
// all but the first are then no comment, and the file is no YAML.

// headerMark is how that comment begins.
const headerMark = "# PIPELINE DEFINITION\n"

// firstKeys are what follows it: the SDK sorts the keys of a document.
var firstKeys = [...]string{"components:", "defaultPipelineRoot:", "deploymentSpec:", "apiVersion:"}

// header is the length of the SDK's comment at the start of the text, 0 when
// there is none.
func header(text string) int {
	if !strings.HasPrefix(text, headerMark) {
		return 0
	}
	for i := len(headerMark); i < len(text); {
		for _, key := range firstKeys {
			if strings.HasPrefix(text[i:], key) {
				return i
			}
		}
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
	}
	return 0
}

// isComment reports whether all of the text is comment, to every reader of YAML.
func isComment(text string) bool {
	for line := range strings.Lines(text) {
		if line[0] != '#' {
			return false
		}
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// withoutHeader is the text with blanks for the SDK's comment, if that is more
// than a comment. Everything else keeps its place.
func withoutHeader(text string) string {
	n := header(text)
	if n == 0 || isComment(text[:n]) {
		return text
	}
	out := []byte(text)
	for i, c := range out[:n] {
		if c != '\n' {
			out[i] = ' '
		}
	}
	return string(out)
}
