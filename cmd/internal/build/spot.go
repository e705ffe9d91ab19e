package build

import (
	"github.com/kfp-go/kfp-go/cmd/internal/config"
	"github.com/kfp-go/kfp-go/compiler/argo"
)

func spotRules(c *config.Config) []argo.SpotRule {
	return nil
}
