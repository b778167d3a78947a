package chanflow_test

import (
	"fmt"
	"go/token"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// facts returns what the model says about a file, by line:
//
//	send ch bare loop cond deferred once select range ctx elem     and the other operations
//	call f | call ?                                                with the callee, if known
//	exit return                                                    with the kind of exit
//	spawn go body=f prefix=1 stays group=g loop cond
//	sleep 50ms arg wrapper=f loop cond
//	guess started effect=x use=+2 next=recv
//	func f/spawned
func (s *session) facts(file *refactor.File) map[int][]string {
	out := make(map[int][]string)
	add := func(pos token.Pos, words ...string) {
		if s.FileOf(pos) == file {
			line := s.line(pos)
			out[line] = append(out[line], strings.Join(words, " "))
		}
	}
	for _, f := range s.m.Funcs {
		add(f.Node().Pos(), "func", funcName(f))
		for _, op := range f.Ops {
			add(op.Node.Pos(), opWords(op)...)
		}
	}
	for _, sp := range s.m.Spawns {
		add(sp.Stmt.Pos(), spawnWords(sp)...)
	}
	for _, sl := range s.m.Sleeps {
		words := []string{"sleep", sl.Duration.String()}
		if sl.Wrapper != nil {
			words = append(words, "wrapper="+funcName(sl.Wrapper))
		}
		words = flags(words, "loop", sl.Loop() != nil, "cond", sl.Conditional())
		add(sl.Stmt.Pos(), words...)
	}
	for _, g := range s.m.Guesses() {
		add(g.Sleep.Stmt.Pos(), s.guessWords(g)...)
	}
	return out
}

func funcName(f *chanflow.Func) string {
	switch {
	case f == nil:
		return "-"
	case f.Decl != nil:
		return f.Name()
	}
	use := [...]string{"declared", "spawned", "bound", "passed", "cleanup", "bubble", "spec", "returned"}[f.Use]
	if f.Outer == nil {
		return use
	}
	return funcName(f.Outer) + "/" + use
}

// flags appends the names that are set.
func flags(words []string, pairs ...any) []string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1].(bool) {
			words = append(words, pairs[i].(string))
		}
	}
	return words
}

var exitNames = [...]string{"none", "return", "panic", "goexit", "maygoexit", "halt"}

func opWords(op *chanflow.Op) []string {
	kind := op.Kind.String()
	if kind == "receive" {
		kind = "recv"
	}
	words := []string{kind}
	switch op.Kind {
	case chanflow.Exit:
		words = append(words, exitNames[op.Exit])
	case chanflow.Call:
		if op.Callee != nil {
			words = append(words, funcName(op.Callee))
		} else {
			words = append(words, "?")
		}
	case chanflow.Select:
	default:
		words = append(words, refWord(op.Ref))
	}
	words = flags(words, "bare", op.Bare(), "range", op.Range, "select", op.Select != nil)
	return flags(words, "deferred", op.Deferred, "once", op.Once, "loop", op.Loop() != nil, "cond", op.Conditional())
}

// refWord writes a reference: done, s.done, ?.done (of something opaque),
// done[], ctx.Done().
func refWord(r chanflow.Ref) string {
	word := name(r.Obj)
	switch {
	case r.Obj == nil:
		return "-"
	case r.Base == nil:
		word = "?." + word
	case r.Base != r.Obj:
		word = r.Base.Name() + "." + word
	}
	if r.Elem {
		word += "[]"
	}
	if r.Context {
		word += ".Done()"
	}
	return word
}

func spawnWords(sp *chanflow.Spawn) []string {
	words := []string{"spawn", [...]string{"", "go", "wg.Go", "errgroup.Go", "starter"}[sp.Kind], "body=" + funcName(sp.Body)}
	if sp.Group.Obj != nil {
		words = append(words, "group="+refWord(sp.Group))
	}
	if sp.Body != nil {
		prefix, rest := sp.Body.Split()
		words = append(words, fmt.Sprintf("prefix=%d", len(prefix)))
		words = flags(words, "stays", len(rest) > 0)
	}
	return flags(words, "loop", sp.Loop() != nil, "cond", sp.Conditional())
}

func (s *session) guessWords(g *chanflow.Guess) []string {
	event := [...]string{"", "started", "listening", "parked", "received", "finished", "joined", "inside", "running"}[g.Event]
	words := []string{"guess", event}
	if g.Effect != nil {
		words = append(words, "effect="+name(g.Effect.Obj))
	}
	if g.Use != nil {
		words = append(words, fmt.Sprintf("use=+%d", s.line(g.Use.Pos())-s.line(g.Sleep.Stmt.Pos())))
	}
	if g.Gate != nil {
		words = append(words, "gate="+refWord(g.Gate.Ref))
	}
	if g.Next != nil {
		words = append(words, "next="+strings.Join(opWords(g.Next)[:2], ":"))
	}
	words = flags(words, "bound", g.Bound, "via", g.Via != nil, "crowded", !g.Exclusive)
	if n := len(g.Spawns); n > 1 {
		words = append(words, fmt.Sprintf("spawns=%d", n))
	}
	return words
}
