package docgen

import (
	"fmt"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/constructs"
)

// Compatibility is the page of KFP's constructs.
func Compatibility() string {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("# What KFP's format can say, and what becomes of it\n\n" +
		"Every construct of KFP's format: how it is told to Argo, where that is not as in KFP, and which tests hold it. `kfp-go compile --report`\n" +
		"prints the rows that a pipeline has, with their places and the findings there. A difference that a pipeline's author can see at a line is a finding\n" +
		"with a code ([diagnostics.md](diagnostics.md)); `--strict` makes warnings errors. [kfp.md](kfp.md) tells the same as a story.\n\n" +
		"Tests are Go tests (`package.Test/case`; those of `cmd/internal/e2e` and `TestCluster` run on a real cluster) and pipelines of KFP's own\n" +
		"test data, which `make corpus` compiles and `make e2e-corpus` runs.\n")
	for _, c := range constructs.Catalogue() {
		fmt.Fprintf(&b, "\n## %s\n\n| construct | in the format | in kfp-go's language | in Argo | difference to KFP | findings | tests |\n|---|---|---|---|---|---|---|\n", c.Title)
		for _, r := range c.Rows {
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>%s | %s | %s | %s | %s | %s | %s |\n",
				r.ID, cell(r.Title), fieldsCell(r.Fields), cell(r.DSL), cell(r.Argo), cell(r.Differs), codesCell(r), testsCell(r.Tests))
		}
	}
	return b.String()
}

// fieldsCell names the fields, those of one message together.
func fieldsCell(fields []string) string {
	var out []string
	last := ""
	for _, f := range fields {
		message, name, _ := strings.Cut(f, ".")
		if message == last {
			out[len(out)-1] += ", `" + name + "`"
			continue
		}
		out = append(out, message+" `"+name+"`")
		last = message
	}
	return strings.Join(out, "; ")
}

func codesCell(r constructs.Construct) string {
	out := make([]string, len(r.Codes))
	for i, c := range r.Codes {
		out[i] = string(c)
	}
	return strings.Join(out, " ")
}

func testsCell(tests []string) string {
	out := make([]string, len(tests))
	for i, t := range tests {
		out[i] = "`" + strings.TrimPrefix(strings.Replace(t, "corpus:", "corpus ", 1), "compiler/") + "`"
	}
	return strings.Join(out, ", ")
}
