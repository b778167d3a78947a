// Package chandir narrows channel types to the direction that is used.
package chandir

import (
	_ "embed"
	"errors"
	"go/ast"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule narrows the type of a parameter, result or field to what the package
// does with it:
//
//	func worker(jobs chan int)   =>   func worker(jobs <-chan int)
//
// A value of type chan T can be assigned to either directional type (Go spec,
// "Assignability"), so whoever hands the channel in is untouched; whatever the
// value goes to is directional already or is narrowed with it. No operation
// changes, and nobody looks at the type: where the value becomes an interface,
// a type argument or part of another type, the rule is silent.
var Rule = &refactor.Rule{Name: "chandir", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: prove.Unchanged}

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, n := range chanflow.Of(pkg).Narrowings() {
		found = append(found, finding(pkg, n))
	}
	return found
}

func finding(pkg *refactor.Package, n *chanflow.Narrowing) refactor.Finding {
	what, to, does := n.Var.Name(), "<-chan", " is only received from"
	if n.Dir == ast.SEND {
		to, does = "chan<-", " is only sent on or closed"
	}
	if n.Result != nil {
		if what == "" || what == "_" {
			what = "the result"
		}
		does = " of " + n.Result.Name() + does
	}
	if len(what+does) > 80 {
		what, does = "this channel", " is used in one direction only"
	}
	f := refactor.Finding{
		Span:    pkg.Span(n.At.Pos(), n.At.End()),
		Message: what + does + ": " + to + " would say so",
	}
	title := "Narrow " + what + " to " + to
	if n.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: n.Withheld}}
		return f
	}
	f.Fixes = []refactor.Fix{{Title: title, Make: func() ([]refactor.Edit, error) { return narrow(pkg, n) }}}
	return f
}

// narrow writes the arrows. Names that share their type with others are parted
// from them.
func narrow(pkg *refactor.Package, n *chanflow.Narrowing) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	chosen := make(map[*ast.ChanType]map[int]bool)
	var order []chanflow.ChanSlot
	for _, s := range n.Slots {
		if chosen[s.Type] == nil {
			chosen[s.Type] = make(map[int]bool)
			order = append(order, s)
		}
		chosen[s.Type][s.Name] = true
	}
	for _, s := range order {
		these := chosen[s.Type]
		last := max(len(s.Names)-1, 0)
		for i := range last {
			if these[i] == these[i+1] {
				continue
			}
			if b.HasComment(s.Names[i].Pos(), s.Type.End()) {
				return nil, errors.New("there is a comment between the names")
			}
			text := b.Text(s.Type)
			if these[i] {
				text = directed(n.Dir, text)
			}
			b.Insert(s.Names[i].End(), " "+text)
		}
		if !these[last] {
			continue
		}
		if n.Dir == ast.SEND {
			b.Insert(s.Type.Begin+arrow, "<-")
		} else {
			b.Insert(s.Type.Begin, "<-")
		}
	}
	return b.Edits()
}

const arrow = 4 // where that of a type for sending stands: behind "chan"

func directed(dir ast.ChanDir, typ string) string {
	if dir == ast.SEND {
		return typ[:arrow] + "<-" + typ[arrow:]
	}
	return "<-" + typ
}
