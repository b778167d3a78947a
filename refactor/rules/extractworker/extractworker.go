// Package extractworker turns an endless goroutine into a type with Start and
// Stop.
package extractworker

import (
	_ "embed"
	"fmt"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
	"handshake/refactor/rules/nostop"
)

//go:embed README.md
var readme string

// Rule moves the loop of a spawned literal into the method run of a new type, in
// which what the literal captured are fields:
//
//	go func() { for { use(x); time.Sleep(d) } }()   =>   newWorker(x, d).Start()
//
// A field holds what the variable held at the spawn; a variable that is assigned
// later, or whose value would be copied, is not captured that way, and the fix is
// withheld. The waits of the loop become selects on a stop channel, for which rule
// nostop argues. Start, Stop and run are those of the snippet hsworker, and what
// is proved is what nostop would write in their place: the same operations, on
// channels that are variables, which a proof can follow better than fields of
// fields.
var Rule = &refactor.Rule{Name: "extractworker", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: stops}

const title = "Extract a type with Start and Stop"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, e := range chanflow.Of(pkg).Endless() {
		if e.Spawn.Lit() == nil {
			continue // it has a name already, and nostop gives it a stop
		}
		found = append(found, finding(pkg, e))
	}
	return found
}

func finding(pkg *refactor.Package, e *chanflow.Endless) refactor.Finding {
	sp := e.Spawn
	pos, end := sp.Head()
	f := refactor.Finding{Span: pkg.Span(pos, end), Message: "turn the goroutine into a type with the methods Start and Stop"}
	why := e.Withheld
	if sp.Loop() != nil {
		why = "the goroutine is started in a loop, perhaps more than once"
	}
	c, not := capture(pkg, e)
	if why == "" {
		why = not
	}
	if why != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: why}}
		return f
	}
	stop := stopOf(e)
	reason := "nobody calls Stop yet"
	if stop != "" {
		reason = fmt.Sprintf("the goroutine ends with %s", name(sp.Fn))
	}
	f.Fixes = []refactor.Fix{{Title: title, Safety: refactor.Review, Reason: reason, Make: func() ([]refactor.Edit, error) {
		return extract(pkg, e, c, stop)
	}}}
	return f
}

func name(f *chanflow.Func) string {
	if f.Decl == nil && f.TestHandle() != nil {
		return "the test"
	}
	return f.Name()
}

// stopOf returns the statement with which the spawner stops the worker w when it
// ends, as a format; "" if the goroutine outlives it.
func stopOf(e *chanflow.Endless) string {
	lasts, handle := e.Lasts()
	fn := e.Spawn.Fn
	switch {
	case !lasts || e.Within() != nil:
		return ""
	case handle != nil:
		return handle.Name() + ".Cleanup(%s.Stop)"
	case !fn.Returns() || e.Spawn.Takes(fn.Held(e.Spawn.Stmt), e.Spawn.Body.Body.List) != nil:
		return ""
	}
	return "defer %s.Stop()"
}

// stops returns why the spawner must not stop the goroutine when it ends, if the
// edits make it do so: what is proved is the rewrite of nostop.
func stops(before, _ *refactor.Package, edits []refactor.Edit) error {
	for _, e := range chanflow.Of(before).Endless() {
		at := before.Span(e.Spawn.Stmt.Pos(), e.Spawn.Stmt.End())
		if !slices.ContainsFunc(edits, func(e refactor.Edit) bool { return e.File == at.File && e.Start < at.End && at.Start < e.End }) {
			continue
		}
		if stopOf(e) == "" {
			return nil // nobody waits
		}
		_, handle := e.Lasts()
		simple, err := nostop.Local(before, e, handle)
		if err != nil {
			return err
		}
		after, err := before.Try(simple)
		if err != nil {
			return err
		}
		return prove.Rewrite(before, after, simple)
	}
	return nil
}

// extract writes the type and what makes and starts it.
func extract(pkg *refactor.Package, e *chanflow.Endless, c *captured, stop string) ([]refactor.Edit, error) {
	sp := e.Spawn
	b := edit.New(pkg)
	w := &worker{captured: c}
	if err := w.choose(b, pkg, e); err != nil {
		return nil, err
	}
	body, err := w.body(pkg, e)
	if err != nil {
		return nil, err
	}
	w.sync = b.Import(sp.Stmt.Pos(), "sync")
	args := ""
	for i, f := range c.fields {
		if i > 0 {
			args += ", "
		}
		if args += f.obj.Name(); f.arg != nil {
			args = args[:len(args)-len(f.obj.Name())] + b.Text(f.arg)
		}
	}
	code := fmt.Sprintf("new%s(%s).Start()", w.title, args)
	if stop != "" {
		v := b.Fresh(sp.Stmt.Pos(), "w", "runner")
		code = fmt.Sprintf("%s := new%s(%s)\n%s.Start()\n%s", v, w.title, args, v, fmt.Sprintf(stop, v))
	}
	in := indentation(pkg, sp.Stmt)
	b.Replace(sp.Stmt.Pos(), sp.Stmt.End(), hang(code, in))
	b.InsertAfter(sp.Fn.Top().Decl, w.declare(body))
	return b.Edits()
}
