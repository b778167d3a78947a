package sleepstart

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/version"
	"slices"
	"strings"
	"time"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/idiom"
	"handshake/refactor/prove"
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
	f := refactor.Finding{Message: fmt.Sprintf("%s only guesses that the goroutine has set up %s", s.Sleep.Name(), s.Effect.Obj.Name())}
	if len(f.Message) > 100 {
		f.Message = s.Sleep.Name() + " only guesses that the goroutine has started"
	}
	title := fmt.Sprintf("Replace %s with started channel", s.Sleep.Name())
	safety, reason := s.covers()
	if len(s.Spawns) > 1 {
		title += "s"
	}
	for _, sp := range s.Spawns {
		if reason := s.hazard(sp); reason != "" {
			f.Withheld = []refactor.Withheld{{Title: title, Reason: reason}}
			return f
		}
		// The sleep gave the goroutine time for more than its signal tells.
		if prefix, rest := sp.Body.Split(); safety == refactor.Safe && (len(s.setUp(sp)) < len(prefix) || len(rest) > 1 && s.m.Passes(rest[0])) {
			safety, reason = refactor.Review, "the goroutine may go on later than it did"
		}
		if s.common != nil {
			safety, reason = refactor.Review, s.common.Owner.Name()+" gets a field"
		} else if s.Via != nil {
			safety, reason = refactor.Review, sp.Fn.Name()+" then waits for it, for all its callers"
		} else if sp.Body.Decl != nil && s.announced(sp) == nil {
			safety, reason = refactor.Review, sp.Body.Name()+" gets a parameter"
		}
	}
	if s.Own != nil {
		if fix, withheld := s.listenBefore(); withheld == "" {
			f.Fixes = append(f.Fixes, fix)
		}
	}
	if s.failsOnly() {
		f.Fixes = append(f.Fixes, refactor.Fix{
			Title: "Surface the start-up error through a ready channel", Safety: refactor.Review, Reason: "the parent handles the error",
			Make: func() ([]refactor.Edit, error) { return s.handshake(errorOf) },
		})
	}
	f.Fixes = append(f.Fixes, refactor.Fix{
		Title: title, Safety: safety, Reason: reason,
		Make: func() ([]refactor.Edit, error) { return s.handshake(plainly) },
	})
	if a := s.m.Address(s.Guess); a != nil && s.Own == nil {
		f.Fixes = append(f.Fixes, s.sendAddress(a))
	}
	if len(s.Spawns) == 1 && s.canFail(s.waiter()) {
		f.Fixes = append(f.Fixes, refactor.Fix{
			Title: fmt.Sprintf("Wait for started, or fail after %v", s.limit()), Safety: refactor.Review, Reason: "fails instead of waiting on",
			Make: s.bounded,
		})
	}
	return f
}

// A wait is how the parent waits for the goroutine.
type wait int

const (
	plainly wait = iota // <-started
	errorOf             // if err := <-ready; err != nil { … }
	within              // select { case <-started: case <-time.After(limit): … }
)

// limit returns for how long a bounded wait waits: ten times as long as was
// thought to be enough, and at least five seconds.
func (s *site) limit() time.Duration { return max(10*s.Sleep.Duration, 5*time.Second) }

