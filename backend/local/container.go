package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/kfp-go/kfp-go/backend"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// An instance is one use of a component with its inputs bound.
type instance struct {
	task   *ir.Task
	comp   *ir.Component
	inputs map[string]any
	path   string
	scope  *scope // of the DAG that holds the task
}

// An attemptResult is how one attempt ended.
type attemptResult struct {
	ok      bool
	values  map[string]any
	class   ir.FailureClass // of a failure
	message string
	exit    *int
	stopped bool // by a cancelled run
	final   bool // trying again cannot help
}

func wrong(class ir.FailureClass, err error) attemptResult {
	return attemptResult{class: class, message: err.Error()}
}

// container runs the task's program, as often as its retries allow.
func (r *run) container(ctx context.Context, in *instance, c *ir.Container) outcome {
	entry := r.cacheEntry(in, c)
	r.setTask(in.path, func(t *backend.Task) {
		t.Image, t.Inputs = in.image(c), outputsOf(in.comp.Inputs, in.inputs)
		t.Component, t.Resources, t.CacheKey = in.comp.Name.Text, in.resources(), entry.key
	})
	if values, ok := entry.load(); ok {
		r.setTask(in.path, func(t *backend.Task) {
			t.State, t.Started, t.Finished = backend.Cached, r.now(), r.now()
			t.Outputs = outputsOf(in.comp.Outputs, values)
		})
		return succeeded(values)
	}
	retry, err := newRetries(in)
	if err != nil {
		return r.endTask(ctx, in, attemptResult{class: ir.FailError, message: err.Error()})
	}
	for n := 0; ; n++ {
		res := r.attempt(ctx, in, c, n+1)
		if res.ok {
			entry.save(res.values)
		}
		if res.ok || res.stopped || res.final || ctx.Err() != nil || !retry.again(n, res.class) {
			return r.endTask(ctx, in, res)
		}
		r.setTask(in.path, func(t *backend.Task) {
			t.Earlier = append(slices.Clip(t.Earlier), attemptOf(t, r.now(), res))
			t.State, t.Message = backend.Pending, fmt.Sprintf("attempt %d failed: %s", n+1, res.message)
			t.Class, t.ExitCode = res.class.String(), res.exit
			t.Attempt, t.Created, t.Started, t.Logs = n+2, r.now(), time.Time{}, ""
		})
		if r.opt.Sleep(ctx, retry.delay(n)) != nil {
			return r.endTask(ctx, in, stopped(ctx))
		}
	}
}

// attemptOf is what is kept of an attempt that failed and is followed by another.
func attemptOf(t *backend.Task, now time.Time, res attemptResult) *backend.Task {
	return &backend.Task{
		Path: t.Path, State: backend.Failed, Attempt: t.Attempt, Class: res.class.String(), Message: res.message, ExitCode: res.exit,
		Logs: t.Logs, Created: t.Created, Started: t.Started, Finished: now,
	}
}

// image is the image's name for people, "" when it cannot be told.
func (in *instance) image(c *ir.Container) string {
	s := in.inner(&box{comp: in.comp, inputs: in.inputs, symbolic: true})
	text, err := s.text(c.Image)
	if err != nil {
		return ""
	}
	return text
}

// inner is the scope of the component with the given box.
func (in *instance) inner(b *box) *scope {
	return &scope{run: in.scope.run, ctx: in.scope.ctx, inputs: in.inputs, task: in.scope.task, path: in.path, box: b}
}

// stopped is the end of a task whose context ended.
func stopped(ctx context.Context) attemptResult {
	why := context.Cause(ctx)
	if why == errDeadline {
		return wrong(ir.FailTimeout, why)
	}
	return attemptResult{stopped: true, message: why.Error()}
}

