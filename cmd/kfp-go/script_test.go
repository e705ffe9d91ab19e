package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/backend/fake"
	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/command"
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/cmd/internal/python/sdktest"
	"github.com/kfp-go/kfp-go/compiler/goldentest"
)

// The test binary doubles as the program, once as it is and once with a cluster
// in memory.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kfp-go":      func() { os.Exit(app.Main(system(), command.Root, os.Args[1:])) },
		"kfp-go-fake": func() { os.Exit(app.Main(withCluster(system()), command.Root, os.Args[1:])) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "../../testdata/script",
		UpdateScripts: goldentest.Updating(),
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exit": exit, "sdk": sdk},
		Condition: func(cond string) (bool, error) {
			if cond != "sdk" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			_, err := sdktest.Find(sdktest.Recent)
			return err == nil && !testing.Short(), nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("TZ", "UTC")
			e.Setenv("LANG", "C.UTF-8")
			return os.MkdirAll(e.WorkDir+"/home", 0o777)
		},
	})
}

// exit runs a program that must end with the given exit code: `exit 2 kfp-go …`.
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE PROGRAM [ARGUMENT...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\n%s", code, args[0], ts.ReadFile("stderr"))
	}
}

// sdk makes a Python with KFP's SDK the one of the script, which begins with
// `[!sdk] skip`.
func sdk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: sdk")
	}
	program, err := sdktest.Find(sdktest.Recent)
	ts.Check(err)
	ts.Setenv("KFPGO_PYTHON", program)
}

func system() *app.App {
	return app.System(app.Build{Version: "v0.1.0-test", Commit: "0123456789abcdef"})
}

// withCluster has a cluster that FAKE scripts: "fails", "down", "denied",
// "refuses"; otherwise every task succeeds.
func withCluster(a *app.App) *app.App {
	mode := os.Getenv("FAKE")
	opt := fake.Options{}
	switch mode {
	case "fails":
		one := 1
		opt.Script = func(backend.Submission) fake.Script {
			return fake.Script{Steps: []fake.Step{
				{Path: "numbers"},
				{Path: "total", State: backend.Failed, Class: "error", Message: "exit code 1", ExitCode: &one, Attempt: 2,
					Log: []string{"reading", "\x1b[31mno such file\x1b[0m"}},
			}}
		}
	case "":
		opt.Script = func(backend.Submission) fake.Script {
			return fake.Script{
				Steps:   []fake.Step{{Path: "numbers", Log: []string{"made 10"}}, {Path: "total"}},
				Outputs: map[string]backend.Output{"sum": {Value: int64(55)}},
			}
		}
	default:
		opt.Err = func(string) error {
			return errors.Join(errors.New("the cluster says no"), map[string]error{
				"down": backend.ErrUnavailable, "denied": backend.ErrDenied, "refuses": backend.ErrInvalid,
			}[mode])
		}
	}
	runner := fake.New(opt)
	a.Cluster = func(context.Context, *config.Config, func(string)) (backend.Runner, error) { return runner, nil }
	return a
}
