package sleepstart

import (
	"fmt"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// parked offers a WaitGroup that counts the goroutines that have reached the
// gate:
//
//	for range n {                  var ready sync.WaitGroup
//		go func() {                for range n {
//			<-gate                     ready.Add(1)
//			work()                     go func() {
//		}()                    =>          ready.Done()
//	}                                      <-gate
//	time.Sleep(d)                          work()
//	close(gate)                        }()
//	                               }
//	                               ready.Wait()
//	                               close(gate)
//
// Done is the last thing before the gate, so nothing that the goroutines do can
// depend on Wait having returned; and close releases those that arrive late as
// well, so the order that the sleep guessed is now certain and no other is
// excluded.
func (s *site) parked() refactor.Finding {
	const title = "Wait until all goroutines are at the gate"
	f := refactor.Finding{Message: s.Sleep.Name() + " only guesses that the goroutines have reached the gate"}
	for _, sp := range s.Spawns {
		prefix, _ := sp.Body.Split()
		reason := ""
		if exits := sp.Body.Exits(prefix); len(exits) > 0 {
			reason = "a goroutine can leave before it reaches the gate"
		} else if l := sp.Takes(sp.Fn.Held(s.Sleep.Stmt), prefix); l != nil {
			reason = fmt.Sprintf("%s may be held there, which the goroutines take before the gate", l.Name())
		} else if sp.Body.MayFill(prefix) != nil {
			reason = "a goroutine sends before it reaches the gate, and may wait there for room"
		} else if s.m.Anchor(sp.Stmt, s.Sleep.Stmt) == nil {
			reason = "the sleep is out of the scope of a spawn"
		}
		if reason != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: reason}}
			return f
		}
	}
	safety, reason := s.covers()
	f.Fixes = []refactor.Fix{{Title: title, Safety: safety, Reason: reason, Make: s.gather}}
	return f
}

func (s *site) gather() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	first := s.m.Anchor(s.Spawns[0].Stmt, s.Sleep.Stmt)
	name := b.Fresh(first.Pos(), "ready", "parked", "atGate")
	b.InsertBefore(first, fmt.Sprintf("var %s %s.WaitGroup", name, b.Import(first.Pos(), "sync")))
	done := make(map[*chanflow.Func]bool) // two spawns can share a literal bound to a variable
	for _, sp := range s.Spawns {
		b.InsertBefore(sp.Stmt, name+".Add(1)")
		if done[sp.Body] {
			continue
		}
		done[sp.Body] = true
		_, rest := sp.Body.Split()
		b.InsertBefore(rest[0], name+".Done()")
	}
	b.ReplaceNode(s.Sleep.Stmt, name+".Wait()")
	return b.Edits()
}
