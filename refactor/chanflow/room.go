package chanflow

import (
	"go/ast"
	"go/types"
)

// MayFill returns the first operation among the statements by which the frame,
// or a function of the package that it calls, sends on a channel with a buffer
// that may be full, or nil. Such a send blocks although it is not resident: it
// was taken to find room.
func (f *Func) MayFill(stmts []ast.Stmt) *Op {
	if len(stmts) == 0 {
		return nil
	}
	for op := range f.Within(stmts[0].Pos(), stmts[len(stmts)-1].End()) {
		switch {
		case op.Kind == Send && (op.Select == nil || !hasDefault(op.Select)) && !f.model.holdsAll(op.Ref.Obj):
			return op
		case op.Kind == Call && op.Callee != nil:
			for e := range op.Callee.Effects() {
				if e.Kind == Send && !f.model.holdsAll(op.Callee.translate(e.Obj, op)) {
					return op
				}
			}
		}
	}
	return nil
}

// holdsAll reports whether the channel of the variable or field is known to have
// room for all that is ever sent on it.
func (m *Model) holdsAll(obj types.Object) bool {
	var mk *Op
	for _, op := range m.OpsOn(obj) {
		if op.Kind == Make {
			if mk != nil {
				return false // which of them is it?
			}
			mk = op
		}
	}
	if mk == nil {
		return false
	}
	size, known := m.MakeCap(mk.Node.(*ast.CallExpr))
	most, ok := m.Chan(mk).MostSends()
	return known && ok && most.Fits(size)
}

// DefersWait reports whether a deferred call of the frame may wait for something.
func (f *Func) DefersWait() bool {
	for _, op := range f.Ops {
		if !op.Deferred {
			continue
		}
		switch op.Kind {
		case Send, Recv, Wait, Lock, RLock, Select, Serve:
			return true
		case Call:
			if op.Callee == nil || op.Callee.MayStay() {
				return true
			}
		}
	}
	return false
}
