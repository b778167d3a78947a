// Package analyzers gives drivers of [analysis] what handshake finds: go vet,
// nogo, golangci-lint, or a multichecker of one's own. Through this door only safe
// fixes leave, and .handshake.json is not read: such drivers keep results, and
// would not notice when it changes.
package analyzers

import (
	"slices"

	"golang.org/x/tools/go/analysis"

	"handshake/refactor"
	"handshake/refactor/rules"
)

// Analyzer reports what all rules find that are neither previews nor hints nor
// refactorings on demand: for drivers, such as nogo, that take one analyzer from
// each package. The category of a diagnostic is the name of the rule.
var Analyzer = refactor.Analyzer("handshake", "Report guessed synchronisation: sleeps that wait for goroutines, missing stop confirmations, abandoned replies.", Rules())

// All returns an analyzer for each of these rules, by name.
func All() []*analysis.Analyzer { return refactor.Analyzers(Rules()) }

// Rules returns the rules that run where none is named.
func Rules() []*refactor.Rule {
	return slices.DeleteFunc(rules.All(), func(r *refactor.Rule) bool { return !r.Batched() })
}
