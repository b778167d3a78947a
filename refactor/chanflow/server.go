package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// guessListening recognises servers: net/http's that open their listener
// themselves, and any Serve that is handed a listener.
func (m *Model) guessListening(g *Guess) bool {
	if len(g.Spawns) != 1 || m.soaks(g) {
		return false
	}
	sp := g.Spawns[0]
	if m.acceptsFirst(g, sp) || m.servesHanded(g, sp) {
		return true
	}
	call, first := m.serveCall(sp)
	if call == nil || !first {
		return false
	}
	f := m.Static(call)
	if f == nil {
		return false
	}
	switch f.FullName() {
	case "net/http.ListenAndServe", "net/http.ListenAndServeTLS",
		"(*net/http.Server).ListenAndServe", "(*net/http.Server).ListenAndServeTLS":
		g.Event, g.Server = Listening, call
		return true
	}
	if (f.Name() == "Serve" || f.Name() == "ServeTLS") && len(call.Args) > 0 {
		if ln := m.listener(call); ln != nil && !sp.ownsListener(ln) && m.connects(g, ln) {
			g.Event, g.Server, g.Bound = Listening, call, true
			return true
		}
	}
	return false
}

// acceptsFirst recognises a goroutine that does nothing before it accepts from
// a listener that was bound before, and whose address the parent goes on to
// use: connections queue.
func (m *Model) acceptsFirst(g *Guess, sp *Spawn) bool {
	if sp.Body == nil || g.Via != nil {
		return false
	}
	prefix, rest := sp.Body.Split()
	if len(rest) == 0 {
		return false
	}
	for _, s := range prefix {
		if _, deferred := s.(*ast.DeferStmt); !deferred && !m.onlyLogs(s) {
			return false
		}
	}
	for op := range sp.Body.Within(rest[0].Pos(), rest[0].End()) {
		if op.Kind != Serve {
			return false
		}
		call := op.Node.(*ast.CallExpr)
		if f := m.Static(call); f == nil || !strings.HasPrefix(f.Name(), "Accept") || len(call.Args) > 0 {
			return false
		}
		ln := sp.Outside(op.Ref).Base
		if ln == nil || op.Ref.Obj != op.Ref.Base {
			return false
		}
		for st := range m.After(g.Sleep.Stmt) {
			if m.Mentions(ln, st) {
				g.Event, g.Server, g.Bound = Listening, call, true
				return true
			}
		}
		return false
	}
	return false
}

// serveCall returns the serving call of a goroutine: the spawned call itself,
// or the one in the first statement of its body that does anything but log.
func (m *Model) serveCall(sp *Spawn) (call *ast.CallExpr, first bool) {
	if sp.Body == nil {
		if sp.Kind == GoStmt {
			return sp.Call, true
		}
		return nil, false
	}
	for _, op := range sp.Body.Ops {
		if op.Kind == Serve {
			call = op.Node.(*ast.CallExpr)
			break
		}
	}
	if call == nil {
		return nil, false
	}
	for _, s := range sp.Body.Body.List {
		if s.Pos() <= call.Pos() && call.End() <= s.End() {
			return call, true
		}
		if _, ok := s.(*ast.DeferStmt); !ok && !m.onlyLogs(s) {
			return call, false
		}
	}
	return call, false
}

func (m *Model) onlyLogs(s ast.Stmt) bool {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	f := m.Static(call)
	return f != nil && f.Pkg() != nil && harmless(f)
}

// listener returns the variable or field that is passed to a Serve call as its
// listener, or nil.
func (m *Model) listener(call *ast.CallExpr) types.Object {
	for _, arg := range call.Args {
		t := m.Pkg.Info.TypeOf(arg)
		if t == nil || !types.IsInterface(t) && !hasMethod(t, "Accept") {
			continue
		}
		if !hasMethod(t, "Accept") {
			continue
		}
		if obj := m.Ref(arg).Base; obj != nil {
			return obj
		}
	}
	return nil
}

func hasMethod(t types.Type, name string) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	_, ok := obj.(*types.Func)
	return ok
}

// ownsListener reports whether the listener is made inside the goroutine.
func (sp *Spawn) ownsListener(ln types.Object) bool {
	if sp.Body == nil || !sp.Body.Owns(ln) {
		return false
	}
	return sp.Outside(Ref{Obj: ln, Base: ln}).Obj == nil
}

// ServerAddress returns the address that the http.Server in a variable was
// given where it was made in this package, if that is one constant; else nil.
func (m *Model) ServerAddress(server ast.Expr) constant.Value {
	obj := m.Ref(server).Obj
	var lit *ast.CompositeLit
	for _, n := range m.stores {
		as, ok := n.(*ast.AssignStmt)
		if !ok {
			continue
		}
		for _, lhs := range as.Lhs {
			if sel, ok := lhs.(*ast.SelectorExpr); ok && sel.Sel.Name == "Addr" && isNamed(m.Pkg.Info.TypeOf(sel.X), "net/http", "Server") {
				return nil // given later
			}
		}
	}
	for _, n := range m.stores {
		n, ok := n.(*ast.CompositeLit)
		if !ok || !isNamed(m.Pkg.Info.TypeOf(n), "net/http", "Server") {
			continue
		}
		cur := m.cursor(n)
		if u, ok := cur.Parent().Node().(*ast.UnaryExpr); ok && u.Op == token.AND {
			cur = cur.Parent()
		}
		b := builder{Model: m}
		if obj != nil && b.target(cur).Obj == obj {
			if lit != nil {
				return nil
			}
			lit = n
		}
	}
	if lit == nil {
		return nil
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok && id.Name == "Addr" {
				return m.Pkg.Info.Types.Of(kv.Value).Value
			}
		}
	}
	return nil
}
