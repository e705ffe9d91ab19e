package python

import (
	"errors"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
)

// find is the Python to use: the one that the settings name, else that of the
// virtual environment that is active, else python3 in PATH.
func find(opt Options) (string, error) {
	if opt.Python != "" {
		program, err := exec.LookPath(opt.Python)
		if err != nil {
			return "", app.WithHint(app.Usagef("the Python %s, which the settings name, cannot be run: %v", opt.Python, reason(err)),
				"`kfp-go config` shows where the setting comes from")
		}
		return program, nil
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir, ok := opt.LookupEnv(name); ok && filepath.IsAbs(dir) {
			if program, ok := inside(dir); ok {
				return program, nil
			}
		}
	}
	for _, name := range []string{"python3", "python"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", app.WithHint(app.Failf("%s is compiled by KFP's SDK, and no Python is in PATH", opt.File.Name()),
		"install Python 3 and `pip install kfp`, or name a Python that has the SDK: --python, KFPGO_PYTHON or python: in kfp-go.yaml")
}

// inside is the Python of a virtual environment, if it can be run.
func inside(dir string) (string, bool) {
	program := filepath.Join(dir, "bin", "python")
	if runtime.GOOS == "windows" {
		program = filepath.Join(dir, "Scripts", "python.exe")
	}
	_, err := exec.LookPath(program)
	return program, err == nil
}

// reason is an error without the program's name, which the message has already.
func reason(err error) error {
	var program *exec.Error
	if errors.As(err, &program) {
		err = program.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err
}
