package sleeppoll

import (
	"fmt"
	"go/ast"
	"strings"

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
		s.addKey(b, lit, name+": make(chan struct{})")
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

// addKey adds a field to a literal that has keys or is empty: behind the others,
// or before them if a comment follows the last.
func (s *site) addKey(b *edit.Builder, lit *ast.CompositeLit, text string) {
	if len(lit.Elts) == 0 {
		b.Insert(lit.Lbrace+1, text)
		return
	}
	first, last := lit.Elts[0], lit.Elts[len(lit.Elts)-1]
	line := func(n ast.Node) int { return s.pkg.Fset.Position(n.Pos()).Line }
	sep := ", "
	if line(last) != line(lit) {
		file := s.pkg.FileOf(last.Pos())
		start := file.Tok.Offset(last.Pos())
		from := strings.LastIndexByte(string(file.Src[:start]), '\n') + 1
		sep = ",\n" + string(file.Src[from:start])
	}
	if b.HasComment(last.End(), lit.Rbrace) {
		b.Insert(first.Pos(), text+sep)
	} else {
		b.Insert(last.End(), sep+text)
	}
}
