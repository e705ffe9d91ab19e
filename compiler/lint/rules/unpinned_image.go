package rules

import (
	"strings"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/lint"
)

func unpinnedImage() *lint.Rule {
	return &lint.Rule{
		Code: "L501", Name: "unpinned-image", Severity: diag.Warning,
		Doc: `An image without a tag, or with the tag latest.

What such a name means changes from one day to the next, so a run cannot be
repeated and a cache cannot be trusted.

` + "```yaml" + `
components:
  train:
    image: acme/train        # L501: which one?
` + "```" + `

Name a version, better a digest: ` + "`acme/train:1.4`, `acme/train@sha256:…`" + `.
`,
		Run: func(p *lint.Pass) {
			for _, c := range p.Pipeline.Components {
				b := c.Container()
				if b == nil {
					continue
				}
				image, ok := text(b.Image)
				if !ok || image == "" || pinned(image) {
					continue
				}
				p.Reportf(b.Image.Span(), "name a version or a digest", "image %q is not pinned", image)
			}
		},
	}
}

func pinned(image string) bool {
	if strings.Contains(image, "@") {
		return true
	}
	last := image[strings.LastIndexByte(image, '/')+1:]
	_, tag, ok := strings.Cut(last, ":")
	return ok && tag != "latest"
}
