package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// answer finds what to do when the signal comes, given what the loop does where
// it hears it. It reports false where the sleep completes work that was begun.
func (f *deafFinder) answer() bool {
	tail := f.tail()
	if f.inCase() && !tail {
		return false // what follows belongs to what the case has received
	}
	if f.pause {
		f.Leave = Wakes
		return true
	}
	if !tail && !f.sameLocks() {
		return false
	}
	rest := f.until(f.heardIn.End())
	if len(f.reaction) == 1 && f.repeats(f.reaction[0]) {
		f.withhold(f.obliged(f.Sleep.Fn, rest))
		return true
	}
	if tail && f.atHead() {
		f.Leave = Wakes
		return true
	}
	if f.reaction == nil { // the loop's condition
		f.Leave, f.Loop = Breaks, f.loop
		f.withhold(f.obliged(f.Sleep.Fn, rest))
		return true
	}
	f.withhold("what is done on stop takes more than one statement")
	return true
}

func (f *deafFinder) withhold(reason string) {
	if f.Withheld == "" {
		f.Withheld = reason
	}
}

// until returns the statements that may follow the sleep up to a position.
func (f *deafFinder) until(end token.Pos) (list []ast.Stmt) {
	for st := range f.After(f.Sleep.Stmt) {
		if st.Pos() >= end {
			break
		}
		list = append(list, st)
	}
	return list
}

// tail reports whether the statements that follow the sleep in a round of its
// loop only change variables.
func (f *deafFinder) tail() bool {
	end := f.Sleep.Fn.Body.End()
	if f.loop != nil {
		end = f.loop.End()
	}
	tail := true
	for _, st := range f.until(end) {
		if br, ok := st.(*ast.BranchStmt); ok {
			return tail && br.Tok == token.CONTINUE && br.Label == nil
		}
		ast.Inspect(st, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				tail = tail && (f.Pkg.Info.Types.Of(n.Fun).IsType() || f.isBuiltin(n))
			case *ast.ReturnStmt:
				tail = tail && f.pause
			case *ast.BranchStmt, *ast.SendStmt, *ast.SelectStmt, *ast.GoStmt, *ast.DeferStmt, *ast.ForStmt, *ast.RangeStmt:
				tail = false
			}
			return tail
		})
	}
	return tail
}

// sameLocks reports whether the sleep holds the locks that are held where the
// signal is heard: the way out is the same then.
func (f *deafFinder) sameLocks() bool {
	locks := func(st ast.Stmt) map[types.Object]bool {
		out := make(map[types.Object]bool)
		for _, h := range f.held(f.Sleep.Fn, st) {
			out[h.lock] = true
		}
		return out
	}
	return maps.Equal(locks(f.Sleep.Stmt), locks(stmtOf(f.cursor(f.Heard))))
}

func (m *Model) isBuiltin(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	_, ok = m.Pkg.Info.Uses.Of(id).(*types.Builtin)
	return ok
}

