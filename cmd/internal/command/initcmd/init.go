// Package initcmd is the command that writes a pipeline to start from.
package initcmd

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kfp-go/kfp-go/cmd/internal/app"
	"github.com/kfp-go/kfp-go/cmd/internal/output"
)

//go:embed template
var templates embed.FS

// Options of the command.
type Options struct {
	App    *app.App
	Folder string
	Name   string
}

// New is the command.
func New(a *app.App) *cobra.Command {
	opt := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write a pipeline that runs, to start from",
		Long: `Write a pipeline that runs as it is, a component, the project's settings and a
step for continuous integration into a folder. Nothing is overwritten.`,
		Args: app.Args(0, 1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			opt.Folder = "."
			if len(args) > 0 {
				opt.Folder = args[0]
			}
			return run(opt)
		},
	}
	cmd.Flags().StringVar(&opt.Name, "name", "", "name of the pipeline; default: the folder's")
	return cmd
}

// A target is one file: where it comes from and where it goes.
type target struct{ from, to string }

func targets() []target {
	return []target{
		{"pipeline.yaml", "pipeline.yaml"},
		{"components/greet.yaml", "components/greet.yaml"},
		{"kfp-go.yaml", "kfp-go.yaml"},
		{"ci.yaml", ".github/workflows/pipeline.yaml"},
		{"gitignore", ".gitignore"},
	}
}

func run(opt *Options) error {
	name, err := pipelineName(opt)
	if err != nil {
		return err
	}
	if err := nothingThere(opt.Folder); err != nil {
		return err
	}
	a := opt.App
	for _, t := range targets() {
		to := filepath.Join(opt.Folder, filepath.FromSlash(t.to))
		if t.to == ".gitignore" && exists(to) {
			continue
		}
		if err := write(t.from, to, name); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.IO.Out, filepath.ToSlash(to)); err != nil {
			return err
		}
	}
	next := "kfp-go run"
	if opt.Folder != "." {
		next = "kfp-go run " + filepath.ToSlash(opt.Folder)
	}
	a.Notef("next: `%s` runs it here; `kfp-go graph` draws it, `kfp-go submit` sends it to the cluster", next)
	return nil
}

// nothingThere refuses before anything is written.
func nothingThere(folder string) error {
	if st, err := os.Stat(folder); err == nil && !st.IsDir() {
		return app.Usagef("%s is not a folder", folder)
	}
	var there []string
	for _, t := range targets() {
		if t.to != ".gitignore" && exists(filepath.Join(folder, filepath.FromSlash(t.to))) {
			there = append(there, t.to)
		}
	}
	if len(there) > 0 {
		return app.WithHint(app.Usagef("%s exists already in %s; nothing was written", strings.Join(there, ", "), folder), "name another folder: kfp-go init FOLDER")
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

func write(from, to, name string) error {
	text, err := templates.ReadFile("template/" + from)
	if err != nil {
		return err
	}
	text = []byte(strings.Replace(string(text), "pipeline: NAME", "pipeline: "+name, 1))
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return app.Usagef("cannot write %s: %v", to, err)
	}
	return output.Answer(to, text)
}

var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func pipelineName(opt *Options) (string, error) {
	if opt.Name != "" {
		if !validName.MatchString(opt.Name) {
			return "", app.Usagef("--name %q: a name has letters, digits, _ and -, and begins with a letter", opt.Name)
		}
		return opt.Name, nil
	}
	abs, err := filepath.Abs(opt.Folder)
	if err != nil {
		return "", err
	}
	name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9_-]+`).ReplaceAllString(filepath.Base(abs), "-"), "-")
	if !validName.MatchString(name) {
		name = "my-pipeline"
	}
	return strings.ToLower(name), nil
}
