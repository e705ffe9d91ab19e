package argo

import (
	"path"
	"regexp"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// KFP's launcher does two things once a program has ended well that Argo does
// not: it takes artifacts from where the program says they are, and it fails the
// task when an output parameter is missing or not of its type. Argo reads files
// at fixed places, whatever stands there, and cuts a newline off their end. So a
// second program, in the same container, does the launcher's part: in Python
// where the program itself is Python's, whose image has it; in the shell, where
// that starts the program, as far as a shell can. Our own language means the
// same by types; there only they are looked at.

// puttingElsewhere is source text that may put an artifact elsewhere.
var puttingElsewhere = regexp.MustCompile(`set_path\(|custom_path|\b(uri|path)\s*=[^=]`)

// The parts of the program in Python. A signal to stop is the program's own
// affair: all processes of the container get it.
const (
	runFirst = `import json, os, re, shutil, signal, subprocess, sys
spec = json.loads(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: None)
code = subprocess.call(sys.argv[2:])
if code:
    sys.exit(code if code > 0 else 128 - code)
out = {}
if os.path.exists(spec["file"]):
    with open(spec["file"]) as f:
        out = json.load(f)
`
	// bringHome copies what lies at a custom path, or where a changed URI says, to
	// the artifact's own place. What lies in the task's folder, if that is kept
	// whole, stays, as does what is not there.
	bringHome = `for name, (path, uri) in spec["artifacts"].items():
    said = ((out.get("artifacts") or {}).get(name) or {}).get("artifacts") or []
    if not said:
        continue
    custom = said[0].pop("custom_path", None) or said[0].pop("customPath", None)
    source = custom or said[0].get("uri") or uri
    for scheme, folder in (("gs://", "/gcs/"), ("s3://", "/s3/"), ("minio://", "/minio/")):
        if source.startswith(scheme):
            source = folder + source[len(scheme):]
    source = os.path.abspath(source)
    if source == path or not os.path.exists(source):
        continue
    if not custom and spec["keep"] and source.startswith(spec["keep"] + "/"):
        continue
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)
    if os.path.isdir(source):
        shutil.copytree(source, path)
    else:
        shutil.copyfile(source, path)
    said[0]["uri"] = uri
if out:
    with open(spec["file"], "w") as f:
        json.dump(out, f)
`
	// findOutputs fails where an output is missing.
	findOutputs = `for name, (path, kind) in spec["parameters"].items():
    if (out.get("parameterValues") or {}).get(name) is not None:
        continue
    if not os.path.exists(path):
        sys.exit("output %r: the program wrote no value" % name)
`
	// readOutputs fails where a file is not of its type: a pattern and the largest
	// number, or the type of JSON in Python. Texts get the newline that Argo will
	// cut off.
	readOutputs = `    with open(path, encoding="utf-8", newline="") as f:
        text = f.read()
    if not kind:
        with open(path, "a") as f:
            f.write("\n")
    elif kind[0] == "^":
        if not re.search(kind, text.strip()) or "9" in kind and abs(float(text)) > (2**53 - 1 if "16" in kind else 1.7976931348623157e308):
            sys.exit("output %r: the file holds %.80r" % (name, text))
    elif type(json.loads(text, parse_constant=sys.exit)).__name__ != kind:
        sys.exit("output %r: the file holds no %s" % (name, kind))
`
)

// fileOf is what readOutputs wants of the file of an output.
func fileOf(t ir.Type) string {
	switch t.Kind {
	case ir.Integer:
		return "^[+-]?0*[0-9]{1,16}$"
	case ir.Number:
		return "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
	case ir.Boolean:
		return "^([1tT0fF]|TRUE|true|True|FALSE|false|False)$"
	case ir.List:
		return "list"
	case ir.Struct:
		return "dict"
	}
	return ""
}

// The parts of the program in the shell. Only the shell itself is sure to be in
// the image. The trap makes it wait for a program that is stopped.
const (
	shellFirst = `trap : TERM; "$@" || exit`
	// Texts get the newline that Argo will cut off.
	shellTexts = `[ ! -f "$f" ] || echo >>"$f"`
	// The words of a file, without what is blank around them. That a file is
	// missing is seen by Argo.
	shellWords = `[ -f "$f" ] || continue; v=; while read -r l || [ "$l" ]; do v="$v $l"; done <"$f"; set -f; set -- $v; n=${1#[+-]}; ok=$#`
	shellBad   = `[ "$ok" = 1 ] || { echo "output $f: the file holds '$*'" >&2; exit 1; }`
)

// shellValue sets ok to something else than 1 where $1, without its sign n, is
// no value of the kind: as fileOf has it. Only integers have their size judged.
var shellValue = map[ir.Kind]string{
	ir.Integer: `n=${n#"${n%%[!0]*}"}; case $1 in ""|[+-]|[+-][+-]*) ok=;; esac; case $n in *[!0-9]*|?????????????????*) ok=;; esac; [ "$ok" != 1 ] || [ "${n:-0}" -le 9007199254740991 ] || ok=`,
	ir.Number:  `case $n in *[eE]*) x=${n#*[eE]}; case ${x#[+-]} in ""|*[!0-9]*) ok=;; esac;; esac; case ${n%%[eE]*} in ""|.|*[!0-9.]*|*.*.*) ok=;; esac`,
	ir.Boolean: `case $1 in 1|t|T|0|f|F|TRUE|true|True|FALSE|false|False);; *) ok=;; esac`,
}

// shellBrackets are the brackets around what is a list or a struct, and its name:
// more of JSON a shell does not see. Blank in Windows' manner may follow.
var shellBrackets = map[ir.Kind][3]string{ir.List: {"[", "]", "list"}, ir.Struct: {"{", "}", "struct"}}

// shellJSON fails where a file does not begin and end as one of the kind.
func shellJSON(kind ir.Kind) string {
	b := shellBrackets[kind]
	from, to := `"`+b[0]+`"*:*"`+b[1]+`"`, b[2]
	return `[ -f "$f" ] || continue; a=; z=; while read -r l || [ "$l" ]; do a=${a:-$l} z=${l:-$z}; done <"$f"; case $a:$z in ` +
		from + "|" + from + `?);; *) echo "output $f: the file holds no ` + to + `" >&2; exit 1;; esac`
}

// shellLoop does something to each of the ports' files.
func (p *pod) shellLoop(ports []*ir.Port, body string) string {
	if len(ports) == 0 {
		return ""
	}
	files := ""
	for _, port := range ports {
		files += " " + p.outputPath(port)
	}
	return "; for f in" + files + "; do " + body + "; done"
}

var (
	shellProgram  = regexp.MustCompile(`^(/[a-z/]+/)?(sh|bash|dash|ash)$`)
	pythonProgram = regexp.MustCompile(`^(/[a-z/]+/)?python3(\.[0-9]+)?$`)
)

// launch wraps the command line in what KFP's launcher would do.
func (p *pod) launch() {
	executor := p.sdk && p.literals(runsExecutor)
	if p.sdk && p.makesArtifacts() && p.l.noBucket() && p.literals(saysURI) {
		p.l.warn(msgSaysURI(p.c, p.body.At))
	}
	bring := p.sdk && p.makesArtifacts() && p.literals(puttingElsewhere.MatchString)
	if bring && (!executor || p.patch.command != "") {
		if p.mentions("custom_path") {
			p.l.warn(msgElsewhere(p.c.Name, p.body.At))
		}
		bring = false
	}
	program := ""
	if len(p.main.Command) > 0 && p.patch.command == "" {
		program = p.main.Command[0]
	}
	outputs, required := p.writtenOutputs()
	switch {
	case executor && program != "":
		if bring || required != nil {
			p.launchPython("python3", bring, required)
		}
	case pythonProgram.MatchString(program):
		if required != nil {
			p.launchPython(program, false, required)
		}
	default:
		p.launchShell(program, outputs)
	}
}

// launchShell does what can be done where no Python is sure to be there, and
// says what cannot.
func (p *pod) launchShell(program string, outputs []*ir.Port) {
	shell := shellProgram.MatchString(program)
	byKind := map[ir.Kind][]*ir.Port{}
	for _, port := range outputs {
		kind := port.Type.Kind
		byKind[kind] = append(byKind[kind], port)
		switch {
		case p.body.Contract != ir.KFPContract: // KFP is no measure for it
		case !p.givesPath(port) || shell && (kind == ir.String || shellValue[kind] != ""):
		case kind == ir.String:
			p.l.warn(msgNewline(p.c, port))
		default:
			p.l.warn(msgUnchecked(p.c, port))
		}
	}
	checks := p.shellLoop(byKind[ir.String], shellTexts)
	for _, kind := range []ir.Kind{ir.Integer, ir.Number, ir.Boolean} {
		checks += p.shellLoop(byKind[kind], shellWords+"; "+shellValue[kind]+"; "+shellBad)
	}
	for _, kind := range []ir.Kind{ir.List, ir.Struct} {
		checks += p.shellLoop(byKind[kind], shellJSON(kind))
	}
	if shell && checks != "" {
		p.main.Command = append([]string{program, "-c", p.escape(shellFirst + checks), path.Base(program)}, p.main.Command...)
	}
}

// writtenOutputs are the output parameters that have to be looked at, and those
// of them that a program has to write. In our own language texts are as Argo
// reads them, and it sees that one is missing.
func (p *pod) writtenOutputs() (all, required []*ir.Port) {
	for _, port := range p.c.Outputs {
		if port.Type.IsArtifact() || p.body.Contract != ir.KFPContract && fileOf(port.Type) == "" {
			continue
		}
		all = append(all, port)
		if !port.Optional {
			required = append(required, port)
		}
	}
	return all, required
}

// givesPath reports whether the program is told where to write an output.
func (p *pod) givesPath(port *ir.Port) bool {
	told := p.sdk
	p.body.EachValue(func(v ir.Value) {
		ir.Visit(v, func(v ir.Value) {
			ref, ok := v.(*ir.PortRef)
			told = told || ok && ref.Output && ref.Port == port.Name.Text
		})
	})
	return told
}

func (p *pod) launchPython(python string, bring bool, parameters []*ir.Port) {
	source := runFirst
	pieces := []piece{{literal: `{"file":"`}}
	if p.sdk {
		pieces = append(pieces, piece{tag: p.metadataFile()})
	}
	pieces = append(pieces, piece{literal: `"`})
	if bring {
		source += bringHome
		pieces = append(pieces, p.homes()...)
	}
	if parameters != nil {
		source += findOutputs
		if p.writesFiles() {
			source += readOutputs
		}
		sep := `,"parameters":{`
		for _, port := range parameters {
			pieces = append(pieces, piece{literal: sep + ir.JSON(port.Name.Text) + `:` + ir.JSON([]any{p.outputPath(port), fileOf(port.Type)})})
			sep = ","
		}
		pieces = append(pieces, piece{literal: "}"})
	}
	pieces = append(pieces, piece{literal: "}"})
	p.main.Command = append([]string{python, "-c", source, p.render(pieces, true)}, p.main.Command...)
}

// writesFiles reports whether values may stand in files: functions of the KFP
// SDK return them unless they ask for a path.
func (p *pod) writesFiles() bool {
	return !p.sdk || !p.mentions("def ") || p.mentions("OutputPath")
}

// homes are the places and URIs of the output artifacts.
func (p *pod) homes() []piece {
	pieces := []piece{{literal: `,"keep":"`}}
	if p.keepsFolder() {
		pieces = append(pieces, piece{tag: p.l.localPath(p.l.artifactRoot() + p.folder())})
	}
	sep := `","artifacts":{`
	for _, port := range p.c.Outputs {
		if port.Type.IsArtifact() {
			pieces = append(pieces, piece{literal: sep + ir.JSON(port.Name.Text) + `:["`}, piece{tag: p.outputPath(port)},
				piece{literal: `","`}, piece{tag: p.l.seen(p.outputURI(port))}, piece{literal: `"]`})
			sep = ","
		}
	}
	return append(pieces, piece{literal: "}"})
}

func (p *pod) makesArtifacts() bool {
	for _, port := range p.c.Outputs {
		if port.Type.IsArtifact() {
			return true
		}
	}
	return false
}

var (
	uriSet   = regexp.MustCompile(`\.uri\s*=\s*([^=\s].*)`)
	uriGiven = regexp.MustCompile(`\buri\s*=\s*f?["'](s3|gs|minio|oss|azblob|abfss?)://`)
	ownURI   = regexp.MustCompile(`get_uri\(|^["']/`)
)

// saysURI finds source text that gives an artifact a URI, other than one in the
// task's own folder or a path.
func saysURI(text string) bool {
	for _, found := range uriSet.FindAllStringSubmatch(text, -1) {
		if !ownURI.MatchString(found[1]) {
			return true
		}
	}
	return uriGiven.MatchString(text)
}

// runsExecutor knows the program of the KFP SDK.
func runsExecutor(text string) bool {
	return strings.Contains(text, "kfp.dsl.executor_main") || strings.Contains(text, "kfp.components.executor_main")
}
