package chanflow

import (
	"go/ast"
	"go/types"
)

// unbalanced reports whether an early return at a node would leave a lock locked, or
// unlock one that is not: the frame holds a lock without a deferred unlock, or
// the other way round.
func (m *Model) unbalanced(fn *Func, at ast.Node) bool {
	held := make(map[types.Object]bool)
	for _, op := range m.held(fn, at) {
		held[op.lock] = true
	}
	later := make(map[types.Object]bool)
	for _, op := range fn.Ops {
		if op.Deferred {
			for _, lock := range op.releases() {
				later[lock] = true
			}
		}
	}
	for lock := range held {
		if !later[lock] {
			return true
		}
	}
	for lock := range later {
		if !held[lock] {
			return true
		}
	}
	return false
}

// obliged returns why the statements must not be skipped: they release or
// confirm something.
func (m *Model) obliged(fn *Func, rest []ast.Stmt) string {
	for _, st := range rest {
		for op := range fn.Within(st.Pos(), st.End()) {
			switch op.Kind {
			case Close, Done, Unlock, RUnlock, Cancel, Send:
				if !op.Deferred {
					return "the code behind it has to run: it does a " + op.Kind.String()
				}
			}
		}
		reason := ""
		ast.Inspect(st, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt:
				return false
			case *ast.CallExpr:
				if sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok && isContext(m.Pkg.Info.TypeOf(sel.X)) {
					return true // ctx.Done tells, and ends nothing
				}
				if startsWith(calledName(n), "Close", "Stop", "Release", "Unlock", "Done", "Cleanup", "Shutdown", "Rollback", "Finish", "Remove", "close", "stop",
					"release", "unlock", "cleanup", "shutdown", "remove", "finish", "unsubscribe", "Unsubscribe") {
					reason = "the code behind it has to run: " + m.source(n.Fun)
				}
			}
			return reason == ""
		})
		if reason != "" {
			return reason
		}
	}
	return ""
}
