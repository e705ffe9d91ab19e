package local

import (
	"errors"
	"fmt"

	"github.com/kfp-go/kfp-go/compiler/ir"
)

// objectName is the name of a Secret or ConfigMap; an absent one takes its entry
// with it.
func objectName(s *scope, v ir.Value) (name string, there bool, err error) {
	x, err := s.eval(v)
	if err != nil || x == nil {
		return "", false, err
	}
	name = ir.Text(plain(x))
	if name == "" {
		return "", false, errors.New("the name of a secret or config map is empty")
	}
	return name, true, nil
}

// objects evaluates the names of things that only a cluster has, for a task that
// fails there because of them fails here too.
func (in *instance) objects(s *ir.Settings) error {
	names := append([]ir.Value(nil), s.ImagePullSecrets...)
	for _, v := range s.Volumes {
		names = append(names, v.Secret, v.ConfigMap)
		if v.Claim == nil {
			continue
		}
		if _, there, err := objectName(in.scope, v.Claim); err != nil || !there {
			return fmt.Errorf("the name of the claim at %s is empty or absent", v.Path)
		}
	}
	for _, v := range names {
		if _, _, err := objectName(in.scope, v); err != nil {
			return err
		}
	}
	return in.kinds(s)
}

// kinds evaluates what has to be a struct.
func (in *instance) kinds(s *ir.Settings) error {
	must := func(what string, v ir.Value, lists bool) error {
		x, err := in.scope.eval(v)
		if err != nil {
			return err
		}
		switch plain(x).(type) {
		case nil, map[string]any:
			return nil
		case []any:
			if lists {
				return nil
			}
		}
		return fmt.Errorf("%s must be a struct", what)
	}
	for _, v := range s.Affinity {
		if err := must("an affinity", v, false); err != nil {
			return err
		}
	}
	for _, v := range s.Tolerations {
		if err := must("a toleration", v, true); err != nil {
			return err
		}
	}
	if err := must("a node selector", s.NodeSelectorFrom, false); err != nil {
		return err
	}
	return must("a security context", s.SecurityContext, false)
}
