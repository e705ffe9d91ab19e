//go:build !unix

package local

// Without locks a run that is not finished counts as lost when looked at from
// another process.

func lockFolder(string) (unlock func(), ok bool, err error) { return func() {}, true, nil }

func held(string) bool { return false }
