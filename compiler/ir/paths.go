package ir

import "strconv"

// ChildPath is the path, in a run, of a task of the DAG in whose component's
// path is parent ("" for the root): "train", "check[0]/evaluate",
// "verdict[1]/again". iteration is the index of the loop's iteration, negative
// outside loops. The path of a task of a DAG component is the parent of what
// happens inside it.
//
// The alternatives of an exclusive DAG print as indices, and a task whose
// component is an inline DAG has no element of its own.
func ChildPath(parent string, in *DAG, t *Task, iteration int) string {
	path := parent
	switch d := t.Component.bodyDAG(); {
	case d != nil && d.Inline:
	case in != nil && in.Exclusive && isIndex(t.Name.Text):
		path += "[" + t.Name.Text + "]"
	case parent == "":
		path = t.Name.Text
	default:
		path += "/" + t.Name.Text
	}
	if iteration >= 0 {
		path += "[" + strconv.Itoa(iteration) + "]"
	}
	return path
}

func (c *Component) bodyDAG() *DAG {
	if c == nil {
		return nil
	}
	return c.DAG()
}

func isIndex(name string) bool {
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return false
		}
	}
	return name != ""
}
