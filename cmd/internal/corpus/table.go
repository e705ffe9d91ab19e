package corpus

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// A Summary is what the facts come to.
type Summary struct {
	Files, Fine, Refused, Wrong int
	IR, Manifest                Counts
}

// Summarize adds up facts. Bytes and pods are those of files with a manifest.
func Summarize(facts []*Fact) Summary {
	s := Summary{Files: len(facts)}
	for _, f := range facts {
		switch f.State() {
		case "fine":
			s.Fine++
		case "refused":
			s.Refused++
		default:
			s.Wrong++
		}
		if f.Manifest.Bytes > 0 {
			s.IR.add(f.IR)
			s.Manifest.add(f.Manifest)
		}
	}
	return s
}

func (c *Counts) add(o Counts) {
	c.Containers += o.Containers
	c.Importers += o.Importers
	c.Claims += o.Claims
	c.Bytes += o.Bytes
}

// Write prints a table of facts and their sum.
func Write(w io.Writer, facts []*Fact) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "file\tstate\tcontainers\tpods\tpods/task\timporters\tclaims\texpressions\tIR bytes\tmanifest\tratio\t")
	for _, f := range facts {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", f.Name, f.State(), f.IR.Containers, f.Manifest.Containers,
			ratio(f.Manifest.Containers, f.IR.Containers), f.IR.Importers, f.Manifest.Claims, f.Expressions,
			f.IR.Bytes, f.Manifest.Bytes, ratio(f.Manifest.Bytes, f.IR.Bytes), f.Why())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	s := Summarize(facts)
	_, err := fmt.Fprintf(w, "\n%d files: %d fine, %d refused as they must be, %d wrong (%.1f %% as they must be)\n"+
		"%d pods for %d container tasks: %s; none for %d importers; %d for %d claims\n%d bytes of manifest for %d bytes of IR: %s\n",
		s.Files, s.Fine, s.Refused, s.Wrong, 100*float64(s.Fine+s.Refused)/float64(max(s.Files, 1)),
		s.Manifest.Containers, s.IR.Containers, ratio(s.Manifest.Containers, s.IR.Containers), s.IR.Importers, s.Manifest.Claims, s.IR.Claims,
		s.Manifest.Bytes, s.IR.Bytes, ratio(s.Manifest.Bytes, s.IR.Bytes))
	return err
}

func ratio(a, b int) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}
