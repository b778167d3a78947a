package sleeppoll

import (
	"fmt"
	"go/ast"

	"handshake/refactor/edit"
)

// fieldChannel writes
//
//	type server struct {             type server struct {
//		up atomic.Bool                   up    atomic.Bool
//	}                                    ready chan struct{}
//	                                 }
//	s := &server{}               =>  s := &server{ready: make(chan struct{})}
//
//	s.up.Store(true)                 s.up.Store(true)
//	                                 close(s.ready)
//
//	for !s.up.Load() {               <-s.ready
//		time.Sleep(d)
//	}
//
// Every value of the type is made by one of the literals, so it has its
// channel. The loop ends for a value when its field is written, and there is one
// such statement; so the channel is closed when the loop would have ended at the
// next look. Where the statement may run again, a sync.Once closes the channel.
func (s *site) fieldChannel(b *edit.Builder) {
	owner := s.Field.Owner.Type()
	name := b.FreshField(owner, s.names()...)
	b.AddField(s.Field.Struct, s.Var.Name(), name+" chan struct{}")
	for _, lit := range s.Field.Lits {
		b.AddKey(lit, name+": make(chan struct{})")
	}
	base := b.Text(s.Field.Base)
	tell := fmt.Sprintf("close(%s.%s)", base, name)
	if !s.Field.Once {
		once := b.FreshField(owner, name+"Once")
		b.AddField(s.Field.Struct, s.Var.Name(), fmt.Sprintf("%s %s.Once", once, b.Import(s.Field.Struct.Pos(), "sync")))
		tell = fmt.Sprintf("%s.%s.Do(func() { %s })", base, once, tell)
	}
	b.InsertAfter(s.Told, tell)
	s.wait(b, "<-"+b.Text(ast.Unparen(s.Read).(*ast.SelectorExpr).X)+"."+name)
}
