package metadata

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// idLength is that of a UUID in its usual form.
const idLength = 36

// NewID makes a UUIDv7: ids sort by the time they were made, to a quarter of a
// microsecond, and two writers never make the same one.
func NewID(at time.Time) string {
	var b [16]byte
	rand.Read(b[:]) // never fails, by its contract
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	// The 12 bits after the version hold the fraction of the millisecond.
	frac := uint64(at.Nanosecond()%1e6) << 12 / 1e6
	b[6] = 0x70 | byte(frac>>8)
	b[7] = byte(frac)
	b[8] = 0x80 | b[8]&0x3f
	var s [idLength]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// ValidID reports whether s is a UUID in lower case with hyphens, the only form
// that appears in names of objects.
func ValidID(s string) bool {
	if len(s) != idLength {
		return false
	}
	for i := range len(s) {
		if !idByte(s[i], i) {
			return false
		}
	}
	return true
}

// IDPrefix reports whether s could be the beginning of an id.
func IDPrefix(s string) bool {
	if s == "" || len(s) > idLength {
		return false
	}
	for i := range len(s) {
		if !idByte(s[i], i) {
			return false
		}
	}
	return true
}

func idByte(c byte, at int) bool {
	switch at {
	case 8, 13, 18, 23:
		return c == '-'
	}
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
}

// IDTime is the moment a UUIDv7 was made, the zero time for other ids.
func IDTime(id string) time.Time {
	if !ValidID(id) || id[14] != '7' {
		return time.Time{}
	}
	b, err := hex.DecodeString(id[0:8] + id[9:13])
	if err != nil {
		return time.Time{}
	}
	var ms int64
	for _, c := range b {
		ms = ms<<8 | int64(c)
	}
	return time.UnixMilli(ms).UTC()
}
