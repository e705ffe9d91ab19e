package argo

import (
	"regexp"
	"strings"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// A program of the KFP SDK may put an artifact elsewhere than it was told, and
// says so only in the executor's output. Argo takes files from fixed places, so
// a second program, in the same container, brings them there. Python is in the
// image: the SDK's own program needs it.

// puttingElsewhere is source text that may put an artifact elsewhere.
var puttingElsewhere = regexp.MustCompile(`set_path\(|custom_path|\b(uri|path)\s*=[^=]`)

// bringHome is the program around the SDK's: it copies what lies at a custom
// path, or where a changed URI says, to the artifact's own place. What lies in
// the task's folder, if that is kept whole, stays, as does what is not there.
const bringHome = `import json, os, shutil, subprocess, sys
spec = json.loads(sys.argv[1])
code = subprocess.call(sys.argv[2:])
if code:
    sys.exit(code if code > 0 else 128 - code)
if not os.path.exists(spec["file"]):
    sys.exit(0)
with open(spec["file"]) as f:
    out = json.load(f)
for name, (path, uri) in spec["artifacts"].items():
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
with open(spec["file"], "w") as f:
    json.dump(out, f)
`

// elsewhere wraps the command line when the program may put artifacts
// elsewhere.
func (p *pod) elsewhere() {
	if !p.sdk || !p.makesArtifacts() || !p.literals(puttingElsewhere.MatchString) {
		return
	}
	if !p.literals(runsExecutor) || p.patch.command != "" {
		if p.mentions("custom_path") {
			p.l.warn(msgElsewhere(p.c.Name, p.body.At))
		}
		return
	}
	pieces := []piece{{literal: `{"file":"`}, {tag: p.metadataFile()}, {literal: `","keep":"`}}
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
	pieces = append(pieces, piece{literal: "}}"})
	p.main.Command = append([]string{"python3", "-c", p.escape(bringHome), p.render(pieces, true)}, p.main.Command...)
}

func (p *pod) makesArtifacts() bool {
	for _, port := range p.c.Outputs {
		if port.Type.IsArtifact() {
			return true
		}
	}
	return false
}

// runsExecutor knows the program of the KFP SDK.
func runsExecutor(text string) bool {
	return strings.Contains(text, "kfp.dsl.executor_main") || strings.Contains(text, "kfp.components.executor_main")
}
