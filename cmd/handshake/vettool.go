package main

import (
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"handshake/refactor"
	"handshake/refactor/rules"
)

// isVetTool reports whether the go command speaks to us: it asks for the
// version and the flags of a vet tool, and then names one package's
// configuration after its flags.
func isVetTool(args []string) bool {
	if len(args) == 0 {
		return false
	}
	last := args[len(args)-1]
	return args[0] == "-V=full" || args[0] == "-flags" || strings.HasSuffix(last, ".cfg")
}

// vetTool runs as a vet tool; it does not return.
func vetTool() {
	batched := slices.DeleteFunc(rules.All(), func(r *refactor.Rule) bool { return !r.Batched() })
	unitchecker.Main(refactor.Analyzers(batched)...)
}
