package corpus

import "github.com/kfp-go/kfp-go/compiler/diag"

// A Refusal is a finding that a file must draw instead of giving a manifest.
type Refusal struct {
	Code   diag.Code
	Reason string
}

// Refused are the files of KFP's own test data that KFP itself refuses to run,
// with the finding by which we refuse them. There is none: what its back end
// cannot run, it compiles all the same, and so do we.
var Refused = map[string]Refusal{}
