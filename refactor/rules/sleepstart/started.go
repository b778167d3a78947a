package sleepstart

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"go/version"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

// started offers a channel that the goroutine closes once it has run its
// prefix, the statements before it first waits for something:
//
//	go func() {                    started := make(chan struct{})
//		setUp()                    go func() {
//		for ev := range events {       setUp()
//			…                          close(started)
//		}                      =>      for ev := range events {
//	}()                                    …
//	time.Sleep(d)                      }
//	use()                          }()
//	                               <-started
//	                               use()
//
// The prefix does not wait for other goroutines, takes no lock that the parent
// holds, and every way out of it releases the parent; so <-started returns
// whenever the goroutine is scheduled, and then what the sleep guessed is true.
// Every execution in which the guess was right stays possible.
func (s *site) started() refactor.Finding {
	f := refactor.Finding{Message: fmt.Sprintf("%s only guesses that the goroutine has set up %s", s.sleep(), s.Effect.Obj.Name())}
	if len(f.Message) > 100 {
		f.Message = s.sleep() + " only guesses that the goroutine has started"
	}
	const title = "Replace %s with started channel"
	if reason := s.hazard(); reason != "" {
		f.Withheld = []refactor.Withheld{{Title: fmt.Sprintf(title, s.sleep()), Reason: reason}}
		return f
	}
	prefix, _ := s.spawn().Body.Split()
	exits := s.spawn().Body.Exits(prefix)
	safety, reason := s.covers()
	if s.Via != nil {
		safety, reason = refactor.Review, s.spawn().Fn.Name()+" then waits for it, for all its callers"
	} else if s.spawn().Body.Decl != nil {
		safety, reason = refactor.Review, s.spawn().Body.Name()+" gets a parameter"
	}
	if s.failsOnly(exits) {
		f.Fixes = append(f.Fixes, refactor.Fix{
			Title: "Surface the start-up error through a ready channel", Safety: refactor.Review, Reason: "the parent handles the error",
			Make: func() ([]refactor.Edit, error) { return s.handshake(exits, ready) },
		})
	}
	form := plain
	if len(exits) > 0 {
		form = once
	}
	f.Fixes = append(f.Fixes, refactor.Fix{
		Title: fmt.Sprintf(title, s.sleep()), Safety: safety, Reason: reason,
		Make: func() ([]refactor.Edit, error) { return s.handshake(exits, form) },
	})
	return f
}

// hazard returns why the parent must not wait for the goroutine's prefix.
func (s *site) hazard() string {
	sp := s.spawn()
	body := sp.Body
	prefix, _ := body.Split()
	if l := body.Takes(s.waiter().Held(s.waitsAt()), prefix); l != nil {
		return fmt.Sprintf("the parent holds %s, which the goroutine takes before it has started", l.Name())
	}
	for op := range body.Within(prefix[0].Pos(), prefix[len(prefix)-1].End()) {
		if op.Kind == chanflow.Send && !op.Deferred {
			return "the goroutine sends before it has started, and may wait there for the parent"
		}
	}
	if sp.Kind != chanflow.GoStmt && sp.Lit() == nil {
		return "the body is passed as a function value"
	}
	if body.Decl == nil {
		if sp.Lit() == nil {
			return "the body is a function value"
		}
		return ""
	}
	if ast.IsExported(body.Decl.Name.Name) {
		return body.Name() + " is exported: its signature must not change"
	}
	if _, all := s.m.Callers(body); !all {
		return body.Name() + " is used as a value: its signature must not change"
	}
	return ""
}

// waiter returns the frame that is going to wait: the one that spawns.
func (s *site) waiter() *chanflow.Func { return s.spawn().Fn }

// waitsAt returns the statement at which it waits: the sleep, or behind the
// spawn if that is in a function that the sleep's frame calls.
func (s *site) waitsAt() ast.Stmt {
	if s.Via != nil {
		return s.spawn().Stmt
	}
	return s.Sleep.Stmt
}

// failsOnly reports whether every exit returns because of an error, which the
// parent has a way to handle.
func (s *site) failsOnly(exits []*chanflow.Op) bool {
	for _, op := range exits {
		if s.m.FailedCheck(op) == nil {
			return false
		}
	}
	return len(exits) > 0 && s.canFail(s.waiter())
}

// form is how the goroutine tells that it has started.
type form int

const (
	plain form = iota // close, at the end of the prefix
	once              // close there, or when the goroutine ends before
	ready             // send the error of a failed start, close after success
)