// endTask records the task's end.
func (r *run) endTask(ctx context.Context, in *instance, res attemptResult) outcome {
	r.setTask(in.path, func(t *backend.Task) {
		t.Finished, t.ExitCode, t.Message, t.Class = r.now(), res.exit, res.message, ""
		switch {
		case res.ok:
			t.State, t.Outputs = backend.Succeeded, outputsOf(in.comp.Outputs, res.values)
		case res.stopped:
			t.State = backend.Stopped
		default:
			t.State, t.Class = backend.Failed, res.class.String()
		}
	})
	switch {
	case res.ok:
		return succeeded(res.values)
	case res.stopped:
		return outcome{state: backend.Stopped, message: res.message}
	}
	r.failure(ctx, in.path, res.message)
	return failed("%s", res.message)
}

// retries is a task's policy with its values known.
type retries struct {
	policy *ir.Retry
	limit  int64
}

func newRetries(in *instance) (retries, error) {
	s := in.task.Settings
	if s == nil || s.Retry == nil {
		return retries{}, nil
	}
	v, err := in.scope.eval(s.Retry.Limit)
	if err != nil {
		return retries{}, fmt.Errorf("retry limit: %w", err)
	}
	n, err := wholeNumber(v)
	if err != nil {
		return retries{}, fmt.Errorf("retry limit: %w", err)
	}
	return retries{s.Retry, n}, nil
}

func wholeNumber(v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case int64:
		return v, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= ir.MaxSafe {
			return int64(v), nil
		}
	case string:
		return strconv.ParseInt(v, 10, 64)
	}
	return 0, fmt.Errorf("%s where an integer is wanted", kindOf(v))
}

// again reports whether a failure of the class is retried after so many retries.
func (p retries) again(retries int, class ir.FailureClass) bool {
	if p.policy == nil {
		return false
	}
	for _, on := range p.policy.On {
		if on.Class == class {
			return retries < on.Limit
		}
	}
	return int64(retries) < p.limit
}

// delay before retry n, counted from 0.
func (p retries) delay(n int) time.Duration {
	d := p.policy.Duration
	if d <= 0 {
		return 0
	}
	factor := p.policy.Factor
	if factor <= 0 {
		factor = 1
	}
	d *= math.Pow(factor, float64(n))
	if m := p.policy.Max; m > 0 && d > m {
		d = m
	}
	const most = 30 * 24 * 3600
	return seconds(math.Min(d, most))
}

// attempt runs the program once.
func (r *run) attempt(ctx context.Context, in *instance, c *ir.Container, n int) attemptResult {
	if !r.acquire(ctx) {
		return stopped(ctx)
	}
	defer r.free()
	b, err := newBox(r, in, c, n)
	if err != nil {
		return wrong(ir.FailInfrastructure, err)
	}
	r.setTask(in.path, func(t *backend.Task) {
		t.State, t.Attempt, t.Message, t.Class, t.ExitCode = backend.Running, n, "", "", nil
		t.Started, t.Logs = r.now(), fileURI(filepath.Join(b.dir, logName))
	})
	began := time.Now()
	limited, done := in.limited(ctx)
	p, err := r.prepare(limited, in, c, b)
	late := context.Cause(limited) == errTimeout
	done()
	switch {
	case ctx.Err() != nil:
		return stopped(ctx)
	case late:
		return timedOut(in.timeout())
	case errors.As(err, new(*missingProgram)):
		res := wrong(ir.FailInfrastructure, err)
		res.final = true
		return res
	case err != nil:
		return wrong(ir.FailError, err)
	}
	if p.timeout > 0 { // what the preparation took is gone
		p.left = max(p.timeout-time.Since(began), time.Millisecond)
	}
	res := p.outcome(ctx)
	if !res.ok {
		return res
	}
	values, err := r.collect(in, b, c)
	if err != nil {
		code := 0
		return attemptResult{class: ir.FailError, message: err.Error(), exit: &code}
	}
	res.values = values
	return res
}

