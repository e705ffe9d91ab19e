package archtest

import (
	"os"
	"strings"
	"testing"
)

// These decide what a manifest means: Argo's own version, the expression engine
// of that very version, and the Kubernetes libraries that print and send it. Go
// takes the highest version that any dependency asks for, so that an innocent
// update could move one of them.
var pinned = []string{
	"github.com/argoproj/argo-workflows/v3 v3.7.18",
	"github.com/expr-lang/expr v1.17.7",
	"k8s.io/api v0.34.13",
	"k8s.io/apimachinery v0.34.13",
	"k8s.io/client-go v0.34.13",
}

func TestPinnedVersions(t *testing.T) {
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range pinned {
		if !strings.Contains(string(mod), "\t"+want+"\n") {
			t.Errorf("go.mod no longer asks for %s: run the goldens and the end-to-end tests before this list is changed", want)
		}
	}
}
