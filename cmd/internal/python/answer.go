package python

// An answer is what driver.py tells.
type answer struct {
	Python      string       `json:"python"`
	Executable  string       `json:"executable"`
	SDK         string       `json:"sdk"`
	Error       *failure     `json:"error"`
	Candidates  []candidate  `json:"candidates"`
	Graph       int          `json:"graph"` // of the pipeline, −1: it is a component
	Main        definition   `json:"main"`
	Tasks       []taskCall   `json:"tasks"`
	Groups      []groupCall  `json:"groups"`
	Definitions []definition `json:"definitions"`
}

// A failure is why there is no pipeline.
type failure struct {
	Kind      string  `json:"kind"`
	Type      string  `json:"type"` // of an exception
	Text      string  `json:"text"`
	Module    string  `json:"module"`  // that could not be imported
	Missing   bool    `json:"missing"` // it does not exist
	Frames    []place `json:"frames"`  // in the user's files, the innermost last
	Traceback string  `json:"traceback"`
}

// A candidate is a pipeline or component that a file names.
type candidate struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Own   bool   `json:"own"` // defined in the file, not imported
	Place *place `json:"place"`
}

// A definition is a function: where its name stands, and its parameters.
type definition struct {
	Name       *place            `json:"name"`
	Parameters map[string]*place `json:"parameters"`
}

// A taskCall is a task being made.
type taskCall struct {
	Owner      int               `json:"owner"` // the pipeline it is made in
	Name       string            `json:"name"`
	Graph      int               `json:"graph"` // the pipeline that it calls, −1: a component
	Call       *place            `json:"call"`
	Arguments  map[string]*place `json:"arguments"`
	Definition int               `json:"definition"`
}

// A groupCall is the head of a `with` that makes a group.
type groupCall struct {
	Owner int    `json:"owner"`
	Name  string `json:"name"`
	Call  *place `json:"call"`
}

// A place is where something stands: lines count from 1, bytes in them from 0.
// EndLine is 0 where only the line is known.
type place struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
}
