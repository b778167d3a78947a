package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"net"
	"slices"
	"strings"
)

// An OwnListener is a listener that a literal opens on the goroutine that then
// accepts from it, and that its parent could open as well:
//
//	ln, err := net.Listen("tcp", "localhost:0")
//	if err != nil {
//		t.Fatal(err)
//	}
//	addr = ln.Addr().String()
type OwnListener struct {
	Open  ast.Stmt   // the call of net.Listen
	Check ast.Stmt   // of its error, or nil if that is dropped
	Ends  bool       // the check ends the test or the program, wherever it stands
	Takes []ast.Stmt // assignments of what the listener tells, such as its address
	Names []string   // that the parent's scope gets: of the listener and, unless it is dropped, of the error
}

// ownListener returns the listener that the goroutine opens itself, if nothing
// else that it does before it accepts is looked at behind the sleep; else nil.
func (m *Model) ownListener(g *Guess) *OwnListener {
	if len(g.Spawns) != 1 || g.Via != nil || g.Spawns[0].Lit() == nil || g.Spawns[0].Loop() != g.Sleep.Loop() {
		return nil
	}
	sp := g.Spawns[0]
	prefix, rest := sp.Body.Split()
	first := slices.IndexFunc(prefix, func(st ast.Stmt) bool {
		_, deferred := st.(*ast.DeferStmt)
		return !deferred && !m.onlyLogs(st)
	})
	if first < 0 || len(rest) == 0 {
		return nil
	}
	own := &OwnListener{Open: prefix[first]}
	ln, err := m.opens(sp, own.Open)
	if ln == nil {
		return nil
	}
	own.Names = []string{ln.Name()}
	behind := prefix[first+1:]
	if err != nil {
		if len(behind) == 0 || !own.checkedBy(m, sp, behind[0], err) || m.Mentions(err, nodesOf(slices.Concat(behind[1:], rest))...) {
			return nil
		}
		own.Names = append(own.Names, err.Name())
		own.Check, behind = behind[0], behind[1:]
	}
	var others []ast.Stmt
	for _, st := range behind {
		if m.takesFrom(sp, st, ln) {
			own.Takes = append(own.Takes, st)
		} else {
			others = append(others, st)
		}
	}
	if e, _ := m.observed(sp, others, g); e != nil || !m.acceptsFrom(sp, rest[0], ln) || m.Assigned(ln) {
		return nil
	}
	return own
}

func nodesOf(list []ast.Stmt) []ast.Node {
	out := make([]ast.Node, len(list))
	for i, st := range list {
		out[i] = st
	}
	return out
}

// opens returns the listener and the error of ln, err := net.Listen(…), of
// which the parent knows the operands before it starts the goroutine; the error
// is nil if it is dropped.
func (m *Model) opens(sp *Spawn, st ast.Stmt) (ln, err types.Object) {
	a, ok := st.(*ast.AssignStmt)
	if !ok || a.Tok != token.DEFINE || len(a.Lhs) != 2 || len(a.Rhs) != 1 {
		return nil, nil
	}
	call, ok := ast.Unparen(a.Rhs[0]).(*ast.CallExpr)
	if !ok || fullName(m.Static(call)) != "net.Listen" {
		return nil, nil
	}
	for _, arg := range call.Args {
		known := true
		ast.Inspect(arg, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				known = false
			case *ast.Ident:
				obj := m.Pkg.Info.Uses.Of(n)
				known = known && obj != nil && !sp.Body.Owns(obj)
			}
			return known
		})
		if !known {
			return nil, nil
		}
	}
	ln, err = m.Pkg.Info.Defs.Of(a.Lhs[0].(*ast.Ident)), m.Pkg.Info.Defs.Of(a.Lhs[1].(*ast.Ident))
	if err != nil && err.Name() == "_" {
		err = nil
	}
	return ln, err
}

// checkedBy records the statement that checks the error, if it is one: a check
// that leaves, or an assertion that there is none.
func (own *OwnListener) checkedBy(m *Model, sp *Spawn, st ast.Stmt, err types.Object) bool {
	switch st := st.(type) {
	case *ast.IfStmt:
		b, ok := st.Cond.(*ast.BinaryExpr)
		if !ok || st.Init != nil || st.Else != nil || !m.failed(b) || m.Ref(b.X).Obj != err || len(st.Body.List) == 0 {
			return false
		}
		own.Ends = m.endsEverything(sp, st.Body.List[len(st.Body.List)-1])
		_, returns := st.Body.List[len(st.Body.List)-1].(*ast.ReturnStmt)
		return own.Ends || returns
	case *ast.ExprStmt:
		call, ok := st.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		own.Ends = len(call.Args) >= 2 && m.Ref(call.Args[1]).Obj == err && requires(m.Static(call))
		return own.Ends
	}
	return false
}

