package stats

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/kfp-go/kfp-go/compiler/diag"
	"github.com/kfp-go/kfp-go/compiler/source"
	"github.com/kfp-go/kfp-go/compiler/tree"
)

// Prices are what an hour costs.
type Prices struct {
	Currency     string
	CPU          float64            // of a core
	Memory       float64            // of a GiB
	Accelerators map[string]float64 // of a device, by product or resource
	Spot         float64            // what prices are multiplied by on spot nodes
}

func (p *Prices) device(d device) (float64, bool) {
	if price, ok := p.Accelerators[d.product]; ok && d.product != "" {
		return price, true
	}
	price, ok := p.Accelerators[d.resource]
	return price, ok
}

// maxCurrency bounds the name of a currency, in bytes.
const maxCurrency = 16

var priceKeys = []string{"currency", "cpu", "memory", "accelerators", "spot"}

// ReadPrices reads a table of prices. Its errors begin with the place of each
// mistake.
func ReadPrices(name string, data []byte) (*Prices, error) {
	r := priceReader{}
	docs := tree.Parse(source.NewFile(name, data), func(d diag.Diagnostic) {
		if d.Severity == diag.Error {
			r.wrong(d.Span, "%s", d.Message)
		}
	})
	p := &Prices{Accelerators: map[string]float64{}, Spot: 1}
	switch {
	case len(r.mistakes) > 0:
	case len(docs) != 1 || docs[0].Kind != tree.Mapping:
		r.mistakes = append(r.mistakes, fmt.Errorf("%s: a table of prices is one mapping with the keys %v", name, priceKeys))
	default:
		r.table(p, docs[0])
	}
	return p, errors.Join(r.mistakes...)
}

type priceReader struct{ mistakes []error }

func (r *priceReader) wrong(at source.Span, format string, args ...any) {
	begin := at.Begin()
	r.mistakes = append(r.mistakes, fmt.Errorf("%s:%d:%d: %s", at.File.Name(), begin.Line, begin.Column, fmt.Sprintf(format, args...)))
}

func (r *priceReader) table(p *Prices, n *tree.Node) {
	for _, f := range n.Fields {
		switch f.Key.Scalar {
		case "currency":
			if f.Value.Kind != tree.Plain && f.Value.Kind != tree.Text || f.Value.Scalar == "" || len(f.Value.Scalar) > maxCurrency {
				r.wrong(f.Value.Span(), "currency takes a name of at most %d bytes, such as EUR", maxCurrency)
				continue
			}
			p.Currency = f.Value.Scalar
		case "cpu":
			p.CPU = r.number(f)
		case "memory":
			p.Memory = r.number(f)
		case "spot":
			p.Spot = r.number(f)
		case "accelerators":
			if f.Value.Kind != tree.Mapping {
				r.wrong(f.Value.Span(), "accelerators takes a mapping from products or resources, such as nvidia.com/gpu, to prices")
				continue
			}
			for _, d := range f.Value.Fields {
				p.Accelerators[d.Key.Scalar] = r.number(d)
			}
		default:
			hint := diag.Hint(f.Key.Scalar, priceKeys)
			if hint != "" {
				hint = "; " + hint
			}
			r.wrong(f.Key.Span(), "unknown key %q%s", f.Key.Scalar, hint)
		}
	}
}

// number is a price or a factor: from 0 up.
func (r *priceReader) number(f tree.Field) float64 {
	v, err := strconv.ParseFloat(f.Value.Scalar, 64)
	if f.Value.Kind != tree.Plain || err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		r.wrong(f.Value.Span(), "%s takes a number from 0 up", f.Key.Scalar)
		return 0
	}
	return v
}
