package pipelinegen

// A component is what tasks use: a container, an import, or a pipeline.
type component struct {
	name    string
	inputs  []*port
	outputs []*port

	sub *body // a pipeline: its inputs are the component's

	uri *segment // an import: where its artifact is

	style   style
	rules   []*rule // one for each output
	fail    *failure
	flaky   int  // the first attempts that fail
	silent  bool // it does not write its last output, a parameter
	literal bool // texts stand in the command line, else in the program

	env      []setting      // KFP
	extras   []string       // KFP: inputs that are not declared and yet read
	metadata map[string]any // KFP: of an imported artifact
}

// A setting is a variable of a container's own, in the environment.
type setting struct{ name, text string }

func (c *component) container() bool { return c.sub == nil && c.uri == nil }

// A style is how the program of a container gets what it needs.
type style uint8

const (
	byScript style = iota // script, with INPUT_X and OUTPUT_X
	byArgs                // arguments of sh -c
	byEnv                 // variables, our own language only
)

// A rule says what an output holds. One of the fields counts.
type rule struct {
	segments []segment      // of a text or a file
	folder   bool           // the artifact is a folder with two files: the segments and "second"
	copyOf   string         // the input whose text form is written
	sum      []string       // integer inputs
	constant any            // of any other type
	executor bool           // KFP: the constant goes into the executor's output file
	metadata map[string]any // KFP: what that file says of the artifact
}

// A segment is a piece of text: a literal, or what is known of an input: the text
// form of a parameter, the content of an artifact, the URI of an imported one, the
// number of a list of artifacts. In KFP's dialect also a key of an artifact's
// metadata, an input that is not declared, and a variable.
type segment struct {
	literal  string
	input    string
	key      string // of the input's metadata
	extra    string
	variable string
}

// A failure ends a program with a code, always or when the text form of an input
// has a value.
type failure struct {
	code  int
	input string // "": always
	equal string
}

// tells: values stand in the executor's output file, where one that is missing
// fails the tasks that read it.
func (c *component) tells() bool {
	for _, r := range c.rules {
		if r.executor || r.metadata != nil {
			return true
		}
	}
	return false
}

func (c *component) input(name string) *port {
	for _, p := range c.inputs {
		if p.name == name {
			return p
		}
	}
	return nil
}
