// Package nilchan finds operations on channels that are never made.
package nilchan

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

// Rule makes the channel where it is declared, or where its struct is:
//
//	var done chan struct{}   =>   done := make(chan struct{})
//
// What blocked for ever, or panicked, is then an operation on a channel without
// room. Nothing else can see a difference: nobody compares the variable, and no
// select relies on its being nil but to have the case that the declaration
// promises.
var Rule = &refactor.Rule{Name: "nilchan", Doc: readme, Severity: refactor.Warning, Run: run, Prove: prove.Rewrite}

const title = "Make the channel"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, n := range chanflow.Of(pkg).NeverMade() {
		f := refactor.Finding{
			Span:    pkg.Span(n.Op.Node.Pos(), n.Op.Node.End()),
			Message: "this blocks for ever: the channel is nil, it is never made",
			Related: []refactor.Related{{Span: pkg.Span(n.Decl.Pos(), n.Decl.End()), Message: "declared here"}},
		}
		if loop, ok := n.Op.Node.(*ast.RangeStmt); ok {
			f.Span = pkg.Span(loop.Pos(), loop.X.End())
		}
		if n.Op.Kind == chanflow.Close {
			f.Message = "this panics: the channel is nil, it is never made"
		}
		if n.Withheld != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: n.Withheld}}
		} else {
			f.Fixes = []refactor.Fix{{
				Title: title, Safety: refactor.Review, Reason: "it gets no room",
				Make: func() ([]refactor.Edit, error) { return made(pkg, n) },
			}}
		}
		found = append(found, f)
	}
	return found
}

func made(pkg *refactor.Package, n *chanflow.NeverMade) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	name := n.Obj.Name()
	switch decl := n.Decl.(type) {
	case *ast.DeclStmt:
		if len(n.Spec.Names) == 1 && !decl.Decl.(*ast.GenDecl).Lparen.IsValid() {
			b.ReplaceNode(decl, name+" := make("+b.Text(n.Spec.Type)+")")
		} else {
			b.InsertAfter(decl, name+" = make("+b.Text(n.Spec.Type)+")")
		}
	case *ast.ValueSpec:
		if len(decl.Names) > 1 {
			return nil, errors.New("it is declared with others")
		}
		b.Replace(decl.Names[0].End(), decl.Type.End(), " = make("+b.Text(decl.Type)+")")
	case *ast.Field:
		if t, ok := decl.Type.(*ast.ChanType); !ok || t.Dir != ast.SEND|ast.RECV {
			return nil, errors.New("the other end of the channel is not in sight")
		}
		b.AddKey(n.Lit, name+": make("+b.Text(decl.Type)+")")
	}
	return b.Edits()
}
