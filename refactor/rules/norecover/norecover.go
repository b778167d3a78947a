// Package norecover finds calls of recover that recover nothing, and recovered
// panics that leave somebody waiting.
package norecover

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

// Rule moves recover into a deferred function, and the signal that a recovered
// panic skips into a defer statement:
//
//	defer recover()   =>   defer func() { _ = recover() }()
//
// It changes what happens in a panic, and nothing else: recover returns nil
// otherwise.
var Rule = &refactor.Rule{Name: "norecover", Doc: readme, Severity: refactor.Warning, Run: run, Prove: prove.Rewrite}

const title = "Recover in a deferred function"

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var found []refactor.Finding
	for _, v := range m.VainRecovers() {
		found = append(found, vain(pkg, v))
	}
	for _, c := range m.Completions() {
		if c.Call != nil && len(c.Ends)+len(c.Rets) == 0 && len(c.Wait) > 0 && !c.Data {
			found = append(found, stranded(pkg, c))
		}
	}
	return found
}

func vain(pkg *refactor.Package, v chanflow.VainRecover) refactor.Finding {
	f := refactor.Finding{Span: pkg.Span(v.Call.Pos(), v.Call.End())}
	fix := refactor.Fix{Title: title, Safety: refactor.Review, Reason: "a panic no longer ends the program"}
	switch v.How {
	case chanflow.Deferred:
		f.Message = "this recovers nothing: recover must be called by the deferred function"
		fix.Make = func() ([]refactor.Edit, error) {
			b := edit.New(pkg)
			b.ReplaceNode(v.Call, "func() { _ = recover() }()")
			return b.Edits()
		}
	case chanflow.Argument:
		f.Message = "this recovers nothing: recover is called here and now, only the rest is deferred"
		fix.Make = func() ([]refactor.Edit, error) { return delay(pkg, v) }
	case chanflow.Called:
		f.Message = "this recovers nothing: the function that calls recover is called, not deferred"
		if v.Defer == nil {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: "which function should recover is not clear"}}
			return f
		}
		f.Related = []refactor.Related{{Span: pkg.Span(v.Defer.Pos(), v.Defer.End()), Message: "only this function is deferred"}}
		fix.Make = func() ([]refactor.Edit, error) { return direct(pkg, v.Defer) }
	}
	f.Fixes = []refactor.Fix{fix}
	return f
}

// delay moves a deferred call into a function that recovers. What else is passed
// must be the same later: only constants are. Without a panic there is nothing to
// tell: the call was made then, with nil, which nobody can have meant.
func delay(pkg *refactor.Package, v chanflow.VainRecover) ([]refactor.Edit, error) {
	call := v.Defer.Call
	b := edit.New(pkg)
	name := b.Fresh(call.Pos(), "r", "recovered")
	code := b.Text(call.Fun) + "("
	for i, arg := range call.Args {
		if i > 0 {
			code += ", "
		}
		switch {
		case ast.Unparen(arg) == v.Call:
			code += name
		case pkg.Info.Types.Of(arg).Value != nil:
			code += b.Text(arg)
		default:
			return nil, errors.New("another argument may have changed by then")
		}
	}
	if call.Ellipsis.IsValid() {
		return nil, errors.New("it is called with a list of arguments")
	}
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
	case *ast.SelectorExpr:
		if pkg.Info.Selections.Of(fun) != nil {
			return nil, errors.New("what the method belongs to may have changed by then")
		}
	default:
		return nil, errors.New("the function may be another one by then")
	}
	b.ReplaceNode(call, "func() {\n\tif "+name+" := recover(); "+name+" != nil {\n\t\t"+code+")\n\t}\n}()")
	return b.Edits()
}

// direct defers the function itself, without the literal around its call. A
// call with arguments would evaluate them earlier.
func direct(pkg *refactor.Package, d *ast.DeferStmt) ([]refactor.Edit, error) {
	only := d.Call.Fun.(*ast.FuncLit).Body.List[0].(*ast.ExprStmt).X.(*ast.CallExpr)
	if len(only.Args) > 0 {
		return nil, errors.New("its arguments would be evaluated before the panic")
	}
	b := edit.New(pkg)
	b.ReplaceNode(d.Call, b.Text(only))
	return b.Edits()
}

// stranded reports a completion signal that a recovered panic skips.
func stranded(pkg *refactor.Package, c *chanflow.Completion) refactor.Finding {
	title, what := "Defer close of done channel", "close"
	if c.Op.Kind == chanflow.Done {
		title, what = "Defer Done of WaitGroup", "Done"
	}
	f := refactor.Finding{
		Span:    pkg.Span(c.Op.Node.Pos(), c.Op.Node.End()),
		Message: "a panic that is recovered skips this " + what + ": whoever waits for it then waits for ever",
		Related: []refactor.Related{
			{Span: pkg.Span(c.Call.Pos(), c.Call.End()), Message: "may panic"},
			{Span: pkg.Span(c.Wait[0].Node.Pos(), c.Wait[0].Node.End()), Message: "waits for it"},
		},
	}
	if c.Blocks() || c.Body.DefersWait() {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: "another deferred call may wait, and would do so before it"}}
		return f
	}
	f.Fixes = []refactor.Fix{{
		Title: title, Safety: refactor.Review, Reason: "a recovered panic then releases the waiter",
		Make: func() ([]refactor.Edit, error) { return deferred(pkg, c) },
	}}
	return f
}

// deferred puts the signal into the first defer statement of the body, which runs
// last: what the recovering function leaves behind is there for the waiter.
func deferred(pkg *refactor.Package, c *chanflow.Completion) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	b.InsertFirst(c.Body.Body, "defer "+b.Text(c.Op.Node))
	for _, op := range c.All {
		stmt, ok := op.Stmt().(*ast.ExprStmt)
		if !ok {
			return nil, errors.New("it is part of a larger statement")
		}
		b.DeleteStmt(stmt)
	}
	return b.Edits()
}
