// Package golangci makes handshake a linter of golangci-lint v2, as one of its
// module plugins (https://golangci-lint.run/docs/plugins/module-plugins). Settings:
// "rules", a list of the rules to run in the place of those that run by default.
package golangci

import (
	"fmt"
	"slices"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"handshake/refactor"
	"handshake/refactor/analyzers"
	"handshake/refactor/rules"
)

func init() { register.Plugin("handshake", newPlugin) }

type settings struct {
	Rules []string `json:"rules"`
}

type plugin struct{ rules []*refactor.Rule }

// newPlugin returns the plugin with the settings that .golangci.yml has for it.
func newPlugin(raw any) (register.LinterPlugin, error) {
	set, err := register.DecodeSettings[settings](raw)
	if err != nil {
		return nil, err
	}
	if len(set.Rules) == 0 {
		return plugin{analyzers.Rules()}, nil
	}
	var p plugin
	for _, name := range set.Rules {
		i := slices.IndexFunc(rules.All(), func(r *refactor.Rule) bool { return r.Name == name && !r.OnDemand })
		if i < 0 {
			return nil, fmt.Errorf("handshake has no rule %q", name)
		}
		p.rules = append(p.rules, rules.All()[i])
	}
	return p, nil
}

// BuildAnalyzers returns the analyzers without the places that explain a finding:
// golangci-lint would report each as an issue of its own.
func (p plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	all := refactor.Analyzers(p.rules)
	for _, a := range all {
		run := a.Run
		a.Run = func(pass *analysis.Pass) (any, error) {
			quiet := *pass
			quiet.Report = func(d analysis.Diagnostic) {
				d.Related = nil
				pass.Report(d)
			}
			return run(&quiet)
		}
	}
	return all, nil
}

func (p plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
