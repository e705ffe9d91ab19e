// Package archtest holds the borders between packages as a test: who may
// import whom, and what must never happen where. It has no code of its own.
package archtest
