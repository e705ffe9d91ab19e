package local

import (
	"slices"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/taskpath"
)

func sortTasks(tasks []*backend.Task) {
	slices.SortFunc(tasks, func(a, b *backend.Task) int { return taskpath.Compare(a.Path, b.Path) })
}
