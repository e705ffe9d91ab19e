package corpus

import "github.com/kfp-go/kfp-go/compiler/diag"

// A Refusal is a finding that a file must draw instead of giving a manifest.
type Refusal struct {
	Code   diag.Code
	Reason string
}

// Refused are the files of KFP's own test data that KFP itself refuses to run,
// with the finding by which we refuse them.
var Refused = map[string]Refusal{}

// Known are the files that do not compile yet although KFP runs them. The list
// must become empty.
var Known = map[string]Refusal{
	"critical/missing_kubernetes_optional_inputs.yaml": {"K210", "affinity and selectors as JSON that is known at run time only"},
}
