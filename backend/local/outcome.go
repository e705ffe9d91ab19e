package local

import (
	"fmt"

	"github.com/kfp-go/kfp-go/backend"
)

// An outcome is how a task ended, in the eyes of its siblings. Only a task that
// succeeded has values; absent ones are not in the map.
type outcome struct {
	state   backend.State // succeeded, failed, skipped or stopped
	values  map[string]any
	message string
}

func failed(format string, args ...any) outcome {
	return outcome{state: backend.Failed, message: fmt.Sprintf(format, args...)}
}

func skipped(message string) outcome { return outcome{state: backend.Skipped, message: message} }

func succeeded(values map[string]any) outcome {
	return outcome{state: backend.Succeeded, values: values}
}

// finalStatus is KFP's struct for whoever asks how a task ended.
func (o *outcome) finalStatus(success, runName, task string) map[string]any {
	state := "FAILED"
	switch o.state {
	case backend.Succeeded:
		state = success
	case backend.Skipped:
		state = "SKIPPED"
	}
	return map[string]any{
		"state": state, "error": map[string]any{},
		"pipelineJobResourceName": runName, "pipelineTaskName": task,
	}
}
