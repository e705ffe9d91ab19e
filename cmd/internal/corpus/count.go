package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	kube "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// The part of a KFP document that says what its tasks lead to.
type document struct {
	PipelineInfo *struct{}            `json:"pipelineInfo"`
	Root         component            `json:"root"`
	Components   map[string]component `json:"components"`
	Deployment   struct {
		Executors map[string]struct {
			Container *struct {
				Image string `json:"image"`
			} `json:"container"`
		} `json:"executors"`
	} `json:"deploymentSpec"`
}

type component struct {
	Executor string `json:"executorLabel"`
	DAG      struct {
		Tasks map[string]struct {
			Component struct {
				Name string `json:"name"`
			} `json:"componentRef"`
		} `json:"tasks"`
	} `json:"dag"`
}

// claimImage is how the names of images begin that stand for making and
// deleting claims.
const claimImage = "argostub/"

var errNoPipeline = errors.New("it holds no KFP pipeline")

// countIR counts the tasks of a KFP document by what they lead to.
func countIR(text []byte) (Counts, error) {
	doc, err := decodeIR(text)
	if err != nil {
		return Counts{}, err
	}
	n := Counts{Bytes: len(text)}
	var walk func(c component, depth int) error
	walk = func(c component, depth int) error {
		if depth > 100 {
			return errors.New("components nest too deep")
		}
		for _, task := range c.DAG.Tasks {
			inner, ok := doc.Components[task.Component.Name]
			switch x := doc.Deployment.Executors[inner.Executor]; {
			case !ok:
				return fmt.Errorf("component %q is missing", task.Component.Name)
			case inner.Executor == "":
				if err := walk(inner, depth+1); err != nil {
					return err
				}
			case x.Container == nil:
				n.Importers++
			case strings.HasPrefix(x.Container.Image, claimImage):
				n.Claims++
			default:
				n.Containers++
			}
		}
		return nil
	}
	return n, walk(doc.Root, 0)
}

// decodeIR reads the document of a file that holds the pipeline; the other one,
// if there is one, holds platform settings.
func decodeIR(text []byte) (*document, error) {
	docs := kube.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		one, err := docs.Read()
		if err == io.EOF {
			return nil, errNoPipeline
		}
		if err != nil {
			return nil, err
		}
		var doc document
		if err := yaml.Unmarshal(one, &doc); err != nil {
			return nil, err
		}
		if doc.PipelineInfo != nil {
			return &doc, nil
		}
	}
}

// The part of a manifest that says which pods it makes.
type workflow struct {
	Spec struct {
		Entrypoint string     `json:"entrypoint"`
		OnExit     string     `json:"onExit"`
		Templates  []template `json:"templates"`
	} `json:"spec"`
}

type template struct {
	Name      string    `json:"name"`
	Container *struct{} `json:"container"`
	Resource  *struct{} `json:"resource"`
	// Kinds that the compiler does not use, each a pod.
	Script       *struct{} `json:"script"`
	ContainerSet *struct{} `json:"containerSet"`
	HTTP         *struct{} `json:"http"`
	Data         *struct{} `json:"data"`
	Plugin       *struct{} `json:"plugin"`
	DAG          struct {
		Tasks []step `json:"tasks"`
	} `json:"dag"`
	Steps [][]step `json:"steps"`
}

type step struct {
	Template string                               `json:"template"`
	Hooks    map[string]struct{ Template string } `json:"hooks"`
	OnExit   string                               `json:"onExit"`
	Inline   *template                            `json:"inline"`
}

// countManifest counts the pods that a manifest makes when each of its tasks
// runs once, by walking from its entrypoint.
func countManifest(text []byte) (Counts, error) {
	var wf workflow
	if err := yaml.Unmarshal(text, &wf); err != nil {
		return Counts{}, err
	}
	all := map[string]*template{}
	for i := range wf.Spec.Templates {
		all[wf.Spec.Templates[i].Name] = &wf.Spec.Templates[i]
	}
	n := Counts{Bytes: len(text)}
	var walk func(t *template, depth int) error
	follow := func(name string, depth int) error {
		switch t, ok := all[name]; {
		case name == "":
			return nil
		case !ok:
			return fmt.Errorf("template %q is missing", name)
		case depth > 200:
			return errors.New("templates nest too deep")
		default:
			return walk(t, depth)
		}
	}
	walk = func(t *template, depth int) error {
		switch {
		case t.Container != nil || t.Script != nil || t.ContainerSet != nil || t.HTTP != nil || t.Data != nil || t.Plugin != nil:
			n.Containers++
		case t.Resource != nil:
			n.Claims++
		}
		steps := t.DAG.Tasks
		for _, s := range t.Steps {
			steps = append(steps, s...)
		}
		for _, s := range steps {
			if s.Inline != nil {
				if err := walk(s.Inline, depth+1); err != nil {
					return err
				}
			}
			uses := []string{s.Template, s.OnExit}
			for _, h := range s.Hooks {
				uses = append(uses, h.Template)
			}
			for _, name := range uses {
				if err := follow(name, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := follow(wf.Spec.Entrypoint, 0); err != nil {
		return n, err
	}
	return n, follow(wf.Spec.OnExit, 0)
}
