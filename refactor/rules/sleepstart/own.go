package sleepstart

import (
	"fmt"

	"handshake/refactor"
	"handshake/refactor/edit"
)

// listenBefore offers to open the listener before the goroutine starts that
// opened it itself, or says why not:
//
//	go func() {                            ln, err := net.Listen("tcp", "localhost:0")
//		ln, err := net.Listen(…)       if err != nil {
//		if err != nil {                        t.Fatal(err)
//			t.Error(err)           }
//			return                 addr = ln.Addr().String()
//		}                          =>  go func() {
//		addr = ln.Addr().String()              http.Serve(ln, h)
//		http.Serve(ln, h)              }()
//	}()                                    get(addr)
//	time.Sleep(d)
//	get(addr)
//
// A bound listener queues connections until they are accepted, so nobody has to
// wait. What the goroutine does between the two statements, nobody looks at.
func (s *site) listenBefore() (fix refactor.Fix, withheld string) {
	if !s.Own.Ends && s.Own.Check != nil && !s.canFail(s.spawn().Fn) {
		return fix, s.spawn().Fn.Name() + " has no way to report that it cannot listen"
	}
	for i, name := range s.Own.Names {
		if free := s.unused(name); !free && (i == 0 || !s.mayDeclare(name)) {
			return fix, name + " means something else in " + s.spawn().Fn.Name()
		}
	}
	reason := "a failure to listen is handled by the parent"
	if s.Own.Check == nil {
		reason = "connections queue until they are accepted"
	}
	return refactor.Fix{Title: listenTitle, Safety: refactor.Review, Reason: reason, Make: s.hoistOwn}, ""
}

func (s *site) hoistOwn() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	sp := s.spawn()
	s.dropSleep(b, sp.Stmt) // what is said of the wait is true of the listener
	b.Move(s.Own.Open, sp.Stmt)
	switch check := s.Own.Check; {
	case check == nil:
	case s.Own.Ends:
		b.Move(check, sp.Stmt)
	default:
		name := s.Own.Names[1]
		failure, err := s.failure(b, sp.Fn, sp.Stmt.Pos(), name)
		if err != nil {
			return nil, err
		}
		b.DeleteStmt(check)
		b.InsertBefore(sp.Stmt, fmt.Sprintf("if %s != nil {\n\t%s\n}", name, failure))
	}
	for _, st := range s.Own.Takes {
		b.Move(st, sp.Stmt)
	}
	return b.Edits()
}

// unused reports whether a name means nothing where the goroutine is started.
func (s *site) unused(name string) bool {
	at := s.spawn().Stmt.Pos()
	scope := s.pkg.ScopeAt(at)
	_, obj := scope.LookupParent(name, at)
	return obj == nil && scope.Lookup(name) == nil
}
