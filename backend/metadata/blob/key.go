package blob

import (
	"strings"
)

// Keys become paths below the root. Bytes that some file system or shell
// treats specially are written as %XX; so are a dot that begins a path element
// (no "..", no clash with .tmp) and a slash that would make an empty element.

const hexDigits = "0123456789ABCDEF"

// escapeKey is the relative path, with slashes, of a key.
func escapeKey(key string) string {
	if plainKey(key) {
		return key
	}
	var b strings.Builder
	for i := range len(key) {
		if escaped(key, i) {
			b.WriteByte('%')
			b.WriteByte(hexDigits[key[i]>>4])
			b.WriteByte(hexDigits[key[i]&15])
			continue
		}
		b.WriteByte(key[i])
	}
	return b.String()
}

func plainKey(key string) bool {
	for i := range len(key) {
		if escaped(key, i) {
			return false
		}
	}
	return true
}

func escaped(key string, i int) bool {
	switch c := key[i]; {
	case c == '/':
		return i == 0 || i == len(key)-1 || key[i-1] == '/'
	case c == '.':
		return i == 0 || key[i-1] == '/'
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c >= 0x80:
		return false
	}
	return true
}

// unescapeKey is the key of a relative path; ok is false for a path that no
// key has.
func unescapeKey(path string) (key string, ok bool) {
	if strings.IndexByte(path, '%') < 0 {
		return path, plainKey(path)
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		if i+2 >= len(path) {
			return "", false
		}
		hi, lo := strings.IndexByte(hexDigits, path[i+1]), strings.IndexByte(hexDigits, path[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	key = b.String()
	return key, escapeKey(key) == path
}
