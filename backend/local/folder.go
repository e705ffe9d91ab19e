package local

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
)

// tasksFolder is where a run keeps a folder for each task; attempt n of it has
// the folder n in there, with these names inside.
const (
	tasksFolder    = "tasks"
	logName        = "log"
	workName       = "work"
	artifactsName  = "artifacts"
	parametersName = "parameters"
	executorName   = "executor_output.json"
	maxElement     = 120
)

// taskFolder is the folder of a task below the run's. It depends on the path
// alone, so that a later process finds the logs.
func taskFolder(runDir, path string) string {
	elems := strings.Split(path, "/")
	out := make([]string, 0, len(elems)+2)
	out = append(out, runDir, tasksFolder)
	for _, e := range elems {
		out = append(out, fileName(e))
	}
	return filepath.Join(out...)
}

// fileName makes any text a harmless name of a file: what is not plain becomes
// %XX, what is long is cut and gets a hash.
func fileName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		plain := c == '-' || c == '_' || c == '[' || c == ']' || c == '.' && i > 0 ||
			digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
		if plain {
			b.WriteByte(c)
			continue
		}
		const hexDigits = "0123456789ABCDEF"
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	name := b.String()
	if name == "" {
		return "%"
	}
	if len(name) > maxElement {
		sum := sha256.Sum256([]byte(s))
		name = name[:maxElement-13] + "~" + hex.EncodeToString(sum[:6])
	}
	return name
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
