package sleepstart

import (
	"fmt"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// sendAddress offers to send the address of a listener that must stay in the
// goroutine, instead of sharing a variable:
//
//	var addr string                ready := make(chan string, 1)
//	go func() {                    go func() {
//		ln := open()                   ln := open()
//		addr = ln.Addr().String()  =>  ready <- ln.Addr().String()
//		serve(ln)                      serve(ln)
//	}()                            }()
//	time.Sleep(d)                  addr := <-ready
//
// The channel has room for the one value, so the goroutine does not wait; on
// every way out before that a deferred close makes the parent receive what the
// variable held before.
func (s *site) sendAddress(a *chanflow.Address) refactor.Fix {
	return refactor.Fix{
		Title: "Receive the address through a ready channel", Safety: refactor.Review, Reason: a.Var.Name() + " is declared where it is received",
		Make: func() ([]refactor.Edit, error) {
			b := edit.New(s.pkg)
			sp := s.spawn()
			name := b.Fresh(sp.Stmt.Pos(), "ready")
			b.DeleteStmt(a.Decl)
			b.InsertBefore(s.m.Anchor(sp.Stmt, s.Sleep.Stmt), fmt.Sprintf("%s := make(chan %s, 1)", name, b.Text(a.Type)))
			if len(s.exits(sp)) > 0 {
				b.InsertFirst(sp.Body.Body, "defer close("+name+")")
			}
			b.ReplaceNode(a.Write, name+" <- "+b.Text(a.Write.Rhs[0]))
			b.ReplaceNode(s.Sleep.Stmt, a.Var.Name()+" := <-"+name)
			return b.Edits()
		},
	}
}