// newBox makes the folders of an attempt.
func newBox(r *run, in *instance, c *ir.Container, n int) (*box, error) {
	b := &box{
		run: r, comp: in.comp, inputs: in.inputs, kfp: c.Contract == ir.KFPContract,
		dir: filepath.Join(taskFolder(r.dir, in.path), strconv.Itoa(n)),
	}
	// What a lost process left must not be taken for this attempt's work.
	if err := os.RemoveAll(b.dir); err != nil {
		return nil, err
	}
	for _, name := range [...]string{workName, artifactsName, parametersName} {
		if err := os.MkdirAll(filepath.Join(b.dir, name), 0o755); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// prepare evaluates what is to be executed.
func (r *run) prepare(ctx context.Context, in *instance, c *ir.Container, b *box) (*process, error) {
	s := in.inner(b)
	declared, err := in.variables(c, s)
	if err != nil {
		return nil, err
	}
	b.env = declared.values
	command, err := b.argv(s, c.Command)
	if err != nil {
		return nil, err
	}
	args, err := b.argv(s, c.Args)
	if err != nil {
		return nil, err
	}
	if len(command) == 0 && !(b.kfp && len(args) > 0) {
		return nil, &missingProgram{image: in.image(c)}
	}
	argv := append(command, args...)
	for i, a := range argv {
		if err := processText(fmt.Sprintf("argument %d", i), a); err != nil {
			return nil, err
		}
	}
	env := r.base()
	if in.usesWorkspace() {
		if err := os.MkdirAll(filepath.Join(r.dir, workspaceName), 0o755); err != nil {
			return nil, err
		}
	}
	argv, err = r.python(ctx, argv, env, b)
	if err != nil {
		return nil, err
	}
	for _, name := range declared.names {
		env.set(name, declared.values[name])
	}
	env.set(tokenName, r.token(in.path))
	program, err := findProgram(argv[0], env.values["PATH"])
	if err != nil {
		return nil, &missingProgram{program: argv[0], image: in.image(c)}
	}
	return &process{
		run: r, program: program, argv: argv, env: env.list(), dir: filepath.Join(b.dir, workName),
		log: filepath.Join(b.dir, logName), token: r.token(in.path), timeout: in.timeout(),
	}, nil
}

// limited is a context that ends with the attempt's time.
func (in *instance) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if t := in.timeout(); t > 0 {
		return context.WithTimeoutCause(ctx, t, errTimeout)
	}
	return context.WithCancel(ctx)
}

func timedOut(after time.Duration) attemptResult {
	return attemptResult{class: ir.FailTimeout, message: fmt.Sprintf("the attempt took longer than its timeout of %s", after)}
}

func (in *instance) timeout() time.Duration {
	if in.task.Settings == nil || in.task.Settings.Timeout <= 0 {
		return 0
	}
	return seconds(in.task.Settings.Timeout)
}

const workspaceName = "workspace"

func (in *instance) usesWorkspace() bool { return in.scope.run.pipeline.Workspace != nil }

// A missingProgram is a program that only the image has.
type missingProgram struct{ program, image string }

func (e *missingProgram) Error() string {
	image := "its image"
	if e.image != "" {
		image = fmt.Sprintf("image %q", e.image)
	}
	if e.program == "" {
		return fmt.Sprintf("the task runs the entry point of %s, which is not known here: write the program as its command, or run the pipeline in a cluster with `kfp-go submit`", image)
	}
	return fmt.Sprintf("program %q is not on this machine; the cluster takes it from %s: install it here, or run the pipeline in a cluster with `kfp-go submit`", e.program, image)
}

// findProgram finds a program as execvp does, in the task's own PATH.
func findProgram(name, path string) (string, error) {
	if filepath.Base(name) != name {
		if filepath.IsAbs(name) && executable(name) {
			return name, nil
		}
		return "", os.ErrNotExist
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if p := filepath.Join(dir, name); executable(p) {
			return p, nil
		}
	}
	return "", os.ErrNotExist
}

func executable(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
