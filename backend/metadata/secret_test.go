package metadata

import (
	"strings"
	"testing"
)

func TestSeal(t *testing.T) {
	value := func(key, secret string) Value {
		return Value{Redacted: true, HMAC: Seal([]byte(key), []byte(secret))}
	}
	for _, tt := range []struct {
		a, b        Value
		same, known bool
	}{
		{value("k", "s"), value("k", "s"), true, true},
		{value("k", "s"), value("k", "t"), false, true},
		{value("k", "s"), value("other", "s"), false, false},
		{value("", "s"), value("", "s"), false, false},
		{Value{Redacted: true}, value("k", "s"), false, false},
	} {
		if same, known := SameSecret(tt.a, tt.b); same != tt.same || known != tt.known {
			t.Errorf("%s and %s: same %v, known %v", tt.a.HMAC, tt.b.HMAC, same, known)
		}
	}
	if seal := Seal([]byte("key"), []byte("password")); strings.Contains(seal, "password") || strings.Contains(seal, "key") {
		t.Errorf("%q", seal)
	}
}
