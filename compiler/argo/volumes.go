package argo

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kfp-go/kfp-go/compiler/expr"
	"github.com/kfp-go/kfp-go/compiler/ir"
)

// volumes mounts what the settings ask for. A name that may be absent takes
// volume and mount with it, so both stand in the pod's patch.
func (p *pod) volumes(s *ir.Settings) {
	p.volumeNames = map[string]string{}
	for _, v := range s.Volumes {
		name, known := p.volumeNames[v.Name()]
		shared := known && (v.EmptyDir != nil || v.Ephemeral != nil)
		if !shared {
			name = p.volumeName(v)
		}
		if v.Name() != "" {
			p.volumeNames[v.Name()] = name
		}
		mount := corev1.VolumeMount{Name: name, MountPath: v.Path, SubPath: v.SubPath, ReadOnly: v.ReadOnly}
		if object := objectOf(v); p.absent[object] && v.Claim == nil {
			p.optionalVolume(v, object, mount)
			continue
		}
		if !shared {
			p.t.Volumes = append(p.t.Volumes, corev1.Volume{Name: name, VolumeSource: p.volumeSource(v)})
		}
		p.main.VolumeMounts = append(p.main.VolumeMounts, mount)
	}
	if s.SharedMemory != "" {
		p.t.Volumes = append(p.t.Volumes, corev1.Volume{Name: "shared-memory", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: p.size(s.SharedMemory, p.body.At)}}})
		p.main.VolumeMounts = append(p.main.VolumeMounts, corev1.VolumeMount{Name: "shared-memory", MountPath: "/dev/shm"})
	}
}

// volumeName is the author's name of a volume, unless the pod has other use for
// it.
func (p *pod) volumeName(v *ir.Volume) string {
	made := "volume-" + strconv.Itoa(len(p.t.Volumes)+len(p.patch.volumes))
	if v.EmptyDir == nil && v.Ephemeral == nil || v.Name() == "" {
		return made
	}
	switch name := v.Name(); name {
	case scratch, workspaceName, "shared-memory", "var-run-argo", "tmp-dir-argo", "input-artifacts":
		return made
	default:
		for _, x := range p.t.Volumes {
			if x.Name == name {
				return made
			}
		}
		return name
	}
}

// objectOf is the name of the object that is mounted, nil for other volumes.
func objectOf(v *ir.Volume) ir.Value {
	switch {
	case v.Secret != nil:
		return v.Secret
	case v.ConfigMap != nil:
		return v.ConfigMap
	}
	return v.Claim
}

func (p *pod) volumeSource(v *ir.Volume) (src corev1.VolumeSource) {
	switch {
	case v.Secret != nil:
		src.Secret = &corev1.SecretVolumeSource{SecretName: p.setting(v.Secret), Optional: v.Optional}
	case v.ConfigMap != nil:
		src.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: p.setting(v.ConfigMap)}, Optional: v.Optional}
	case v.Claim != nil:
		src.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: p.setting(v.Claim)}
	case v.EmptyDir != nil:
		src.EmptyDir = &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMedium(v.EmptyDir.Medium), SizeLimit: p.size(v.EmptyDir.SizeLimit, v.At)}
	case v.Ephemeral != nil:
		src.Ephemeral = p.ephemeral(v)
	case v.Other != nil:
		p.decode(&ir.Literal{V: v.Other, At: v.At}, &src, "volume")
	}
	return src
}

// optionalVolume mounts an object if its name is there.
func (p *pod) optionalVolume(v *ir.Volume, object ir.Value, m corev1.VolumeMount) {
	kind, field := "configMap", "name"
	if v.Secret != nil {
		kind, field = "secret", "secretName"
	}
	source := "'" + field + "': #"
	if v.Optional != nil {
		source += ", 'optional': " + strconv.FormatBool(*v.Optional)
	}
	p.patch.volumes = append(p.patch.volumes, p.present(object, "({'name': '"+m.Name+"', '"+kind+"': ({"+source+" }) })"))
	mount := "'name': '" + m.Name + "', 'mountPath': " + expr.ArgoString(m.MountPath)
	if m.SubPath != "" {
		mount += ", 'subPath': " + expr.ArgoString(m.SubPath)
	}
	if m.ReadOnly {
		mount += ", 'readOnly': true"
	}
	p.patch.mounts = append(p.patch.mounts, p.present(object, "({"+mount+" })"))
}

func (p *pod) ephemeral(v *ir.Volume) *corev1.EphemeralVolumeSource {
	e := v.Ephemeral
	spec := corev1.PersistentVolumeClaimSpec{}
	modes := e.AccessModes
	if len(modes) == 0 {
		modes = []string{"ReadWriteOnce"}
	}
	for _, m := range modes {
		spec.AccessModes = append(spec.AccessModes, corev1.PersistentVolumeAccessMode(m))
	}
	if q := p.size(e.Size, v.At); q != nil {
		spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *q}
	}
	spec.StorageClassName = e.StorageClass
	return &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{
		ObjectMeta: metav1.ObjectMeta{Labels: pairMap(e.Labels), Annotations: pairMap(e.Annotations)}, Spec: spec}}
}

func pairMap(list []ir.Pair) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, p := range list {
		out[p.Key] = p.Value
	}
	return out
}
