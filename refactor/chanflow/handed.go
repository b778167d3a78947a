package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// servesHanded recognises a server of another package whose constructor got a
// bound listener, to which the parent goes on to connect:
//
//	h := server.New(server.WithListener(ln))
//	go h.Spin()
//	time.Sleep(d)
//	http.Get("http://" + ln.Addr().String())
//
// Whatever the server does before it accepts, connections queue.
func (m *Model) servesHanded(g *Guess, sp *Spawn) bool {
	if sp.Fn != g.Sleep.Fn || sp.Kind != GoStmt {
		return false
	}
	call := sp.Call
	if sp.Body != nil {
		if call = m.firstCall(sp); call == nil {
			return false
		}
	}
	f := m.Static(call)
	if f == nil || f.Signature().Recv() == nil || f.Pkg() == m.Pkg.Types || !startsWith(f.Name(), "Serve", "ListenAndServe", "Listen", "Run", "Start", "Spin", "Loop") {
		return false
	}
	server := m.receiverOf(sp, call)
	if server == nil || m.Assigned(server) {
		return false
	}
	for st := range m.Before(sp.Stmt) {
		as, ok := st.(*ast.AssignStmt)
		if !ok || as.Tok != token.DEFINE || len(as.Rhs) != 1 || !slices.ContainsFunc(as.Lhs, func(e ast.Expr) bool { return m.Ref(e).Obj == server }) {
			continue
		}
		if ln := m.listenerIn(as.Rhs[0]); ln != nil && !m.Assigned(ln) && m.usesListener(g.Sleep, ln) {
			g.Event, g.Server, g.Bound = Listening, call, true
			return true
		}
		return false
	}
	return false
}

// listenerIn returns the one listener, a local variable, that a call mentions.
func (m *Model) listenerIn(e ast.Expr) (ln types.Object) {
	several := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			v, ok := m.Pkg.Info.Uses.Of(id).(*types.Var)
			if ok && !v.IsField() && v.Parent() != m.Pkg.Types.Scope() && hasMethod(v.Type(), "Accept") {
				several = several || ln != nil && ln != types.Object(v)
				ln = v
			}
		}
		return true
	})
	if several {
		return nil
	}
	return ln
}

// usesListener reports whether the code behind the sleep mentions the listener,
// or a variable that was made from it, and not only to close it.
func (m *Model) usesListener(s *Sleep, ln types.Object) bool {
	vars := map[types.Object]bool{ln: true}
	for st := range m.Before(s.Stmt) {
		if as, ok := st.(*ast.AssignStmt); ok && as.Tok == token.DEFINE && len(as.Rhs) == 1 && m.Mentions(ln, as.Rhs[0]) {
			for _, lhs := range as.Lhs {
				if v, ok := m.Ref(lhs).Obj.(*types.Var); ok && isCopied(v) { // its address
					vars[v] = true
				}
			}
		}
		if m.closesListener(st, ln) {
			return false
		}
	}
	for st := range m.After(s.Stmt) {
		if m.closesListener(st, ln) {
			return false
		}
		if _, deferred := st.(*ast.DeferStmt); !deferred && m.mentionsAny(vars, st) {
			return true
		}
	}
	return false
}

// closesListener reports whether a statement is ln.Close().
func (m *Model) closesListener(st ast.Stmt, ln types.Object) bool {
	x, ok := st.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := ast.Unparen(x.X).(*ast.CallExpr)
	return ok && calledName(call) == "Close" && m.Root(call.Fun) == ln
}
