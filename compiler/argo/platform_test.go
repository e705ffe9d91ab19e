package argo_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/util/template"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"

	"github.com/kfp-go/kfp-go/compiler/argo"
)

// A made pod is what Argo's own functions make of a task: arguments bound,
// expressions evaluated, the patch applied.
type made struct {
	Metadata              map[string]any `json:"metadata,omitempty"`
	ActiveDeadlineSeconds any            `json:"activeDeadlineSeconds,omitempty"`
	Spec                  corev1.PodSpec `json:"spec"`
}

// run evaluates a manifest as the controller would, given what tasks put out.
type controller struct {
	spec    wfv1.WorkflowSpec
	globals common.Parameters
	outputs map[string]any // tasks.NAME.outputs.parameters.X
}

func newController(m *argo.Manifest, outputs map[string]any) *controller {
	wf := m.Workflow.(*wfv1.Workflow)
	c := &controller{spec: wf.Spec, outputs: outputs, globals: common.Parameters{
		"workflow.name": "run-1", "workflow.uid": "u-1", "workflow.namespace": "default", "workflow.creationTimestamp.RFC3339": "2026-01-01T00:00:00Z"}}
	for _, p := range wf.Spec.Arguments.Parameters {
		if p.Value != nil {
			c.globals["workflow.parameters."+p.Name] = p.Value.String()
		}
	}
	return c
}

// task is the template of a task, by its path in Argo, its inputs bound.
func (c *controller) task(path string) (*wfv1.Template, error) {
	byName := map[string]*wfv1.Template{}
	for i := range c.spec.Templates {
		byName[c.spec.Templates[i].Name] = &c.spec.Templates[i]
	}
	main, err := common.ProcessArgs(byName[c.spec.Entrypoint], &wfv1.Arguments{}, c.globals, common.Parameters{}, false, "default", nil)
	if err != nil {
		return nil, err
	}
	at := main
	for _, name := range strings.Split(path, "/") {
		i := slices.IndexFunc(at.DAG.Tasks, func(t wfv1.DAGTask) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no task %q", name)
		}
		args, err := c.bound(at, &at.DAG.Tasks[i])
		if err != nil {
			return nil, err
		}
		at, err = common.ProcessArgs(byName[at.DAG.Tasks[i].Template], args, c.globals, common.Parameters{"pod.name": "run-1-pod"}, false, "default", nil)
		if err != nil {
			return nil, err
		}
	}
	return at, nil
}

// bound are the arguments of a task, evaluated.
func (c *controller) bound(dag *wfv1.Template, t *wfv1.DAGTask) (*wfv1.Arguments, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	scope := map[string]any{}
	for k, v := range c.globals {
		scope[k] = v
	}
	for k, v := range c.outputs {
		scope[k] = v
	}
	for _, p := range dag.Inputs.Parameters {
		scope["inputs.parameters."+p.Name] = p.Value.String()
	}
	done, err := template.Replace(string(text), scope, false)
	if err != nil {
		return nil, err
	}
	var out wfv1.DAGTask
	err = json.Unmarshal([]byte(done), &out)
	return &out.Arguments, err
}