// hazard returns why the parent must not wait for the goroutine's prefix.
func (s *site) hazard(sp *chanflow.Spawn) string {
	body := sp.Body
	prefix := s.setUp(sp)
	l := sp.Takes(sp.Fn.Held(s.waitsAt(sp)), prefix)
	if l != nil && sp.Takes(s.Sleep.Fn.Held(s.Sleep.Stmt), prefix) == nil {
		if s.common = s.Common(); s.common != nil {
			l = nil
		}
	}
	if l != nil {
		return fmt.Sprintf("%s may be held there, which the goroutine takes before it has started", l.Name())
	}
	for op := range body.Within(prefix[0].Pos(), prefix[len(prefix)-1].End()) {
		if op.Kind == chanflow.Send && !op.Deferred {
			return "the goroutine sends before it has started, and may wait there for the parent"
		}
	}
	if call := s.m.WaitsFirst(prefix); call != nil {
		return "the goroutine may wait in " + s.text(call) + " before it has started, for what comes next"
	}
	if s.Via == nil && s.m.Anchor(sp.Stmt, s.Sleep.Stmt) == nil {
		return "the sleep is out of the scope of the spawn"
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

// waitsAt returns the statement at which the goroutine is waited for: the sleep,
// or behind the spawn if that is in a function that the sleep's frame calls. Who
// calls that function then relies on the goroutine too, and no field is needed.
// Where that function may hold a lock which the goroutine takes, a field of the
// struct that both know has the channel for the sleep's frame to wait for.
func (s *site) waitsAt(sp *chanflow.Spawn) ast.Stmt {
	if s.Via != nil && s.common == nil {
		return sp.Stmt
	}
	return s.Sleep.Stmt
}

// waiter returns the frame that waits for the goroutines.
func (s *site) waiter() *chanflow.Func {
	if s.Via != nil && s.common == nil {
		return s.spawn().Fn
	}
	return s.Sleep.Fn
}

// bounded makes the parent wait for the goroutine, but not for ever. The bound is
// for what nobody knows of: where the goroutine is known to wait for the parent,
// it would turn a guess that is right into a failure.
func (s *site) bounded() ([]refactor.Edit, error) {
	plain, err := s.handshake(plainly)
	if err != nil {
		return nil, err
	}
	after, err := s.pkg.Try(plain)
	if err != nil {
		return nil, err
	}
	if err := prove.Rewrite(s.pkg, after, plain); err != nil && !errors.As(err, new(refactor.Unproved)) {
		return nil, err
	}
	return s.handshake(within)
}

// setUp returns the statements that a goroutine runs before it has started.
func (s *site) setUp(sp *chanflow.Spawn) []ast.Stmt {
	prefix, _ := sp.Body.Split()
	last := s.Last[slices.Index(s.Spawns, sp)]
	return prefix[:slices.Index(prefix, last)+1]
}

// exits returns the ways in which a goroutine can end before it has started.
func (s *site) exits(sp *chanflow.Spawn) []*chanflow.Op { return sp.Body.Exits(s.setUp(sp)) }

// failsOnly reports whether there is one goroutine and each of its exits
// returns because of an error, which the parent has a way to handle.
func (s *site) failsOnly() bool {
	list := s.exits(s.spawn())
	for _, op := range list {
		if s.m.FailedCheck(op) == nil {
			return false
		}
	}
	return len(s.Spawns) == 1 && len(list) > 0 && s.canFail(s.waiter())
}

// handshake gives every goroutine a channel and makes the parent wait for them.
// To wait for an error, the channel carries that of a failed start.
func (s *site) handshake(how wait) ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	name, elem, value := "started", "struct{}", "make(chan struct{})"
	fails := how == errorOf
	if fails {
		name, elem, value = "ready", "error", "make(chan error, 1)"
	}
	var waits []string
	waitFor := ""                             // what the frame that waits calls the channel, if that is not the one that makes it
	inside := make(map[*chanflow.Func]string) // what a body calls the channel
	for _, sp := range s.Spawns {
		outer := b.Fresh(sp.Stmt.Pos(), name)
		made := outer + " := " + value
		if c := s.common; c != nil {
			field := b.FreshField(c.Owner.Type(), name)
			b.AddField(c.Struct, "", fmt.Sprintf("%s chan %s", field, elem))
			if sp.Body.Decl != nil {
				outer = c.Starter + "." + field
				made = outer + " = " + value
			} else {
				// The goroutine closes the channel that it was started with, whatever
				// the field holds once another one has been started.
				made += fmt.Sprintf("\n%s.%s = %s", c.Starter, field, outer)
			}
			waitFor = c.Sleeper + "." + field
		}
		inner, again := inside[sp.Body]
		if arg := s.announced(sp); arg != nil {
			// Another caller waits already: this one passes a channel, too.
			b.ReplaceNode(arg, outer)
			value = b.Text(arg)
			inside[sp.Body], again = name, true
		} else if sp.Body.Decl != nil {
			b.AddArg(sp.Call, outer)
		}
		if !again {
			inner = outer
			if sp.Body.Decl != nil {
				inner = b.Fresh(sp.Body.Decl.Body.Pos(), name)
				b.AddParam(sp.Body.Type, fmt.Sprintf("%s chan<- %s", inner, elem))
				s.passFresh(b, sp.Body, value)
			}
			inside[sp.Body] = inner
			if err := s.announce(b, sp, inner, fails); err != nil {
				return nil, err
			}
		}
		anchor := sp.Stmt
		if s.Via == nil {
			anchor = s.m.Anchor(sp.Stmt, s.Sleep.Stmt)
		}
		b.InsertBefore(anchor, made)
		wait, err := s.receive(b, sp, cmp.Or(waitFor, outer), how)
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait)
	}
	if s.Via != nil && s.common == nil {
		b.InsertAfter(s.spawn().Stmt, strings.Join(waits, "\n"))
		s.dropSleep(b, s.Via.Node)
	} else {
		b.ReplaceNode(s.Sleep.Stmt, strings.Join(waits, "\n"))
	}
	return b.Edits()
}

