// Package readyvalue lets the goroutine that tells that it has started send
// along what its parent reads next.
package readyvalue

import (
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/idiom"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule sends a value instead of setting a variable of the parent's before a
// signal:
//
//	var addr string                      ready := make(chan string, 1)
//	started := make(chan struct{})       go func() {
//	go func() {                              ln := listen()
//		ln := listen()                       ready <- ln.Addr().String()
//		addr = ln.Addr().String()    =>      serve(ln)
//		close(started)                   }()
//		serve(ln)                        addr := <-ready
//	}()
//	<-started
//
// The channel has room for the one value, so the goroutine does not wait, and
// the parent goes on when it did before. On an earlier way out the goroutine
// closes the channel as before, and the parent receives what the variable held
// then: zero. Nobody else, and the goroutine not again, uses the variable
// before the signal.
var Rule = &refactor.Rule{Name: "readyvalue", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: prove.Rewrite}

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, v := range chanflow.Of(pkg).StartValues() {
		found = append(found, finding(pkg, v))
	}
	return found
}

func finding(pkg *refactor.Package, v *chanflow.StartValue) refactor.Finding {
	name := v.Value.Name()
	if len(name) > 30 {
		name = "the variable"
	}
	f := refactor.Finding{
		Span:    pkg.Span(v.Wait.Node.Pos(), v.Wait.Node.End()),
		Message: "the goroutine could send " + name + " instead of sharing it",
		Related: []refactor.Related{{Span: pkg.Span(v.Write.Pos(), v.Write.End()), Message: "it is set here"}},
	}
	title := "Receive " + name + " through a ready channel"
	if v.Withheld != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: v.Withheld}}
		return f
	}
	reason := name + " is declared where it is received"
	if !v.Local {
		reason = name + " is set only where it is received"
	}
	f.Fixes = []refactor.Fix{{
		Title: title, Safety: refactor.Review, Reason: reason,
		Make: func() ([]refactor.Edit, error) { return send(pkg, v) },
	}}
	return f
}

func send(pkg *refactor.Package, v *chanflow.StartValue) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	name := idiom.Ready(b, v.Make.Fn, v.Var)
	b.ReplaceNode(v.Make.Node, "make(chan "+b.Text(v.Type)+", 1)")
	wait := v.Wait.Stmt()
	if v.Local {
		b.DeleteStmt(v.Decl)
		b.ReplaceNode(wait, v.Value.Name()+" := <-"+name)
	} else {
		b.ReplaceNode(wait, v.Value.Name()+" = <-"+name)
	}
	value := v.Value.Name()
	switch {
	case v.Next:
		value = b.Text(v.Write.Rhs[0])
		b.DeleteStmt(v.Write)
	case typed(pkg.Info, v.Write.Rhs[0]) && types.Identical(pkg.Info.TypeOf(v.Write.Rhs[0]), v.Value.Type()):
		b.Replace(v.Write.TokPos, v.Write.TokPos+token.Pos(len("=")), ":=")
	default:
		b.Insert(v.Write.Pos(), "var ")
		b.Insert(v.Write.Lhs[0].End(), " "+b.Text(v.Type))
	}
	signal := v.Close.Stmt()
	b.ReplaceNode(signal, name+" <- "+value)
	for _, id := range v.Idents() {
		if !within(wait, id) && !within(signal, id) {
			b.Replace(id.Pos(), id.End(), name)
		}
	}
	return b.Edits()
}

// typed reports whether an expression has a type of its own wherever it stands.
func typed(info *refactor.TypeInfo, e ast.Expr) bool {
	switch ast.Unparen(e).(type) {
	case *ast.CallExpr, *ast.Ident, *ast.SelectorExpr, *ast.CompositeLit:
		return info.Types.Of(e).Value == nil && !info.Types.Of(e).IsNil()
	}
	return false
}

func within(n ast.Node, id *ast.Ident) bool { return n.Pos() <= id.Pos() && id.End() <= n.End() }