// requires reports whether f is require.NoError of an assertion library.
func requires(f *types.Func) bool {
	return f != nil && f.Pkg() != nil && f.Pkg().Name() == "require" && startsWith(f.Name(), "NoError")
}

// endsEverything reports whether a statement of the goroutine ends the test or the
// program.
func (m *Model) endsEverything(sp *Spawn, st ast.Stmt) bool {
	for op := range sp.Body.Within(st.Pos(), st.End()) {
		if e, ok := st.(*ast.ExprStmt); ok && op.Kind == Exit && op.Node == e.X && op.Exit != MayGoexit {
			return true
		}
	}
	return false
}

// takesFrom reports whether a statement sets a variable of the parent to what
// the listener tells, as in url = "http://" + ln.Addr().String(), or registers
// the listener's end with the test.
func (m *Model) takesFrom(sp *Spawn, st ast.Stmt, ln types.Object) bool {
	if e, ok := st.(*ast.ExprStmt); ok {
		call, ok := e.X.(*ast.CallExpr)
		return ok && fullName(m.Static(call)) == "(*testing.common).Cleanup" && m.Mentions(ln, call) && m.onlyOwns(sp, call, ln)
	}
	a, ok := st.(*ast.AssignStmt)
	if !ok || a.Tok != token.ASSIGN || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
		return false
	}
	root := m.Root(a.Lhs[0])
	if root == nil || sp.Body.Owns(root) {
		return false
	}
	plain := m.Mentions(ln, a.Rhs[0]) && m.onlyOwns(sp, a.Rhs[0], ln)
	ast.Inspect(a.Rhs[0], func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			f := m.Static(call)
			plain = plain && f != nil && (m.Root(call) == ln && len(call.Args) == 0 || f.Pkg() != nil && harmless(f))
		}
		return plain
	})
	return plain
}

// onlyOwns reports whether a node mentions no other variable of the goroutine.
func (m *Model) onlyOwns(sp *Spawn, n ast.Node, ln types.Object) bool {
	only := true
	ast.Inspect(n, func(inner ast.Node) bool {
		if id, ok := inner.(*ast.Ident); ok {
			obj := m.Pkg.Info.Uses.Of(id)
			only = only && (obj == nil || obj == ln || !sp.Body.Owns(obj) || within(n, nodeAt(obj.Pos())))
		}
		return only
	})
	return only
}

// acceptsFrom reports whether the statement of the goroutine accepts from the
// listener, or serves it.
func (m *Model) acceptsFrom(sp *Spawn, st ast.Stmt, ln types.Object) bool {
	for op := range sp.Body.Within(st.Pos(), st.End()) {
		if op.Kind != Serve {
			continue
		}
		if op.Ref.Obj == ln || m.listener(op.Node.(*ast.CallExpr)) == ln {
			return true
		}
	}
	return false
}

// guessOwnListener recognises a goroutine that listens at a fixed address, which
// the parent names after the sleep, and serves.
func (m *Model) guessOwnListener(g *Guess) bool {
	own := m.ownListener(g)
	if own == nil || m.soaks(g) {
		return false
	}
	args := ast.Unparen(own.Open.(*ast.AssignStmt).Rhs[0]).(*ast.CallExpr).Args
	value := m.Pkg.Info.Types.Of(args[len(args)-1]).Value
	if value == nil || value.Kind() != constant.String {
		return false
	}
	_, port, err := net.SplitHostPort(constant.StringVal(value))
	if err != nil || port == "" || port == "0" {
		return false
	}
	for st := range m.After(g.Sleep.Stmt) {
		named := false
		ast.Inspect(st, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if v := m.Pkg.Info.Types.Of(e).Value; v != nil && v.Kind() == constant.String {
					named = named || strings.Contains(constant.StringVal(v), ":"+port)
				}
			}
			return !named
		})
		if named {
			g.Event, g.Own = Listening, own
			return true
		}
	}
	return false
}