// announced returns the channel made in the arguments of a spawn for a named
// body that closes it: its start is announced already, but not waited for here.
func (s *site) announced(sp *chanflow.Spawn) *ast.CallExpr {
	if sp.Body.Decl == nil {
		return nil
	}
	params := sp.Body.Params()
	for i, arg := range sp.Call.Args {
		call, ok := ast.Unparen(arg).(*ast.CallExpr)
		if !ok || i >= len(params) || chanflow.IsChan(s.pkg.Info.TypeOf(call)) == nil {
			continue
		}
		for _, op := range s.m.OpsOn(params[i]) {
			if op.Kind == chanflow.Close {
				return call
			}
		}
	}
	return nil
}

// receive returns the statement by which the parent waits for a goroutine.
func (s *site) receive(b *edit.Builder, sp *chanflow.Spawn, name string, how wait) (string, error) {
	at := s.waitsAt(sp).Pos()
	switch how {
	case errorOf:
		return idiom.ReceiveFailure(s.pkg, b, s.waiter(), at, name)
	case within:
		message := `"the goroutine has not started"`
		if s.waiter().Reports() == chanflow.ByReturn {
			message = b.Import(at, "errors") + ".New(" + message + ")"
		}
		failure, err := s.failure(b, s.waiter(), at, message)
		return fmt.Sprintf("select {\ncase <-%s:\ncase <-%s.After(%s):\n\t%s\n}", name, b.Import(at, "time"), seconds(b, at, s.limit()), failure), err
	}
	return "<-" + name, nil
}

// seconds returns the source of a duration of at least a second.
func seconds(b *edit.Builder, at token.Pos, d time.Duration) string {
	return fmt.Sprintf("%d * %s.Second", int(d.Round(time.Second).Seconds()), b.Import(at, "time"))
}

// announce makes a goroutine tell at the end of its prefix that it has started,
// and on every way out before.
func (s *site) announce(b *edit.Builder, sp *chanflow.Spawn, name string, fails bool) error {
	body := sp.Body
	list := s.setUp(sp)
	last := list[len(list)-1]
	early := s.exits(sp)
	if fails {
		for _, op := range early {
			idiom.SendFailure(b, s.m, op, name)
		}
	}
	if fails || len(early) == 0 {
		b.InsertAfter(last, "close("+name+")")
		return nil
	}
	if v := body.File.GoVersion; v != "" && version.Compare(v, "go1.21") < 0 {
		return errors.New("sync.OnceFunc needs Go 1.21")
	}
	sync := b.Import(body.Body.Pos(), "sync")
	signal := b.Fresh(body.Body.Lbrace+1, "signal")
	b.InsertFirst(body.Body, fmt.Sprintf("%s := %s.OnceFunc(func() { close(%s) })\ndefer %s()", signal, sync, name, signal))
	b.InsertAfter(last, signal+"()")
	return nil
}

// passFresh gives the callers of a named body that do not wait a channel of
// their own to pass.
func (s *site) passFresh(b *edit.Builder, body *chanflow.Func, value string) {
	calls, _ := s.m.Callers(body)
	for _, call := range calls {
		if !slices.ContainsFunc(s.Spawns, func(sp *chanflow.Spawn) bool { return sp.Call == call }) {
			b.AddArg(call, value)
		}
	}
}

// remove deletes the sleep.
func (s *site) remove() ([]refactor.Edit, error) {
	b := edit.New(s.pkg)
	s.dropSleep(b, nil)
	return b.Edits()
}

// dropSleep deletes the sleep. Its comments go to the statement that waits
// instead: that with the node, or what follows the sleep.
func (s *site) dropSleep(b *edit.Builder, node ast.Node) {
	if heir := s.m.Heir(s.Sleep, node); heir != nil {
		b.DeleteStmtFor(s.Sleep.Stmt, heir, chanflow.SpeaksOfWait)
	} else {
		b.DeleteStmt(s.Sleep.Stmt)
	}
}

// canFail reports whether the frame has a way to handle an error.
func (s *site) canFail(f *chanflow.Func) bool {
	return f.Reports() != chanflow.Nothing
}

// failure returns the statement by which the frame handles the error in the
// expression: as its other failures are.
func (s *site) failure(b *edit.Builder, f *chanflow.Func, pos token.Pos, name string) (string, error) {
	return idiom.Failure(s.pkg, b, f, pos, name)
}