func (s *site) handshake(exits []*chanflow.Op, form form) ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	sp := s.spawn()
	name, elem, make := "started", "struct{}", "make(chan struct{})"
	if form == ready {
		name, elem, make = "ready", "error", "make(chan error, 1)"
	}
	outer := b.Fresh(sp.Stmt.Pos(), name)
	inner := outer
	if sp.Body.Decl != nil {
		inner = b.Fresh(sp.Body.Decl.Body.Pos(), name)
		if err := s.pass(b, inner, outer, elem, make); err != nil {
			return nil, err
		}
	}
	if err := s.announce(b, inner, exits, form); err != nil {
		return nil, err
	}
	wait := "<-" + outer
	if form == ready {
		failure, err := s.failure(b, s.waiter(), s.waitsAt().Pos(), "err")
		if err != nil {
			return nil, err
		}
		wait = fmt.Sprintf("if err := <-%s; err != nil {\n\t%s\n}", outer, failure)
	}
	if s.Via != nil {
		b.InsertBefore(sp.Stmt, outer+" := "+make)
		b.InsertAfter(sp.Stmt, wait)
		b.DeleteStmt(s.Sleep.Stmt)
	} else {
		anchor := s.m.Anchor(sp.Stmt, s.Sleep.Stmt)
		if anchor == nil {
			return nil, errors.New("the sleep is out of the scope of the spawn")
		}
		b.InsertBefore(anchor, outer+" := "+make)
		b.ReplaceNode(s.Sleep.Stmt, wait)
	}
	return b.Edits()
}

// announce makes the goroutine tell at the end of its prefix that it has
// started, and on every way out before.
func (s *site) announce(b *edit.Builder, name string, exits []*chanflow.Op, form form) error {
	body := s.spawn().Body
	prefix, _ := body.Split()
	last := prefix[len(prefix)-1]
	switch form {
	case plain:
		b.InsertAfter(last, "close("+name+")")
	case ready:
		for _, op := range exits {
			b.InsertBefore(op.Node, fmt.Sprintf("%s <- %s", name, s.m.FailedCheck(op).Name))
		}
		b.InsertAfter(last, "close("+name+")")
	case once:
		if v := body.File.GoVersion; v != "" && version.Compare(v, "go1.21") < 0 {
			return errors.New("sync.OnceFunc needs Go 1.21")
		}
		sync := b.Import(body.Body.Pos(), "sync")
		signal := b.Fresh(body.Body.Lbrace+1, "signal")
		b.InsertFirst(body.Body, fmt.Sprintf("%s := %s.OnceFunc(func() { close(%s) })\ndefer %s()", signal, sync, name, signal))
		b.InsertAfter(last, signal+"()")
	}
	return nil
}

// pass gives a named body a parameter for the channel. Its other callers do
// not wait: they pass a channel of their own.
func (s *site) pass(b *edit.Builder, inner, outer, elem, fresh string) error {
	sp := s.spawn()
	calls, all := s.m.Callers(sp.Body)
	if !all {
		return errors.New("the function is used as a value")
	}
	b.AddParam(sp.Body.Type, fmt.Sprintf("%s chan<- %s", inner, elem))
	for _, call := range calls {
		if call == sp.Call {
			b.AddArg(call, outer)
		} else {
			b.AddArg(call, fresh)
		}
	}
	return nil
}

// remove deletes the sleep.
func (s *site) remove() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	b.DeleteStmt(s.Sleep.Stmt)
	return b.Edits()
}

// canFail reports whether the frame has a way to handle an error.
func (s *site) canFail(f *chanflow.Func) bool {
	return f.Reports() != chanflow.Nothing
}

// failure returns the statement by which the frame handles the error in the
// variable: as its other failures are.
func (s *site) failure(b *edit.Builder, f *chanflow.Func, pos token.Pos, name string) (string, error) {
	switch f.Reports() {
	case chanflow.ByTest:
		return fmt.Sprintf("%s.Fatal(%s)", f.TestHandle().Name(), name), nil
	case chanflow.ByExit:
		return fmt.Sprintf("%s.Fatal(%s)", b.Import(pos, "log"), name), nil
	case chanflow.ByReturn:
		code := "return "
		results := f.Type.Results.List
		for _, field := range results[:len(results)-1] {
			zero, err := zeroValue(s.pkg.Info.TypeOf(field.Type), b.Text(field.Type))
			if err != nil {
				return "", err
			}
			for range max(1, len(field.Names)) {
				code += zero + ", "
			}
		}
		for range max(1, len(results[len(results)-1].Names)) - 1 {
			code += "nil, " // (…, warning, err error)
		}
		return code + name, nil
	}
	return "", errors.New("the function has no way to report an error")
}

func zeroValue(t types.Type, text string) (string, error) {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return "false", nil
		case u.Info()&types.IsString != 0:
			return `""`, nil
		case u.Info()&types.IsNumeric != 0:
			return "0", nil
		}
		return "nil", nil // unsafe.Pointer
	case *types.Struct, *types.Array:
		return text + "{}", nil
	case *types.Interface:
		if _, ok := t.(*types.TypeParam); ok {
			return "*new(" + text + ")", nil
		}
	}
	return "nil", nil
}