// inCase reports whether the sleep is in a case of a select in its loop.
func (f *deafFinder) inCase() bool {
	for c := range f.Sleep.cur().Enclosing((*ast.CommClause)(nil), (*ast.ForStmt)(nil), (*ast.RangeStmt)(nil), (*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		clause, ok := c.Node().(*ast.CommClause)
		return ok && clause.Comm != nil
	}
	return false
}

// atHead reports whether a round of the innermost loop starts by looking at the
// signal.
func (f *deafFinder) atHead() bool {
	if f.loop == nil {
		return false
	}
	if st, ok := f.loop.(*ast.ForStmt); ok && st.Cond != nil && within(st.Cond, f.Heard) {
		return true
	}
	return within(LoopBody(f.loop).List[0], f.Heard)
}

// repeats makes the statement the answer, if it means the same at the sleep.
func (f *deafFinder) repeats(st ast.Stmt) bool {
	switch st := st.(type) {
	case *ast.ReturnStmt:
		if !f.visibleAt(st, f.Sleep.Stmt.Pos()) {
			return false
		}
		f.Leave, f.Repeat = Repeats, st
		return true
	case *ast.BranchStmt:
		if st.Tok != token.BREAK {
			return false
		}
		if st.Label != nil {
			if l := f.labeled(st.Label); l == nil || !within(l, f.Sleep.Stmt) {
				return false
			}
			f.Leave, f.Repeat = Repeats, st
			return true
		}
		loop := f.loopOf(f.cursor(st))
		if loop == nil || !within(loop, f.Sleep.Stmt) || f.breaksOther(st) {
			return false
		}
		f.Leave, f.Loop = Breaks, loop
		return true
	}
	return false
}

// breaksOther reports whether a break without a label leaves a switch or select
// instead of a loop.
func (f *deafFinder) breaksOther(st *ast.BranchStmt) bool {
	for c := range f.cursor(st).Enclosing((*ast.SwitchStmt)(nil), (*ast.TypeSwitchStmt)(nil), (*ast.SelectStmt)(nil), (*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		return LoopBody(c.Node().(ast.Stmt)) == nil
	}
	return false
}

// leave finds how the frame returns early, which it does for no signal yet. It
// reports false where it must not.
func (f *deafFinder) leave() bool {
	fn := f.Sleep.Fn
	if f.unbalanced(fn, f.Sleep.Stmt) {
		return false
	}
	f.Leave = Returns
	f.withhold(f.obliged(fn, f.until(fn.Body.End())))
	results := fn.Type.Results
	if results == nil || results.NumFields() == 0 {
		return true
	}
	var list []types.Type
	for _, field := range results.List {
		for range max(1, len(field.Names)) {
			t := f.Pkg.Info.TypeOf(field.Type)
			list = append(list, t)
			text := ZeroText(t, f.source(field.Type))
			if text == "" {
				f.withhold("what to return on stop cannot be told")
			}
			f.Results = append(f.Results, text)
		}
	}
	last := list[len(list)-1]
	if last == nil {
		return false
	}
	switch b, _ := last.Underlying().(*types.Basic); {
	case IsError(last) && !f.Context:
		f.withhold("no error tells that the signal has come")
	case IsError(last):
		f.Results[len(f.Results)-1] = "$ctx.Err()"
		if f.mixed() {
			f.withhold("what to return beside the error cannot be told")
		}
	case b == nil || b.Kind() != types.Bool || !f.returnsFalse():
		f.withhold("its results do not tell that the signal has come")
	}
	return true
}

// ZeroText returns the zero value of a type, whose source text is given; "" if
// that cannot be written as one.
func ZeroText(t types.Type, text string) string {
	if t == nil {
		return ""
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return ""
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return "false"
		case u.Info()&types.IsNumeric != 0:
			return "0"
		case u.Info()&types.IsString != 0:
			return `""`
		}
		return "nil"
	case *types.Struct, *types.Array:
		return text + "{}"
	}
	return "nil"
}

// returned returns the operands of the frame's return statements.
func (f *deafFinder) returned() (out [][]ast.Expr) {
	for _, op := range f.Sleep.Fn.Ops {
		if ret, ok := op.Node.(*ast.ReturnStmt); ok && op.Kind == Exit {
			out = append(out, ret.Results)
		}
	}
	return out
}

// mixed reports whether the frame returns something that is not zero along with
// an error.
func (f *deafFinder) mixed() bool {
	for _, results := range f.returned() {
		n := len(results)
		if n < 2 || f.Pkg.Info.Types.Of(results[n-1]).IsNil() {
			continue
		}
		for _, e := range results[:n-1] {
			if lit, ok := ast.Unparen(e).(*ast.CompositeLit); ok && len(lit.Elts) == 0 {
				continue
			}
			if !f.isZero(e) {
				return true
			}
		}
	}
	return false
}

// returnsFalse reports whether the frame returns false somewhere, with nothing
// else than zero values, and true elsewhere.
func (f *deafFinder) returnsFalse() bool {
	no, yes := false, false
	for _, results := range f.returned() {
		if len(results) == 0 {
			return false
		}
		last := f.Pkg.Info.Types.Of(results[len(results)-1]).Value
		switch {
		case last == nil:
		case last.ExactString() == "true":
			yes = true
		default:
			no = no || !slices.ContainsFunc(results, func(e ast.Expr) bool { return !f.isZero(e) })
		}
	}
	return no && yes
}
