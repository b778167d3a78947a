// Package synctest moves tests that wait for the clock into a bubble of
// testing/synctest.
package synctest

import (
	_ "embed"

	"handshake/refactor"
	"handshake/refactor/bubble"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule offers to move a test into a bubble:
//
//	func TestX(t *testing.T) { … }   =>   func TestX(t *testing.T) { synctest.Test(t, func(t *testing.T) { … }) }
//
// What makes that sound, and what is withheld, is told in package bubble.
var Rule = &refactor.Rule{Name: "synctest", Doc: readme, Severity: refactor.Hint, OnDemand: true, ByTest: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	var out []refactor.Finding
	for _, t := range bubble.Tests(pkg) {
		out = append(out, t.Finding())
	}
	return out
}
