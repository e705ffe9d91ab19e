package app

import "runtime/debug"

// A Build says what this binary was made from.
type Build struct {
	Version string // "" or a tag such as v0.1.0
	Commit  string
	Date    string // of the commit, RFC 3339
	Dirty   bool
}

// orBuildInfo fills what the linker was not told from what Go recorded.
func (b Build) orBuildInfo() Build {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && b.Commit == "":
				b.Commit = s.Value
			case s.Key == "vcs.time" && b.Date == "":
				b.Date = s.Value
			case s.Key == "vcs.modified":
				b.Dirty = s.Value == "true"
			}
		}
		if b.Version == "" && info.Main.Version != "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
	}
	if b.Version == "" {
		b.Version = "dev"
	}
	return b
}
