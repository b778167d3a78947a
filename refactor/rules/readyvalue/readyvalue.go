// Package readyvalue finds …
package readyvalue

import (
	_ "embed"

	"handshake/refactor"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule is the rule.
var Rule = &refactor.Rule{Name: "readyvalue", Doc: readme, Severity: refactor.Info, Preview: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	return nil
}
