package metadata

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const sealPrefix = "hmac-sha256:"

// Seal is what is kept of a secret: whoever has the key can tell whether two
// are equal, and nobody can tell what they are. The mark of the key stands in
// it, so that seals of different keys are not taken for different secrets. No
// key gives "".
func Seal(key, secret []byte) string {
	if len(key) == 0 {
		return ""
	}
	mark := sha256.Sum256(key)
	mac := hmac.New(sha256.New, key)
	mac.Write(secret)
	return sealPrefix + hex.EncodeToString(mark[:4]) + ":" + hex.EncodeToString(mac.Sum(nil))
}

// SameSecret compares two redacted values; known is false when nothing can be
// said, because one has no seal or the seals are of different keys.
func SameSecret(a, b Value) (same, known bool) {
	x, okX := strings.CutPrefix(a.HMAC, sealPrefix)
	y, okY := strings.CutPrefix(b.HMAC, sealPrefix)
	keyX, macX, _ := strings.Cut(x, ":")
	keyY, macY, _ := strings.Cut(y, ":")
	if !okX || !okY || keyX != keyY {
		return false, false
	}
	return hmac.Equal([]byte(macX), []byte(macY)), true
}
