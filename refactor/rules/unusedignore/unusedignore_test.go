package unusedignore

import (
	"slices"
	"testing"

	"handshake/refactor"
	"handshake/refactor/rules/replybuf"
	"handshake/refactor/rules/ruletest"
	"handshake/refactor/rules/sleepstart"
)

// The rule is tested beside others, as it is used.
func Test(t *testing.T) {
	rule := *Rule
	rule.Audit = func(pkg *refactor.Package, _ []refactor.Directive) []refactor.Finding {
		found, _ := refactor.Analyze(pkg, []*refactor.Rule{replybuf.Rule, sleepstart.Rule, Rule})
		return slices.DeleteFunc(found, func(f refactor.Finding) bool { return f.Rule != Rule })
	}
	ruletest.Run(t, &rule)
}
