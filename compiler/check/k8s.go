package check

import (
	"math"
	"strconv"
	"strings"
)

// The rules of this file are Kubernetes' own, restated so that no client
// library is needed to know them.

func lowerAlnum(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

func alnum(b byte) bool { return lowerAlnum(b) || b >= 'A' && b <= 'Z' }

// isObjectName: a DNS subdomain, the name of most objects.
func isObjectName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for _, part := range strings.Split(s, ".") {
		if part == "" || !lowerAlnum(part[0]) || !lowerAlnum(part[len(part)-1]) {
			return false
		}
		for i := range len(part) {
			if !lowerAlnum(part[i]) && part[i] != '-' {
				return false
			}
		}
	}
	return true
}

// isLabelName: the name behind the prefix of a label key, or a label value.
func isLabelName(s string) bool {
	if s == "" || len(s) > 63 || !alnum(s[0]) || !alnum(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if !alnum(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.' {
			return false
		}
	}
	return true
}

func isLabelValue(s string) bool { return s == "" || isLabelName(s) }

// isQualifiedName: the key of a label or annotation, the name of a resource.
func isQualifiedName(s string) bool {
	if prefix, name, ok := strings.Cut(s, "/"); ok {
		return isObjectName(prefix) && isLabelName(name)
	}
	return isLabelName(s)
}

// isConfigKey: a key of a Secret or ConfigMap.
func isConfigKey(s string) bool {
	if s == "" || len(s) > 253 || s == "." || strings.HasPrefix(s, "..") {
		return false
	}
	for i := range len(s) {
		if !alnum(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.' {
			return false
		}
	}
	return true
}

// isEnvName is the rule that every version of Kubernetes accepts.
func isEnvName(s string) bool {
	for i := range len(s) {
		b := s[i]
		if !alnum(b) && b != '_' && b != '-' && b != '.' || i == 0 && b >= '0' && b <= '9' {
			return false
		}
	}
	return s != "" && s != "." && !strings.HasPrefix(s, "..")
}

var suffixes = map[string]float64{
	"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3,
	"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
}

// quantity reads a Kubernetes quantity: 500m, 1.5Gi, 1e3.
func quantity(s string) (float64, bool) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || i == 0 && (s[i] == '+' || s[i] == '-')) {
		i++
	}
	number, unit := s[:i], s[i:]
	if factor, ok := suffixes[unit]; ok {
		n, err := strconv.ParseFloat(number, 64)
		return n * factor, err == nil && !math.IsInf(n, 0)
	}
	if unit != "" && (unit[0] == 'e' || unit[0] == 'E') {
		if _, err := strconv.ParseInt(unit[1:], 10, 16); err != nil {
			return 0, false
		}
		n, err := strconv.ParseFloat(s, 64)
		return n, err == nil
	}
	return 0, false
}

// quantityHint knows the usual slips.
func quantityHint(s string) string {
	t := strings.TrimSpace(s)
	i := strings.IndexFunc(t, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i > 0 {
		switch strings.ToLower(strings.TrimSpace(t[i:])) {
		case "kb", "mb", "gb", "tb", "g", "gib", "mib", "kib", "tib", "t", "gi", "mi", "ki", "ti":
			return "write " + t[:i] + strings.ToUpper(strings.TrimSpace(t[i:])[:1]) + "i"
		}
	}
	return "a number with a unit, as in 500m, 512Mi or 2Gi"
}

// imageFault says what is wrong with an image reference, "" for nothing.
func imageFault(s string) string {
	if strings.ContainsAny(s, " \t\n\r") {
		return "an image reference holds no blanks"
	}
	if strings.Contains(s, "://") {
		return "leave " + s[:strings.Index(s, "://")+3] + " out"
	}
	name, digest, hasDigest := strings.Cut(s, "@")
	if hasDigest && !isDigest(digest) {
		return "a digest is sha256: and 64 hexadecimal digits"
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		if !isTag(name[i+1:]) {
			return "a tag has at most 128 letters, digits, _, - and ."
		}
		name = name[:i]
	}
	return repositoryFault(name)
}

func isDigest(s string) bool {
	algo, hex, ok := strings.Cut(s, ":")
	if !ok || algo == "" || len(hex) < 32 {
		return false
	}
	for i := range len(hex) {
		if !(hex[i] >= '0' && hex[i] <= '9' || hex[i] >= 'a' && hex[i] <= 'f') {
			return false
		}
	}
	return algo != "sha256" || len(hex) == 64
}

func isTag(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if !alnum(s[i]) && s[i] != '_' && (i == 0 || s[i] != '-' && s[i] != '.') {
			return false
		}
	}
	return true
}

func repositoryFault(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) > 1 && isHost(parts[0]) {
		parts = parts[1:]
	}
	for _, p := range parts {
		if p == "" {
			return "a part of the name is empty"
		}
		for i := range len(p) {
			b := p[i]
			if b >= 'A' && b <= 'Z' {
				return "the name of an image is in lower case"
			}
			if !lowerAlnum(b) && b != '.' && b != '_' && b != '-' {
				return "the name holds lower-case letters, digits, ., _, - and /"
			}
		}
		if !lowerAlnum(p[0]) || !lowerAlnum(p[len(p)-1]) {
			return "each part of the name begins and ends with a letter or digit"
		}
	}
	return ""
}

// isHost tells registry.example:5000 from the first part of a path.
func isHost(s string) bool {
	if !strings.ContainsAny(s, ".:") && s != "localhost" {
		return false
	}
	host, port, hasPort := strings.Cut(s, ":")
	if hasPort {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	return isObjectName(strings.ToLower(host))
}
