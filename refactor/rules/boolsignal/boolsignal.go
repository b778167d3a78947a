// Package boolsignal finds channels of values that nobody reads.
package boolsignal

import (
	_ "embed"
	"errors"
	"go/ast"
	"go/types"
	"regexp"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

//go:embed README.md
var readme string

// Rule makes a channel one of struct{} that carries events only:
//
//	done := make(chan bool)   =>   done := make(chan struct{})
//	done <- true              =>   done <- struct{}{}
//
// Every variable, parameter, field and result that holds the channel is in
// sight and changes with it, and no receiver looks at what comes. What is sent
// are constants: nothing is evaluated that is not any more.
var Rule = &refactor.Rule{Name: "boolsignal", Doc: readme, Severity: refactor.Hint, Run: run, Prove: same}

const title = "Change to chan struct{}"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, e := range chanflow.Of(pkg).EventChans() {
		what := "values"
		if b, ok := e.Elem.(*types.Basic); ok && len(b.Name()) < 10 {
			what = b.Name() + "s"
		}
		f := refactor.Finding{
			Span:    pkg.Span(e.Type.Pos(), e.Type.End()),
			Message: "nobody reads the " + what + " in this channel: chan struct{} says that it only signals",
		}
		if len(e.Sends) > 0 {
			f.Related = []refactor.Related{{Span: pkg.Span(e.Sends[0].Pos(), e.Sends[0].End()), Message: "sent, but never read"}}
		}
		if e.Withheld == "" && told(pkg, e) {
			e.Withheld = "a comment speaks of what is sent"
		}
		if e.Withheld != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: e.Withheld}}
		} else {
			f.Fixes = []refactor.Fix{{Title: title, Make: func() ([]refactor.Edit, error) {
				b := edit.New(pkg)
				for _, t := range e.Types {
					b.ReplaceNode(t.Value, "struct{}")
				}
				for _, s := range e.Sends {
					b.ReplaceNode(s.Value, "struct{}{}")
				}
				return b.Edits()
			}}}
		}
		found = append(found, f)
	}
	return found
}

// told reports whether a comment at a place that would change names the type or,
// of a boolean, a value: it would not be true any more.
func told(pkg *refactor.Package, e *chanflow.EventChan) bool {
	b, ok := e.Elem.(*types.Basic)
	if !ok {
		return false
	}
	words := regexp.QuoteMeta(b.Name())
	if b.Info()&types.IsBoolean != 0 {
		words += "|true|false"
	}
	named := regexp.MustCompile(`\b(` + words + `)\b`)
	at := func(n ast.Node) bool { return named.MatchString(pkg.FileOf(n.Pos()).CommentsAt(n)) }
	return slices.ContainsFunc(e.Types, func(t *ast.ChanType) bool { return at(t) }) ||
		slices.ContainsFunc(e.Sends, func(s *ast.SendStmt) bool { return at(s) })
}

// same proves that the package does as before what synchronises: each function
// performs the same operations, in the same order and under the same
// circumstances. The state machine would take each send for a new one.
func same(before, after *refactor.Package, _ []refactor.Edit) error {
	was := frames(before)
	for name, list := range frames(after) { // perhaps only of the declarations that change
		if len(list) != len(was[name]) {
			return errors.New("the functions are not the same")
		}
		for i, f := range was[name] {
			if !slices.EqualFunc(f.Ops, list[i].Ops, alike) || len(f.Spawns) != len(list[i].Spawns) {
				return errors.New("other operations would wait")
			}
		}
	}
	return nil
}

// frames returns the frames of each declaration, by its name.
func frames(pkg *refactor.Package) map[string][]*chanflow.Func {
	out := make(map[string][]*chanflow.Func)
	for _, f := range chanflow.Of(pkg).Funcs {
		out[f.Top().Name()] = append(out[f.Top().Name()], f)
	}
	return out
}

func alike(a, b *chanflow.Op) bool {
	return a.Kind == b.Kind && a.Exit == b.Exit && a.Deferred == b.Deferred && a.Range == b.Range && (a.Select == nil) == (b.Select == nil)
}
