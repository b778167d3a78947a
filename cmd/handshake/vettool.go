package main

import (
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"handshake/refactor/analyzers"
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
	unitchecker.Main(analyzers.All()...)
}
