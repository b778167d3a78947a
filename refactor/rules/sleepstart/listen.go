package sleepstart

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"go/version"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

const listenTitle = "Listen before serving"

// listening offers to open the listener before the goroutine starts:
//
//	go srv.ListenAndServe()        ln, err := net.Listen("tcp", srv.Addr)
//	time.Sleep(d)                  if err != nil {
//	get(srv.Addr)              =>      return err
//	                               }
//	                               go srv.Serve(ln)
//	                               get(srv.Addr)
//
// ListenAndServe is defined as just that. A bound listener queues connections
// until Serve accepts them, so nobody has to wait; and the error of a port that
// is taken reaches the one who started the server.
func (s *site) listening() refactor.Finding {
	safety, reason := refactor.Review, "connections queue until they are accepted"
	if s.Bound {
		f := refactor.Finding{Message: s.Sleep.Name() + " is not needed: the listener is bound before the goroutine starts"}
		if title := "Remove " + s.Sleep.Name(); !s.Exclusive {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: "another goroutine may rely on the sleep"}}
		} else if s.announcedWait() {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: "the comment above it would speak of a wait that is not there"}}
		} else {
			f.Fixes = []refactor.Fix{{Title: title, Safety: safety, Reason: reason, Make: s.remove}}
		}
		return f
	}
	f := refactor.Finding{Message: s.Sleep.Name() + " only guesses that the server is listening"}
	if s.Own != nil {
		fix, reason := s.listenBefore()
		if reason != "" {
			f.Withheld = []refactor.Withheld{{Title: listenTitle, Reason: reason}}
			return f
		}
		f.Fixes = []refactor.Fix{fix}
		return f
	}
	if reason := s.unhoistable(); reason != "" {
		f.Withheld = []refactor.Withheld{{Title: listenTitle, Reason: reason}}
		return f
	}
	f.Fixes = []refactor.Fix{{Title: listenTitle, Safety: refactor.Review, Reason: "a failure to listen is handled by the parent", Make: s.hoist}}
	return f
}

// announcedWait reports whether a comment right above the sleep speaks of it.
func (s *site) announcedWait() bool {
	f := s.Sleep.Fn.File
	for _, group := range f.Syntax.Comments {
		if f.Tok.Line(group.End())+1 == f.Tok.Line(s.Sleep.Stmt.Pos()) && chanflow.SpeaksOfWait(group.Text()) {
			return true
		}
	}
	return false
}

// unhoistable returns why the listener cannot be opened by the parent.
func (s *site) unhoistable() string {
	sp := s.spawn()
	if !s.canFail(sp.Fn) {
		return sp.Fn.Name() + " has no way to report that it cannot listen"
	}
	if sp.Body != nil && sp.Lit() == nil {
		return "the server is started by " + sp.Body.Name()
	}
	if sp.Lit() != nil {
		for _, obj := range s.operands() {
			if sp.Body.Owns(obj) {
				return obj.Name() + " is only known inside the goroutine"
			}
		}
	}
	if addr := s.address(); addr != nil && hasCall(addr) {
		return "the address is computed inside the goroutine"
	}
	if sp.Loop() != nil && sp.Loop() != s.Sleep.Loop() {
		return "several servers are started"
	}
	return ""
}

// operands returns the variables that the parent needs for the listener.
func (s *site) operands() []types.Object {
	var out []types.Object
	e := s.address()
	if e == nil {
		e = ast.Unparen(s.Server.Fun).(*ast.SelectorExpr).X
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := s.pkg.Info.Uses.Of(id).(*types.Var); ok && !v.IsField() {
				out = append(out, v)
			}
		}
		return true
	})
	return out
}

// address returns the address argument of http.ListenAndServe, or nil if the
// address is that of an http.Server.
func (s *site) address() ast.Expr {
	if f := s.m.Static(s.Server); f.Signature().Recv() == nil {
		return s.Server.Args[0]
	}
	return nil
}

func hasCall(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if _, ok := n.(*ast.CallExpr); ok {
			found = true
		}
		return !found
	})
	return found
}

