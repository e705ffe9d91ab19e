package stats

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kfp-go/kfp-go/backend/metadata"
)

// Usage is what attempts asked for, for as long as their programs ran. Tasks
// without a container use nothing.
type Usage struct {
	CPU          float64       `json:"cpuCoreHours"`
	Memory       float64       `json:"memoryGiBHours"`
	Accelerators []Accelerator `json:"accelerators"` // by resource and product
	Attempts     int           `json:"attempts"`     // that are counted here
	// Unknown are attempts that had a container of which the record lacks the
	// times or the resources.
	Unknown int `json:"unknown"`

	byDevice map[device]float64
}

// An Accelerator is a kind of device.
type Accelerator struct {
	Resource string  `json:"resource"` // such as nvidia.com/gpu
	Product  string  `json:"product,omitempty"`
	Hours    float64 `json:"hours"` // devices × hours
}

type device struct{ resource, product string }

// Cost is what the usage costs by a table of prices.
type Cost struct {
	Currency     string  `json:"currency,omitempty"`
	Total        float64 `json:"total"`
	CPU          float64 `json:"cpu"`
	Memory       float64 `json:"memory"`
	Accelerators float64 `json:"accelerators"`
	// Unpriced names the accelerators that were used and have no price; Total
	// lacks them, as it lacks the attempts that Usage does not know.
	Unpriced []string `json:"unpriced,omitempty"`

	missing map[string]bool
}

// use counts what the attempts of a task asked for.
func (s *Service) use(t *metadata.Task, prices *Prices) {
	for _, earlier := range t.Earlier {
		s.useAttempt(earlier, cmp.Or(earlier.Resources, t.Resources), t.Image, prices)
	}
	s.useAttempt(&t.TaskRecord, t.Resources, t.Image, prices)
}

func (s *Service) useAttempt(a *metadata.TaskRecord, r *metadata.Resources, image string, prices *Prices) {
	switch a.State {
	case metadata.Succeeded, metadata.Failed, metadata.Stopped:
	default:
		return // it has no container, or it is not over
	}
	if r == nil && image == "" && a.Image == "" && a.Pod == "" {
		return // an import, a claim
	}
	spent, known := length(a.Started, a.Finished)
	cpu, cpuKnown := amount(r, func(r *metadata.Resources) string { return r.CPU })
	memory, memoryKnown := amount(r, func(r *metadata.Resources) string { return r.Memory })
	if !known || !cpuKnown || !memoryKnown {
		s.Usage.Unknown++
		return
	}
	hours := spent / 3600
	cpu, memory = cpu*hours, memory/(1<<30)*hours
	s.Usage.Attempts++
	s.Usage.CPU += cpu
	s.Usage.Memory += memory
	d := device{r.Accelerator, r.Product}
	devices := float64(max(r.AcceleratorCount, 0)) * hours
	if d.resource != "" && devices > 0 {
		if s.Usage.byDevice == nil {
			s.Usage.byDevice = map[device]float64{}
		}
		s.Usage.byDevice[d] += devices
	}
	if s.Cost != nil {
		s.Cost.add(prices, cpu, memory, d, devices, r.Spot)
	}
}

// amount is a quantity as Kubernetes writes it, 0 where none is asked for; false
// where that is not known.
func amount(r *metadata.Resources, field func(*metadata.Resources) string) (float64, bool) {
	if r == nil {
		return 0, false
	}
	text := field(r)
	if text == "" {
		return 0, true
	}
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() < 0 {
		return 0, false
	}
	return q.AsApproximateFloat64(), true
}

func (u *Usage) finish() {
	u.Accelerators = make([]Accelerator, 0, len(u.byDevice))
	for d, hours := range u.byDevice {
		u.Accelerators = append(u.Accelerators, Accelerator{d.resource, d.product, hours})
	}
	slices.SortFunc(u.Accelerators, func(a, b Accelerator) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(a.Product, b.Product))
	})
}

func (c *Cost) add(p *Prices, cpu, memory float64, d device, devices float64, spot bool) {
	factor := 1.0
	if spot {
		factor = p.Spot
	}
	c.CPU += cpu * p.CPU * factor
	c.Memory += memory * p.Memory * factor
	if d.resource == "" || devices == 0 {
		return
	}
	price, ok := p.device(d)
	if !ok {
		if c.missing == nil {
			c.missing = map[string]bool{}
		}
		c.missing[cmp.Or(d.product, d.resource)] = true
		return
	}
	c.Accelerators += devices * price * factor
}

func (c *Cost) finish() {
	if c == nil {
		return
	}
	c.Total = c.CPU + c.Memory + c.Accelerators
	c.Unpriced = slices.Sorted(maps.Keys(c.missing))
}
