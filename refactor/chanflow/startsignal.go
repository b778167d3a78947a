package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A StartSignal is the handshake by which a goroutine tells its parent that it
// has set up:
//
//	started := make(chan struct{})
//	go func() { …; close(started); … }()
//	<-started
//
// The body of the goroutine is a literal, or a function that gets the channel
// as a parameter and is called nowhere else.
type StartSignal struct {
	Make  *Op
	Var   types.Object // of the parent
	Param types.Object // of the body, if it is passed, or nil
	Spawn *Spawn

	Close *Op   // in the statements of the body itself, with others behind it
	Early []*Op // closes before an earlier exit
	Exits []*Op // before Close

	Wait *Op // the one receive, bare or in a select
}

// StartSignals returns the handshakes of goroutines that have started, in
// source order.
func (m *Model) StartSignals() []*StartSignal {
	type key struct{}
	return m.Pkg.Memo(key{}, func() any {
		var out []*StartSignal
		for _, f := range m.Funcs {
			for _, op := range f.Ops {
				if op.Kind == Make && signals(m.Pkg.Info.TypeOf(op.Node.(*ast.CallExpr))) {
					if s := m.startSignal(op); s != nil {
						out = append(out, s)
					}
				}
			}
		}
		return out
	}).([]*StartSignal)
}

func (m *Model) startSignal(mk *Op) *StartSignal {
	as, ok := mk.Stmt().(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE || len(as.Lhs) != 1 || as.Rhs[0] != mk.Node {
		return nil
	}
	c := m.Chan(mk)
	if len(c.Unknown)+len(c.Measured)+len(c.Sends)+len(c.Returned)+len(c.Holders) > 0 || len(c.Recvs) != 1 || len(c.Closes) == 0 || len(c.Names) == 0 || len(c.Names) > 2 {
		return nil
	}
	s := &StartSignal{Make: mk, Var: c.Names[0], Wait: c.Recvs[0]}
	if s.Wait.Fn != mk.Fn || s.Wait.Deferred || s.Wait.Range || s.Wait.Loop() != mk.Loop() || m.Assigned(s.Var) {
		return nil
	}
	body := c.Closes[0].Fn
	for _, sp := range mk.Fn.Spawns {
		if sp.Body == body {
			s.Spawn = sp
		}
	}
	if s.Spawn == nil || body.Body == nil || s.Spawn.Loop() != mk.Loop() || s.Spawn.Stmt.Pos() > s.Wait.Node.Pos() {
		return nil
	}
	if len(c.Names) == 2 {
		s.Param = c.Names[1]
		if !body.Owns(s.Param) {
			return nil
		}
	}
	if body.Decl != nil {
		if calls, all := m.Callers(body); !all || len(calls) != 1 || body.Obj.Exported() && !m.Closed() {
			return nil
		}
	} else if s.Spawn.Lit() == nil {
		return nil
	}
	if !s.parts(c.Closes, body) {
		return nil
	}
	return s
}

// parts tells the signal proper from those before an early exit.
func (s *StartSignal) parts(closes []*Op, body *Func) bool {
	for _, op := range closes {
		if op.Fn != body || op.Deferred || op.Once || op.Loop() != nil {
			return false
		}
		if i := slices.Index(body.Body.List, op.Stmt()); i < 0 {
			s.Early = append(s.Early, op)
			continue
		} else if s.Close != nil || i == len(body.Body.List)-1 {
			return false
		}
		s.Close = op
	}
	if s.Close == nil {
		return false
	}
	i := slices.Index(body.Body.List, s.Close.Stmt())
	s.Exits = body.Exits(body.Body.List[:i])
	for _, early := range s.Early {
		if early.Node.Pos() > s.Close.Node.Pos() || s.exitOf(early) == nil {
			return false
		}
	}
	return true
}

// exitOf returns the exit that ends the block in which the signal is given, or
// nil.
func (s *StartSignal) exitOf(early *Op) *Op {
	for _, exit := range s.Exits {
		if list, i := siblings(exit.Fn.model.cursor(exit.Stmt())); i == len(list)-1 && slices.Contains(list, early.Stmt()) {
			return exit
		}
	}
	return nil
}

// EarlySignal returns the signal that is given before an exit, or nil.
func (s *StartSignal) EarlySignal(exit *Op) *Op {
	for _, early := range s.Early {
		if s.exitOf(early) == exit {
			return early
		}
	}
	return nil
}

// Idents returns where the package names the channel, the variable or the
// parameter.
func (s *StartSignal) Idents() (out []*ast.Ident) {
	m := s.Make.Fn.model
	for _, obj := range []types.Object{s.Var, s.Param} {
		if obj == nil {
			continue
		}
		for id, def := range m.Pkg.Info.Defs.All() {
			if def == obj {
				out = append(out, id)
			}
		}
		for _, cur := range m.usesOf(obj) {
			out = append(out, cur.Node().(*ast.Ident))
		}
	}
	slices.SortFunc(out, m.root.compare)
	return out
}
