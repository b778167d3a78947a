package chanflow

import (
	"go/ast"
	"go/types"
)

// counted reports whether a case that receives counts that in the same variable
// as another case of its select, and the loop around them goes on from there:
// it ends when enough has come, from all channels together.
func (k *counter) counted(r *Op, other *ast.CommClause) bool {
	if r.Loop() == nil {
		return false
	}
	for _, c := range r.Select.Body.List {
		c := c.(*ast.CommClause)
		if c.Comm == nil || !covers(c.Comm, r.Node.Pos()) {
			continue
		}
		for _, st := range c.Body {
			n, ok := st.(*ast.IncDecStmt)
			if !ok {
				continue
			}
			if v := k.model.Ref(n.X).Obj; v != nil && k.model.countsIn(v, other.Body) {
				return true
			}
		}
	}
	return false
}

// countsIn reports whether one of the statements counts in the variable.
func (m *Model) countsIn(v types.Object, list []ast.Stmt) bool {
	for _, st := range list {
		if n, ok := st.(*ast.IncDecStmt); ok && m.Ref(n.X).Obj == v {
			return true
		}
	}
	return false
}
