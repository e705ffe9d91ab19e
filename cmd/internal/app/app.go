// Package app is what every command of kfp-go shares: an App with all that a
// command may touch, and Main, which runs a command line and gives its exit
// code. The dear things (clients, stores) are functions, so that help and
// completion work without a cluster.
package app

import (
	"os"
	"time"

	"github.com/kfp-go/kfp-go/cmd/internal/iostreams"
)

// An App is all that a command may touch.
type App struct {
	IO        *iostreams.Streams
	Build     Build
	Now       func() time.Time
	LookupEnv func(key string) (string, bool)
	Environ   func() []string
	// Exit ends the process at once; only the second Ctrl-C calls it.
	Exit func(code int)
	Backends
	writer oneWriter
}

// System is the App of a real process.
func System(b Build) *App {
	b = b.orBuildInfo()
	return &App{
		IO:        iostreams.System(os.Getenv),
		Build:     b,
		Now:       time.Now,
		LookupEnv: os.LookupEnv,
		Environ:   os.Environ,
		Exit:      os.Exit,
		Backends:  RealBackends(b),
	}
}

// Getenv is the value of an environment variable, "" when it is not set.
func (a *App) Getenv(key string) string {
	v, _ := a.LookupEnv(key)
	return v
}

// Warnf says something on standard error that does not stop the command.
func (a *App) Warnf(format string, args ...any) {
	a.say("warning", format, args...)
}

// Notef says something in passing on standard error.
func (a *App) Notef(format string, args ...any) { a.say("", format, args...) }