func (c *controller) pod(name string) (*made, error) {
	t, err := c.task(name)
	if err != nil {
		return nil, err
	}
	text, _ := json.Marshal(t)
	if strings.Contains(string(text), "{{=") {
		return nil, fmt.Errorf("an expression is left: %s", text)
	}
	out := &made{Spec: corev1.PodSpec{Volumes: t.Volumes, NodeSelector: t.NodeSelector, Tolerations: t.Tolerations, Affinity: t.Affinity,
		SecurityContext: t.SecurityContext, Containers: []corev1.Container{*t.Container}}}
	out.Spec.Containers[0].Name = "main"
	for _, x := range t.InitContainers {
		out.Spec.InitContainers = append(out.Spec.InitContainers, x.Container)
	}
	if t.ActiveDeadlineSeconds != nil {
		out.ActiveDeadlineSeconds = t.ActiveDeadlineSeconds
	}
	delete(t.Metadata.Annotations, argo.NoteTask)
	if len(t.Metadata.Labels)+len(t.Metadata.Annotations) > 0 {
		out.Metadata = map[string]any{"labels": t.Metadata.Labels, "annotations": t.Metadata.Annotations}
	}
	if t.PodSpecPatch != "" {
		have, err := json.Marshal(out.Spec)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(t.PodSpecPatch), &corev1.PodSpec{}); err != nil {
			return nil, fmt.Errorf("patch %s: %w", t.PodSpecPatch, err)
		}
		merged, err := strategicpatch.StrategicMergePatch(have, []byte(t.PodSpecPatch), corev1.PodSpec{})
		if err != nil {
			return nil, err
		}
		out.Spec = corev1.PodSpec{}
		if err := json.Unmarshal(merged, &out.Spec); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// What every pod of the tables has.
func (m *made) bare() {
	main := &m.Spec.Containers[0]
	main.Image, main.Command, main.Args, main.Name = "", nil, nil, ""
	var env []corev1.EnvVar
	for _, e := range main.Env {
		if !strings.HasPrefix(e.Name, "KFP_") {
			env = append(env, e)
		}
	}
	main.Env = env
}

func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if p := pruned(x); p != nil {
				out[k] = p
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		var out []any
		for _, x := range v {
			if p := pruned(x); p != nil {
				out = append(out, p)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}

func asYAML(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	out, err := yaml.Marshal(pruned(x))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// platformPipeline has parameters of every kind to feed platform settings from,
// and a task that puts out a name, a struct and a list.
const platformPipeline = `components:
  comp-name: {executorLabel: exec-name, outputDefinitions: {parameters: {Output: {parameterType: STRING}, object: {parameterType: STRUCT}, list: {parameterType: LIST}}}}
  comp-work: {executorLabel: exec-work, inputDefinitions: {parameters: {s: {parameterType: STRING, isOptional: true}, o: {parameterType: STRING, isOptional: true}, n: {parameterType: NUMBER_INTEGER, isOptional: true}, e: {parameterType: STRING, isOptional: true}}}}
deploymentSpec:
  executors:
    exec-name: {container: {image: alpine, command: [echo]}}
    exec-work: {container: {image: alpine, command: [echo]%s}}
pipelineInfo: {name: platform}
root:
  dag:
    tasks:
      name: {componentRef: {name: comp-name}}
      work:
        componentRef: {name: comp-work}
        dependentTasks: [name]
        inputs: {parameters: {s: {componentInputParameter: s}, o: {componentInputParameter: none}, n: {componentInputParameter: n}, e: {componentInputParameter: e}}}
  inputDefinitions:
    parameters:
      s: {parameterType: STRING, defaultValue: given, isOptional: true}
      n: {parameterType: NUMBER_INTEGER, defaultValue: 2, isOptional: true}
      none: {parameterType: STRING, isOptional: true}
      e: {parameterType: STRING, defaultValue: '', isOptional: true}
      object: {parameterType: STRUCT, defaultValue: {a: "{{x}}$y"}, isOptional: true}
      nothing: {parameterType: STRUCT, isOptional: true}
      list: {parameterType: LIST, defaultValue: [{key: l1, operator: Exists}, {key: l2}], isOptional: true}
schemaVersion: 2.1.0
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-work: %s
`

// The sources of a name: the same entry, fed in every way.
const (
	fromConst  = `{runtimeValue: {constant: const}}`
	fromParam  = `{componentInputParameter: s}`
	fromNone   = `{componentInputParameter: none}`
	fromOutput = `{taskOutputParameter: {producerTask: name, outputParameterKey: Output}}`
	fromNull   = `{runtimeValue: {constant: null}}`
)

// flat puts a flow mapping on one line.
func flat(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\t", ""), "\n", " ") }

// TestPlatform: every field of KFP's Kubernetes document, and the exact fields
// of the pod that it becomes.
func TestPlatform(t *testing.T) {
	for _, x := range []struct {
		name, resources, settings string
		want                      string
	}{
		{"nothing", "", `{}`, `{}`},
		{"secretAsEnv", "", `{secretAsEnv: [
			{secretName: old, secretNameParameter: ` + fromConst + `, keyToEnv: [{secretKey: k, envVar: A}, {secretKey: l, envVar: B}], optional: true},
			{secretName: old, keyToEnv: [{secretKey: k, envVar: C}]},
			{secretNameParameter: ` + fromParam + `, keyToEnv: [{secretKey: k, envVar: D}], optional: false},
			{secretNameParameter: ` + fromOutput + `, keyToEnv: [{secretKey: k, envVar: E}]},
			{secretNameParameter: ` + fromNone + `, keyToEnv: [{secretKey: k, envVar: F}]},
			{secretNameParameter: ` + fromNull + `, keyToEnv: [{secretKey: k, envVar: G}]}]}`,
			`{spec: {containers: [{env: [
				{name: A, valueFrom: {secretKeyRef: {name: const, key: k, optional: true}}}, {name: B, valueFrom: {secretKeyRef: {name: const, key: l, optional: true}}},
				{name: C, valueFrom: {secretKeyRef: {name: old, key: k}}},
				{name: D, valueFrom: {secretKeyRef: {name: given, key: k, optional: false}}},
				{name: E, valueFrom: {secretKeyRef: {name: out-name, key: k}}}]}]}}`},
		{"configMapAsEnv", "", `{configMapAsEnv: [
			{configMapName: old, configMapNameParameter: ` + fromConst + `, keyToEnv: [{configMapKey: k, envVar: A}], optional: true},
			{configMapNameParameter: ` + fromOutput + `, keyToEnv: [{configMapKey: k, envVar: E}]},
			{configMapNameParameter: ` + fromNone + `, keyToEnv: [{configMapKey: k, envVar: F}]}]}`,
			`{spec: {containers: [{env: [
				{name: A, valueFrom: {configMapKeyRef: {name: const, key: k, optional: true}}},
				{name: E, valueFrom: {configMapKeyRef: {name: out-name, key: k}}}]}]}}`},
		{"secretAsVolume", "", `{secretAsVolume: [
			{secretNameParameter: ` + fromParam + `, mountPath: /a, optional: true}, {secretName: with.dots, mountPath: /b}, {secretName: with.dots, mountPath: /c},
			{secretNameParameter: ` + fromNone + `, mountPath: /d}, {secretNameParameter: ` + fromOutput + `, mountPath: /e, optional: false}]}`,
			`{spec: {containers: [{volumeMounts: [{name: volume-0, mountPath: /a}, {name: volume-1, mountPath: /b}, {name: volume-2, mountPath: /c}, {name: volume-4, mountPath: /e}]}],
				volumes: [{name: volume-0, secret: {secretName: given, optional: true}}, {name: volume-1, secret: {secretName: with.dots}},
					{name: volume-2, secret: {secretName: with.dots}}, {name: volume-4, secret: {secretName: out-name, optional: false}}]}}`},
		{"configMapAsVolume", "", `{configMapAsVolume: [{configMapNameParameter: ` + fromOutput + `, mountPath: /a, optional: true}, {configMapNameParameter: ` + fromNone + `, mountPath: /b, optional: true}]}`,
			`{spec: {containers: [{volumeMounts: [{name: volume-0, mountPath: /a}]}], volumes: [{name: volume-0, configMap: {name: out-name, optional: true}}]}}`},
		{"pvcMount", "", `{pvcMount: [{constant: c, mountPath: /a, subPath: in/side}, {componentInputParameter: s, mountPath: /b}, {taskOutputParameter: {producerTask: name, outputParameterKey: Output}, mountPath: /c},
			{pvcNameParameter: ` + fromParam + `, mountPath: /d}]}`,
			`{spec: {containers: [{volumeMounts: [{name: volume-0, mountPath: /a, subPath: in/side}, {name: volume-1, mountPath: /b}, {name: volume-2, mountPath: /c}, {name: volume-3, mountPath: /d}]}],
				volumes: [{name: volume-0, persistentVolumeClaim: {claimName: c}}, {name: volume-1, persistentVolumeClaim: {claimName: given}},
					{name: volume-2, persistentVolumeClaim: {claimName: out-name}}, {name: volume-3, persistentVolumeClaim: {claimName: given}}]}}`},
		{"nodeSelector", "", `{nodeSelector: {labels: {disk: ssd, zone: a}}}`, `{spec: {nodeSelector: {disk: ssd, zone: a}}}`},
		{"nodeSelectorJson wins", "", `{nodeSelector: {labels: {disk: ssd}, nodeSelectorJson: {componentInputParameter: object}}}`, `{spec: {nodeSelector: {a: "{{x}}$y"}}}`},
		{"nodeSelectorJson constant", "", `{nodeSelector: {nodeSelectorJson: {runtimeValue: {constant: {b: c, m: 1}}}}}`, `{spec: {nodeSelector: {b: c, m: "1"}}}`},
		{"nodeSelectorJson output", "", `{nodeSelector: {nodeSelectorJson: {taskOutputParameter: {producerTask: name, outputParameterKey: object}}}}`, `{spec: {nodeSelector: {key: made}}}`},
		{"nodeSelectorJson null", "", `{nodeSelector: {nodeSelectorJson: {componentInputParameter: nothing}}}`, `{}`},
		{"tolerations", "", `{tolerations: [{key: k, operator: Equal, value: v, effect: NoExecute, tolerationSeconds: '30'}, {tolerationJson: {runtimeValue: {constant: {key: c}}}},
			{tolerationJson: {runtimeValue: {constant: [{key: d}, {key: e}]}}}]}`,
			`{spec: {tolerations: [{key: k, operator: Equal, value: v, effect: NoExecute, tolerationSeconds: 30}, {key: c}, {key: d}, {key: e}]}}`},
		{"tolerationJson", "", `{tolerations: [{tolerationJson: {componentInputParameter: nothing}}, {key: k}, {tolerationJson: {componentInputParameter: list}},
			{tolerationJson: {taskOutputParameter: {producerTask: name, outputParameterKey: object}}}]}`,
			`{spec: {tolerations: [{key: l1, operator: Exists}, {key: l2}, {key: made}, {key: k}]}}`},
		{"tolerationJson null", "", `{tolerations: [{tolerationJson: {componentInputParameter: nothing}}]}`, `{}`},
		{"nodeAffinity", "", `{nodeAffinity: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}, {matchFields: [{key: metadata.name, operator: In, values: [node]}]},
			{matchExpressions: [{key: zone, operator: Exists}], weight: 10}]}`,
			`{spec: {affinity: {nodeAffinity: {
				requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}, {matchFields: [{key: metadata.name, operator: In, values: [node]}]}]},
				preferredDuringSchedulingIgnoredDuringExecution: [{weight: 10, preference: {matchExpressions: [{key: zone, operator: Exists}]}}]}}}}`},
		{"nodeAffinityJson alone", "", `{nodeAffinity: [{nodeAffinityJson: {taskOutputParameter: {producerTask: name, outputParameterKey: list}}}]}`, `K201`},
		{"nodeAffinityJson", "", `{nodeAffinity: [{matchExpressions: [{key: disk, operator: Exists}]}, {nodeAffinityJson: {componentInputParameter: nothing}}, {nodeAffinityJson: {componentInputParameter: affinity}}]}`,
			`{spec: {affinity: {nodeAffinity: {
				requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: Exists}]}, {matchExpressions: [{key: a, operator: Exists}]}]},
				preferredDuringSchedulingIgnoredDuringExecution: [{weight: 3, preference: {matchExpressions: [{key: b, operator: Exists}]}}]}}}}`},
		{"nodeAffinityJson null", "", `{nodeAffinity: [{nodeAffinityJson: {componentInputParameter: nothing}}]}`, `{}`},
		{"podAffinity", "", `{podAffinity: [
			{matchPodExpressions: [{key: app, operator: In, values: [web]}], matchPodLabels: {tier: x}, topologyKey: zone, namespaces: [a], matchNamespaceLabels: {team: b}},
			{matchPodLabels: {tier: w}, topologyKey: host, weight: 5, anti: true}, {matchPodLabels: {tier: z}, topologyKey: host, anti: true, matchNamespaceExpressions: [{key: q, operator: Exists}]}]}`,
			`{spec: {affinity: {
				podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchExpressions: [{key: app, operator: In, values: [web]}], matchLabels: {tier: x}}, topologyKey: zone, namespaces: [a], namespaceSelector: {matchLabels: {team: b}}}]},
				podAntiAffinity: {
					requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {tier: z}}, topologyKey: host, namespaceSelector: {matchExpressions: [{key: q, operator: Exists}]}}],
					preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, podAffinityTerm: {labelSelector: {matchLabels: {tier: w}}, topologyKey: host}}]}}}}`},
		{"podMetadata", "", `{podMetadata: {labels: {team: ml}, annotations: {note: hello}}}`, `{metadata: {labels: {team: ml}, annotations: {note: hello}}, spec: {}}`},
		{"imagePullSecret", "", `{imagePullSecret: [{secretName: a}, {secretNameParameter: ` + fromParam + `}, {secretNameParameter: ` + fromNone + `}, {secretNameParameter: ` + fromOutput + `}]}`,
			`{spec: {imagePullSecrets: [{name: a}, {name: given}, {name: out-name}]}}`},
		{"imagePullPolicy", "", `{imagePullPolicy: Never}`, `{spec: {containers: [{imagePullPolicy: Never}]}}`},
		{"fieldPathAsEnv", "", `{fieldPathAsEnv: [{name: A, fieldPath: "metadata.annotations['x']"}, {name: B, fieldPath: status.podIP}]}`,
			`{spec: {containers: [{env: [{name: A, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['x']"}}}, {name: B, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]}]}}`},
		{"activeDeadlineSeconds", "", `{activeDeadlineSeconds: '600'}`, `{activeDeadlineSeconds: 600, spec: {}}`},
		{"activeDeadlineSeconds large", "", `{activeDeadlineSeconds: '99999999999'}`, `{activeDeadlineSeconds: 2147483647, spec: {}}`},
		{"genericEphemeralVolume", "", `{genericEphemeralVolume: [
			{volumeName: big, mountPath: /big, accessModes: [ReadWriteMany], size: 5Gi, defaultStorageClass: true, storageClassName: x, metadata: {labels: {a: b}, annotations: {c: d}}},
			{volumeName: fast, mountPath: /fast, accessModes: [ReadWriteOnce], size: 1Gi, storageClassName: ssd}]}`,
			`{spec: {containers: [{volumeMounts: [{name: big, mountPath: /big}, {name: fast, mountPath: /fast}]}], volumes: [
				{name: big, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}, annotations: {c: d}}, spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 5Gi}}}}}},
				{name: fast, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: ssd, resources: {requests: {storage: 1Gi}}}}}}]}}`},
		{"emptyDirMounts", "", `{emptyDirMounts: [{volumeName: a, mountPath: /a, medium: Memory, sizeLimit: 1Gi}, {volumeName: b, mountPath: /b}, {volumeName: b, mountPath: /c}, {volumeName: kfp, mountPath: /d}]}`,
			`{spec: {containers: [{volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}, {name: b, mountPath: /c}, {name: volume-2, mountPath: /d}]}],
				volumes: [{name: a, emptyDir: {medium: Memory, sizeLimit: 1Gi}}, {name: b}, {name: volume-2}]}}`},
		{"enabledSharedMemory", "", `{enabledSharedMemory: {volumeName: shm, size: 64Mi}}`,
			`{spec: {containers: [{volumeMounts: [{name: shm, mountPath: /dev/shm}]}], volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 64Mi}}]}}`},
		{"securityContext", "", `{securityContext: {runAsUser: '1000', runAsGroup: '0', runAsNonRoot: true}}`,
			`{spec: {containers: [{securityContext: {runAsUser: 1000, runAsGroup: 0, runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}`},
		{"securityContext root", "", `{securityContext: {runAsUser: '0', runAsNonRoot: true}}`, `C453`},
		{"initContainers", "", `{emptyDirMounts: [{volumeName: data, mountPath: /data}], secretAsVolume: [{secretName: s, mountPath: /s}], initContainers: [
			{name: before, image: busybox, command: [sh, -c], args: ['echo $(A) $(B) {{x}}'], env: [{name: A, value: 'b$$'}], volumeMounts: [{volumeName: data, mountPath: /in}, {volumeName: s, mountPath: /s}], resources: {requests: {cpu: 10m}, limits: {cpu: 20m, memory: 8Mi}}},
			{name: beside, image: busybox, restartPolicy: Always}]}`,
			`{spec: {containers: [{volumeMounts: [{name: data, mountPath: /data}, {name: volume-1, mountPath: /s}]}], volumes: [{name: data}, {name: volume-1, secret: {secretName: s}}],
				initContainers: [{name: before, image: busybox, command: [sh, -c], args: ['echo $(A) $$(B) {$(KFP_E){x}}'], env: [{name: KFP_E}, {name: A, value: 'b$$$$'}],
					volumeMounts: [{name: data, mountPath: /in}, {name: volume-1, mountPath: /s}], resources: {requests: {cpu: 10m}, limits: {cpu: 20m, memory: 8Mi}}},
					{name: beside, image: busybox, restartPolicy: Always}]}}`},
		{"initContainers unknown volume", "", `{initContainers: [{name: a, image: b, volumeMounts: [{volumeName: data, mountPath: /in}]}]}`, `C452`},
		{"constants", ", resources: {resourceCpuLimit: '2', resourceCpuRequest: 500m, resourceMemoryLimit: 2G, resourceMemoryRequest: 1G, accelerator: {resourceType: nvidia.com/gpu, resourceCount: '1'}}", `{}`,
			`{spec: {containers: [{resources: {requests: {cpu: 500m, memory: 1G, nvidia.com/gpu: "1"}, limits: {cpu: "2", memory: 2G, nvidia.com/gpu: "1"}}}], tolerations: [{key: nvidia.com/gpu, operator: Exists}]}}`},
		{"machine", `, resources: {resourceCpuLimit: "{{$.inputs.parameters['n']}}", resourceMemoryLimit: "{{$.inputs.parameters['o']}}", accelerator: {resourceType: "{{$.inputs.parameters['s']}}", resourceCount: "{{$.inputs.parameters['n']}}"}}`, `{}`,
			`{spec: {containers: [{resources: {limits: {cpu: "2", given: "2"}, requests: {given: "2"}}}], tolerations: [{key: given, operator: Exists}]}}`},
		{"machine empty", `, resources: {resourceCpuLimit: "{{$.inputs.parameters['e']}}", resourceMemoryLimit: "{{$.inputs.parameters['n']}}", resourceMemoryRequest: "{{$.inputs.parameters['e']}}"}`, `{}`,
			`{spec: {containers: [{resources: {limits: {memory: "2"}}}]}}`},
		{"machine absent", `, resources: {accelerator: {resourceType: "{{$.inputs.parameters['o']}}", resourceCount: "{{$.inputs.parameters['n']}}"}}`, `{tolerations: [{key: k}]}`, `{spec: {tolerations: [{key: k}]}}`},
	} {
		t.Run(x.name, func(t *testing.T) {
			text := fmt.Sprintf(platformPipeline, x.resources, flat(x.settings))
			text = strings.Replace(text, "      nothing:", "      affinity: {parameterType: STRUCT, isOptional: true, defaultValue: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}, preferredDuringSchedulingIgnoredDuringExecution: [{weight: 3, preference: {matchExpressions: [{key: b, operator: Exists}]}}]}}\n      nothing:", 1)
			res := compile(t, "p.yaml", []byte(text), argo.Options{})
			if len(x.want) == 4 {
				if got := fmt.Sprint(res.Diagnostics); !strings.Contains(got, x.want) {
					t.Errorf("no %s in %s", x.want, got)
				}
				return
			}
			for _, d := range res.Diagnostics {
				if d.Code[0] != 'L' {
					t.Fatal(d)
				}
			}
			judge(t, res.Manifest)
			pod, err := newController(res.Manifest, map[string]any{
				"tasks.name.outputs.parameters.Output": "out-name", "tasks.name.outputs.parameters.object": `{"key":"made"}`, "tasks.name.outputs.parameters.list": `[]`,
			}).pod("work")
			if err != nil {
				t.Fatalf("%v\n%s", err, res.Manifest.YAML)
			}
			pod.bare()
			var want any
			if err := yaml.Unmarshal([]byte(flat(x.want)), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asYAML(t, want), asYAML(t, pod)); diff != "" {
				t.Errorf("pod (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlatformInGroups: what is null outside a group is null inside, although
// the SDK declares nothing of a group optional.
func TestPlatformInGroups(t *testing.T) {
	const pipeline = `components:
  comp-work: {executorLabel: exec-work}
  comp-group:
    dag: {tasks: {work: {componentRef: {name: comp-work}}}}
    inputDefinitions: {parameters: {"pipelinechannel--s": {parameterType: STRING}, "pipelinechannel--none": {parameterType: STRING}, "pipelinechannel--nothing": {parameterType: STRUCT}}}
deploymentSpec: {executors: {exec-work: {container: {image: "alpine:3", command: [echo]}}}}
pipelineInfo: {name: groups}
root:
  dag:
    tasks:
      group:
        componentRef: {name: comp-group}
        inputs: {parameters: {"pipelinechannel--s": {componentInputParameter: s}, "pipelinechannel--none": {componentInputParameter: none}, "pipelinechannel--nothing": {componentInputParameter: nothing}}}
  inputDefinitions: {parameters: {s: {parameterType: STRING, defaultValue: given, isOptional: true}, none: {parameterType: STRING, isOptional: true}, nothing: {parameterType: STRUCT, isOptional: true}}}
schemaVersion: 2.1.0
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-work:
          secretAsEnv: [{secretNameParameter: {componentInputParameter: "pipelinechannel--none"}, keyToEnv: [{secretKey: k, envVar: A}]}, {secretNameParameter: {componentInputParameter: "pipelinechannel--s"}, keyToEnv: [{secretKey: k, envVar: B}]}]
          secretAsVolume: [{secretNameParameter: {componentInputParameter: "pipelinechannel--none"}, mountPath: /a}]
          imagePullSecret: [{secretNameParameter: {componentInputParameter: "pipelinechannel--none"}}]
          nodeSelector: {nodeSelectorJson: {componentInputParameter: "pipelinechannel--nothing"}}
          tolerations: [{tolerationJson: {componentInputParameter: "pipelinechannel--nothing"}}]
          nodeAffinity: [{nodeAffinityJson: {componentInputParameter: "pipelinechannel--nothing"}}]
`
	m := manifest(t, "p.yaml", []byte(pipeline), argo.Options{})
	judge(t, m)
	pod, err := newController(m, nil).pod("group/work")
	if err != nil {
		t.Fatalf("%v\n%s", err, m.YAML)
	}
	pod.bare()
	const want = "spec:\n  containers:\n  - env:\n    - name: B\n      valueFrom:\n        secretKeyRef:\n          key: k\n          name: given\n"
	if got := asYAML(t, pod); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestSettings: what the DSL says besides, and how it meets what the run knows.
func TestSettings(t *testing.T) {
	const pipeline = `pipeline: p
inputs:
  s: {type: string, default: given}
  none: {type: string, optional: true}
  empty: {type: string, default: ""}
  object: {type: struct, default: {a: b}}
  nothing: {type: struct, optional: true}
  security: {type: struct, default: {runAsUser: 5, fsGroup: 6}}
  list: {type: list, default: [{key: l1}, {key: l2}]}
components:
  c: {image: "busybox:1.37", command: [echo], env: {E: plain}}
tasks:
  work: {component: c, `
	for _, x := range []struct{ name, settings, want string }{
		{"product of a computed type", `accelerator: {type: "${{ inputs.s }}", count: 2, product: L4}, node-selector: {disk: ssd}`,
			`{spec: {nodeSelector: {disk: ssd, gpu.product: L4}, tolerations: [{key: given, operator: Exists}], containers: [{env: [{name: E, value: plain}], resources: {requests: {given: "2"}, limits: {given: "2"}}}]}}`},
		{"product of a mapped type", `accelerator: {type: "${{ 'acme.com/' + inputs.s }}", product: "${{ inputs.s }}"}, node-selector: "${{ inputs.object }}"`,
			`{spec: {nodeSelector: {a: b, acme.com/model: given}, tolerations: [{key: acme.com/given, operator: Exists}], containers: [{env: [{name: E, value: plain}], resources: {requests: {acme.com/given: "1"}, limits: {acme.com/given: "1"}}}]}}`},
		{"tolerations of one list", `tolerations: "${{ inputs.list }}"`, `{spec: {containers: [{env: [{name: E, value: plain}]}], tolerations: [{key: l1}, {key: l2}]}}`},
		{"env", `env: {E: {secret: "${{ inputs.none }}", key: k}, F: {config-map: "${{ inputs.none }}", key: k}}`, `{spec: {containers: [{env: [{name: E, value: plain}]}]}}`},
		{"env over plain", `env: {E: {secret: "${{ inputs.s }}", key: "${{ inputs.s }}"}}`, `{spec: {containers: [{env: [{name: E, valueFrom: {secretKeyRef: {name: given, key: given}}}]}]}}`},
		{"env-from", `env-from: [{secret: a, prefix: P_}, {config-map: "${{ inputs.none }}"}, {config-map: "${{ inputs.s }}", optional: true}]`,
			`{spec: {containers: [{env: [{name: E, value: plain}], envFrom: [{prefix: P_, secretRef: {name: a}}, {configMapRef: {name: given, optional: true}}]}]}}`},
		{"security context", `security-context: "${{ inputs.security }}"`, `{spec: {securityContext: {fsGroup: 6}, containers: [{env: [{name: E, value: plain}], securityContext: {runAsUser: 5}}]}}`},
		{"affinities", `affinity: [{podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}]}}, {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: x}]}}, "${{ inputs.nothing }}"]`,
			`{spec: {containers: [{env: [{name: E, value: plain}]}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}, {topologyKey: x}]}}}}`},
		{"affinities, constant", `affinity: [{podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}]}}, {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: x}}]}}, {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}}]`,
			`{spec: {containers: [{env: [{name: E, value: plain}]}], affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}], preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: x}}]}}}}`},
		{"sidecar", `init-containers: [{name: a, image: b, sidecar: true, env: {X: "$(Y) {{z}}"}}]`,
			`{spec: {containers: [{env: [{name: E, value: plain}]}], initContainers: [{name: a, image: b, restartPolicy: Always, env: [{name: KFP_E}, {name: X, value: "$$(Y) {$(KFP_E){z}}"}]}]}}`},
		{"storage classes", `volumes: {/a: {ephemeral: {size: 1Gi}}, /b: {ephemeral: {size: 1Gi, storage-class: fast, name: quick}}}`,
			`{spec: {containers: [{env: [{name: E, value: plain}], volumeMounts: [{name: volume-0, mountPath: /a}, {name: quick, mountPath: /b}]}], volumes: [
				{name: volume-0, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}},
				{name: quick, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}}}}]}}`},
		{"empty name", `volumes: {/a: {secret: "${{ inputs.empty }}"}}`, `error the name of a secret is empty`},
		{"absent claim", `volumes: {/a: {claim: "${{ inputs.none }}"}}`, `error the name of the claim at /a is empty or absent`},
		{"not a struct", `node-selector: "${{ inputs.list }}"`, `error a node selector must be a struct`},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := manifest(t, "p.yaml", []byte(pipeline+flat(x.settings)+"}\n"), argo.Options{ProductLabels: map[string]string{"acme.com": "acme.com/model"}})
			judge(t, m)
			pod, err := newController(m, nil).pod("work")
			if want, ok := strings.CutPrefix(x.want, "error "); ok {
				// Argo refuses the task before there is a pod.
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "an expression is left") {
					t.Fatalf("got %v, %v", pod, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, m.YAML)
			}
			pod.bare()
			var want any
			if err := yaml.Unmarshal([]byte(flat(x.want)), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asYAML(t, want), asYAML(t, pod)); diff != "" {
				t.Errorf("pod (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPipelineConfig: what belongs to the run.
func TestPipelineConfig(t *testing.T) {
	for _, x := range []struct{ name, config, want string }{
		{"ttl", `{resourceTtlOnCompletion: 60, resourceTtlOnSuccess: 30, resourceTtlOnFailure: 90}`, `{ttlStrategy: {secondsAfterCompletion: 60, secondsAfterSuccess: 30, secondsAfterFailure: 90}}`},
		{"old ttl", `{resourceTtl: 60}`, `{ttlStrategy: {secondsAfterCompletion: 60}}`},
		{"deadline", `{activeDeadlineSeconds: 600}`, `{activeDeadlineSeconds: 600}`},
		{"mutex", `{mutexName: one}`, `{synchronization: {mutexes: [{name: one}]}}`},
		{"semaphore", `{semaphoreKey: team}`, `{synchronization: {semaphores: [{configMapKeyRef: {name: kfp-semaphores, key: team}}]}}`},
		{"both", `{mutexName: one, semaphoreKey: team}`, `{synchronization: {mutexes: [{name: one}], semaphores: [{configMapKeyRef: {name: kfp-semaphores, key: team}}]}}`},
		{"workspace", `{workspace: {size: 1Gi}}`, `{volumeClaimGC: {strategy: OnWorkflowCompletion}, volumeClaimTemplates: [{metadata: {name: kfp-workspace}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}`},
		{"workspace patch", `{workspace: {size: 1Gi, kubernetes: {pvcSpecPatch: {accessModes: [ReadWriteMany], storageClassName: fast}}}}`,
			`{volumeClaimGC: {strategy: OnWorkflowCompletion}, volumeClaimTemplates: [{metadata: {name: kfp-workspace}, spec: {accessModes: [ReadWriteMany], storageClassName: fast, resources: {requests: {storage: 1Gi}}}}]}`},
		{"workspace patch of something else", `{workspace: {size: 1Gi, kubernetes: {pvcSpecPatch: {volumeName: v}}}}`, `K210`},
		{"bad mutex", `{mutexName: One_}`, `C446`},
		{"bad semaphore", `{semaphoreKey: "a b"}`, `C446`},
	} {
		t.Run(x.name, func(t *testing.T) {
			text := fmt.Sprintf(platformPipeline, "", "{}")
			text = strings.Replace(text, "    deploymentSpec:\n      executors:\n        exec-work: {}\n", "    pipelineConfig: "+x.config+"\n", 1)
			res := compile(t, "p.yaml", []byte(text), argo.Options{})
			if len(x.want) == 4 {
				if got := fmt.Sprint(res.Diagnostics); !strings.Contains(got, x.want) {
					t.Errorf("no %s in %s", x.want, got)
				}
				return
			}
			if res.Manifest == nil {
				t.Fatal(res.Diagnostics)
			}
			judge(t, res.Manifest)
			spec := res.Manifest.Workflow.(*wfv1.Workflow).Spec
			spec.Templates, spec.Arguments, spec.Entrypoint = nil, wfv1.Arguments{}, ""
			var want any
			if err := yaml.Unmarshal([]byte(x.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asYAML(t, want), asYAML(t, spec)); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// TestClaims: every input of the claims, and the object that the cluster is
// asked for.
func TestClaims(t *testing.T) {
	const pipeline = `components:
  comp-create:
    executorLabel: exec-create
    inputDefinitions:
      parameters:
        access_modes: {parameterType: LIST}
        annotations: {isOptional: true, parameterType: STRUCT}
        data_source: {isOptional: true, parameterType: STRUCT}
        pvc_name: {isOptional: true, parameterType: STRING}
        pvc_name_suffix: {isOptional: true, parameterType: STRING}
        size: {parameterType: STRING}
        storage_class_name: {defaultValue: '', isOptional: true, parameterType: STRING}
        volume_name: {isOptional: true, parameterType: STRING}
    outputDefinitions: {parameters: {name: {parameterType: STRING}}}
deploymentSpec: {executors: {exec-create: {container: {image: argostub/createpvc}}}}
pipelineInfo: {name: claims}
root:
  dag:
    tasks:
      create: {componentRef: {name: comp-create}, inputs: {parameters: {access_modes: {runtimeValue: {constant: [ReadWriteOnce, ReadOnlyMany]}}, size: {componentInputParameter: size}%s}}}
  inputDefinitions: {parameters: {size: {parameterType: STRING, defaultValue: 5Gi, isOptional: true}, s: {parameterType: STRING, defaultValue: given, isOptional: true}, none: {parameterType: STRING, isOptional: true}, object: {parameterType: STRUCT, defaultValue: {"a/b": "{{c}}"}, isOptional: true}}}
schemaVersion: 2.1.0
`
	const modes = `accessModes: [ReadWriteOnce, ReadOnlyMany], resources: {requests: {storage: 5Gi}}`
	for _, x := range []struct{ name, inputs, want string }{
		{"nothing", ``, `{metadata: {generateName: run-1-}, spec: {` + modes + `}}`},
		{"name", `, pvc_name: {componentInputParameter: s}`, `{metadata: {name: given}, spec: {` + modes + `}}`},
		{"suffix", `, pvc_name_suffix: {runtimeValue: {constant: -data}}`, `{metadata: {name: run-1-4696ee41-data}, spec: {` + modes + `}}`},
		{"absent", `, pvc_name: {componentInputParameter: none}, pvc_name_suffix: {componentInputParameter: none}, storage_class_name: {componentInputParameter: none}`, `{metadata: {generateName: run-1-}, spec: {` + modes + `}}`},
		{"class", `, storage_class_name: {componentInputParameter: s}`, `{metadata: {generateName: run-1-}, spec: {storageClassName: given, ` + modes + `}}`},
		{"no class", `, storage_class_name: {runtimeValue: {constant: ''}}`, `{metadata: {generateName: run-1-}, spec: {storageClassName: "", ` + modes + `}}`},
		{"rest", `, volume_name: {runtimeValue: {constant: v}}, annotations: {componentInputParameter: object}, data_source: {runtimeValue: {constant: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: s}}}`,
			`{metadata: {generateName: run-1-, annotations: {"a/b": "{{c}}"}}, spec: {volumeName: v, dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: s}, ` + modes + `}}`},
		{"both names", `, pvc_name: {componentInputParameter: s}, pvc_name_suffix: {runtimeValue: {constant: -data}}`, `error`},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := manifest(t, "p.yaml", fmt.Appendf(nil, pipeline, x.inputs), argo.Options{})
			judge(t, m)
			c := newController(m, nil)
			tmpl, err := c.task("create")
			if err != nil {
				t.Fatal(err)
			}
			if tmpl.Resource.SetOwnerReference {
				t.Error("the claim would go with the run")
			}
			if x.want == "error" {
				if !strings.HasPrefix(tmpl.Resource.Manifest, "{{=") {
					t.Error(tmpl.Resource.Manifest)
				}
				return
			}
			var got, want map[string]any
			if err := json.Unmarshal([]byte(tmpl.Resource.Manifest), &got); err != nil {
				t.Fatal(tmpl.Resource.Manifest, err)
			}
			if err := yaml.Unmarshal([]byte(x.want), &want); err != nil {
				t.Fatal(err)
			}
			if got["kind"] != "PersistentVolumeClaim" || got["apiVersion"] != "v1" {
				t.Error(got)
			}
			delete(got, "kind")
			delete(got, "apiVersion")
			spec := got["spec"].(map[string]any)
			for k, v := range spec {
				if v == nil {
					delete(spec, k) // null is no value to the API server
				}
			}
			if meta := got["metadata"].(map[string]any); len(meta["annotations"].(map[string]any)) == 0 {
				delete(meta, "annotations")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claim (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRetry: a policy on a task, and on a sub-pipeline, whose tasks inherit it
// unless they have their own.
func TestRetry(t *testing.T) {
	const pipeline = `components:
  comp-leaf: {executorLabel: exec-leaf}
  comp-own: {executorLabel: exec-leaf}
  comp-deep: {executorLabel: exec-leaf}
  comp-inner: {dag: {tasks: {deep: {componentRef: {name: comp-deep}}}}}
  comp-sub: {dag: {tasks: {leaf: {componentRef: {name: comp-leaf}}, inner: {componentRef: {name: comp-inner}}, own: {componentRef: {name: comp-own}, retryPolicy: {maxRetryCount: 1, backoffDuration: 1s, backoffFactor: 1, backoffMaxDuration: 9s}}}}}
deploymentSpec: {executors: {exec-leaf: {container: {image: "alpine:3", command: [echo]}}}}
pipelineInfo: {name: retries}
root: {dag: {tasks: {sub: {componentRef: {name: comp-sub}, retryPolicy: %s}}}}
schemaVersion: 2.1.0
`
	for _, x := range []struct{ policy, want, code string }{
		{`{maxRetryCount: 3, backoffDuration: 30s, backoffFactor: 2.0, backoffMaxDuration: 3600s}`, `{limit: 3, retryPolicy: Always, backoff: {duration: 30s, factor: 2, cap: 3600s}}`, ""},
		{`{maxRetryCount: 3, backoffDuration: 0s, backoffFactor: 1.0, backoffMaxDuration: 60s}`, `{limit: 3, retryPolicy: Always}`, ""},
		{`{maxRetryCount: 3, backoffDuration: 0.5s}`, `{limit: 3, retryPolicy: Always, backoff: {duration: 500ms, factor: 2, cap: 3600s}}`, ""},
		{`{maxRetryCount: 3, backoffDuration: 10s, backoffFactor: 1.5, backoffMaxDuration: 60s}`, `{limit: 3, retryPolicy: Always, backoff: {duration: 10s, factor: 2, cap: 60s}}`, "A610"},
		{`{maxRetryCount: 0}`, `null`, ""},
	} {
		t.Run(x.policy, func(t *testing.T) {
			res := compile(t, "p.yaml", fmt.Appendf(nil, pipeline, x.policy), argo.Options{})
			if res.Manifest == nil || !strings.Contains(fmt.Sprint(res.Diagnostics), x.code) {
				t.Fatal(res.Diagnostics)
			}
			judge(t, res.Manifest)
			got := map[string]*wfv1.RetryStrategy{}
			for _, tmpl := range res.Manifest.Workflow.(*wfv1.Workflow).Spec.Templates {
				if tmpl.DAG != nil && tmpl.RetryStrategy != nil {
					t.Errorf("%s would run again as a whole", tmpl.Name)
				}
				got[tmpl.Name] = tmpl.RetryStrategy
			}
			for name, want := range map[string]string{"leaf": x.want, "deep": x.want, "own": `{limit: 1, retryPolicy: Always, backoff: {duration: 1s, cap: 9s}}`} {
				var w any
				if err := yaml.Unmarshal([]byte(want), &w); err != nil {
					t.Fatal(err)
				}
				r, ok := got[name]
				if !ok {
					r = got["leaf"] // equal templates are one
				}
				if diff := cmp.Diff(asYAML(t, w), asYAML(t, r)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// TestCacheKeyOfSettings: the claims that a task mounts, and variables that may
// be absent, tell its results apart; where it runs does not.
func TestCacheKeyOfSettings(t *testing.T) {
	key := func(settings string) string {
		text := "pipeline: p\ninputs: {none: {type: string, optional: true}}\ncomponents: {c: {image: \"busybox:1\", command: [echo]}}\ntasks: {work: {component: c, cache: true, " + settings + "}}\n"
		m := manifest(t, "p.yaml", []byte(text), argo.Options{})
		for _, x := range m.Workflow.(*wfv1.Workflow).Spec.Templates {
			if x.Memoize != nil {
				return x.Memoize.Key
			}
		}
		t.Fatal("no key")
		return ""
	}
	plain := key("spot: never")
	if key("resources: {cpu: 1}, node-selector: {a: b}") != plain {
		t.Error("resources are part of the key")
	}
	seen := map[string]string{plain: "nothing"}
	for _, settings := range []string{
		"volumes: {/a: {claim: a}}", "volumes: {/a: {claim: b}}", "volumes: {/b: {claim: a}}", "volumes: {/a: {claim: a, sub-path: x}}",
		`env: {A: {secret: "${{ inputs.none }}", key: a}}`, `env: {A: {secret: "${{ inputs.none }}", key: b}}`, `env: {A: {config-map: "${{ inputs.none }}", key: b}}`,
	} {
		k := key(settings)
		if seen[k] != "" {
			t.Errorf("%s and %s have one key", settings, seen[k])
		}
		seen[k] = settings
	}
}
