//go:build !failpoints

package blob

// withFailpoints leaves the folder as it is; see disk_failpoints.go.
func withFailpoints(f folder) folder { return f }