func (s *site) hoist() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	sp := s.spawn()
	at := sp.Stmt.Pos()
	ln, errName := b.Fresh(at, "ln", "listener"), s.errorName(b)
	failure, err := s.failure(b, sp.Fn, at, errName)
	if err != nil {
		return nil, err
	}
	tls := strings.HasSuffix(s.m.Static(s.Server).Name(), "TLS")
	addr, err := s.listenAddress(b, tls)
	if err != nil {
		return nil, err
	}
	s.dropSleep(b, sp.Stmt) // what is said of the wait is true of the listener
	b.InsertBefore(sp.Stmt, fmt.Sprintf("%s, %s := %s.Listen(\"tcp\", %s)\nif %s != nil {\n\t%s\n}",
		ln, errName, b.Import(at, "net"), addr, errName, failure))

	serve := "Serve"
	if tls {
		serve = "ServeTLS"
	}
	args := []string{ln}
	rest := s.Server.Args
	if s.address() != nil {
		rest = rest[1:]
		if tls { // (addr, cert, key, handler) becomes (ln, handler, cert, key)
			rest = []ast.Expr{rest[2], rest[0], rest[1]}
		}
	}
	for _, a := range rest {
		args = append(args, b.Text(a))
	}
	sel, ok := ast.Unparen(s.Server.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, errors.New("the call is not of the usual form")
	}
	b.ReplaceNode(s.Server, fmt.Sprintf("%s.%s(%s)", b.Text(sel.X), serve, strings.Join(args, ", ")))
	return b.Edits()
}

// listenAddress returns the expression for the address to listen on. An empty
// one means the protocol's port to ListenAndServe, but any port to net.Listen:
// unless it is known not to be empty, cmp.Or keeps that. It is not if the
// parent goes on to use it, as clients dial it: no URL has an empty host.
func (s *site) listenAddress(b *edit.Builder, tls bool) (string, error) {
	port := `":http"`
	if tls {
		port = `":https"`
	}
	sp := s.spawn()
	var text string
	var value constant.Value
	if e := s.address(); e != nil {
		text, value = b.Text(e), s.pkg.Info.Types.Of(e).Value
	} else {
		x := ast.Unparen(s.Server.Fun).(*ast.SelectorExpr).X
		text, value = b.Text(x)+".Addr", s.m.ServerAddress(x)
	}
	if value != nil && value.Kind() == constant.String {
		if constant.StringVal(value) == "" {
			return port, nil
		}
		return text, nil
	}
	if s.dialled() {
		return text, nil
	}
	if v := sp.Fn.File.GoVersion; v != "" && version.Compare(v, "go1.22") < 0 {
		return "", errors.New("the address may be empty, which cmp.Or of Go 1.22 would see to")
	}
	return fmt.Sprintf("%s.Or(%s, %s)", b.Import(sp.Stmt.Pos(), "cmp"), text, port), nil
}

// dialled reports whether the parent uses the address after the sleep.
func (s *site) dialled() bool {
	for st := range s.m.After(s.Sleep.Stmt) {
		if e := s.address(); e != nil {
			if obj := s.m.Ref(e).Obj; obj != nil && s.m.Mentions(obj, st) {
				return true
			}
			continue
		}
		server := s.m.Root(ast.Unparen(s.Server.Fun).(*ast.SelectorExpr).X)
		found := false
		ast.Inspect(st, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Addr" && s.m.Root(sel.X) == server {
				found = true
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// errorName returns a name for the error of net.Listen: err, unless the scope
// declares it further down and nothing else with it, where it would then be no
// new variable, or one around it does, which would be hidden.
func (s *site) errorName(b *edit.Builder) string {
	if s.mayDeclare("err") {
		return "err"
	}
	return b.Fresh(s.spawn().Stmt.Pos(), "listenErr")
}

// mayDeclare reports whether ln, name := … is right before the spawn for an
// error of that name.
func (s *site) mayDeclare(name string) bool {
	at := s.spawn().Stmt.Pos()
	scope := s.pkg.ScopeAt(at)
	if obj := scope.Lookup(name); obj != nil {
		return chanflow.IsError(obj.Type()) && (obj.Pos() < at || s.declaresMore(obj))
	}
	_, obj := scope.LookupParent(name, at)
	return obj == nil || obj.Parent() == s.pkg.Types.Scope() || obj.Parent() == types.Universe
}

// declaresMore reports whether a variable is declared by := along with others.
func (s *site) declaresMore(v types.Object) bool {
	more := false
	ast.Inspect(s.spawn().Fn.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE || !slices.ContainsFunc(a.Lhs, func(e ast.Expr) bool { return e.Pos() == v.Pos() }) {
			return true
		}
		for _, e := range a.Lhs {
			id, ok := e.(*ast.Ident)
			more = more || ok && id.Name != "_" && id.Pos() != v.Pos() && s.pkg.Info.Defs.Of(id) != nil
		}
		return false
	})
	return more
}
