// Package nostop gives endless goroutines, which nothing can stop, a stop
// handshake.
package nostop

import (
	_ "embed"
	"fmt"
	"go/types"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
	"handshake/refactor/prove"
)

//go:embed README.md
var readme string

// Rule makes each wait of the goroutine's loop heed a stop channel:
//
//	time.Sleep(d)   =>   select {
//	                     case <-stop:
//	                     	return
//	                     case <-time.After(d):
//	                     }
//
// and whoever started the goroutine stops it and waits for that: by a deferred
// function where it lasts as long as the goroutine is needed, else by a method
// Stop of the type that the goroutine belongs to. Until stop is closed, each
// select does what the wait did: receiving from an open channel that nobody sends
// on never happens. After that the goroutine returns at its next wait, and there
// is one in every turn of the loop; it holds no lock there, and nothing else that
// it does can keep it.
var Rule = &refactor.Rule{Name: "nostop", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: prove.Rewrite}

const title = "Add stop and stopped channels"

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, e := range chanflow.Of(pkg).Endless() {
		found = append(found, finding(pkg, e))
	}
	return found
}

func finding(pkg *refactor.Package, e *chanflow.Endless) refactor.Finding {
	sp := e.Spawn
	pos, end := sp.Head()
	f := refactor.Finding{Span: pkg.Span(pos, end)}
	lasts, handle := e.Lasts()
	host := e.Host()
	fix := refactor.Fix{Title: title, Safety: refactor.Review}
	why := e.Withheld
	switch {
	case lasts:
		f.Message = fmt.Sprintf("stop the goroutine when %s ends, and wait until it has stopped", name(sp.Fn))
		fix.Reason = fmt.Sprintf("the goroutine ends with %s", name(sp.Fn))
		fix.Make = func() ([]refactor.Edit, error) { return Local(pkg, e, handle) }
		if handle == nil && !sp.Fn.Returns() {
			why = fmt.Sprintf("%s never returns, so that it cannot stop the goroutine", name(sp.Fn))
		}
		if l := sp.Takes(sp.Fn.Held(sp.Stmt), sp.Body.Body.List); l != nil {
			why = fmt.Sprintf("%s may still hold %s then, which the goroutine takes", name(sp.Fn), l.Name())
		}
	case host != nil:
		f.Message = fmt.Sprintf("give %s a method Stop that stops the goroutine and waits for that", host.Type.Name())
		fix.Reason = fmt.Sprintf("%s gets a method Stop", host.Type.Name())
		if !host.Made {
			fix.Reason = fmt.Sprintf("%s starts it only once", sp.Fn.Decl.Name.Name)
		}
		fix.Make = func() ([]refactor.Edit, error) { return method(pkg, e, host) }
		if why == "" {
			why = host.Withheld
		}
	default:
		f.Message = "stop the goroutine when it is no longer needed, and wait until it has stopped"
		why = fmt.Sprintf("%s returns while the goroutine goes on, and who would stop it is not known", name(sp.Fn))
	}
	if e.Within() != nil {
		why = "the goroutine is started in a function literal that returns at once"
	}
	if sp.Loop() != nil {
		why = "the goroutine is started in a loop, perhaps more than once"
	}
	if len(f.Message) > 100 {
		f.Message = "stop the goroutine, and wait until it has stopped"
	}
	if why != "" {
		f.Withheld = []refactor.Withheld{{Title: title, Reason: why}}
	} else {
		f.Fixes = []refactor.Fix{fix}
	}
	return f
}

func name(f *chanflow.Func) string {
	if f.Decl == nil && f.TestHandle() != nil {
		return "the test"
	}
	return f.Name()
}

// Local makes the spawner stop the goroutine when it ends: by t.Cleanup if handle
// is a test's, else by a deferred function.
func Local(pkg *refactor.Package, e *chanflow.Endless, handle types.Object) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	sp := e.Spawn
	stop, stopped := b.Fresh(sp.Stmt.Pos(), "stop"), b.Fresh(sp.Stmt.Pos(), "stopped")
	b.InsertBefore(sp.Stmt, fmt.Sprintf("%s := make(chan struct{})\n%s := make(chan struct{})", stop, stopped))
	end := fmt.Sprintf("func() {\n\tclose(%s)\n\t<-%s // the goroutine has stopped\n}", stop, stopped)
	if handle != nil {
		b.InsertAfter(sp.Stmt, fmt.Sprintf("%s.Cleanup(%s)", handle.Name(), end))
	} else {
		b.InsertAfter(sp.Stmt, "defer "+end+"()")
	}
	if sp.Lit() == nil {
		if !onlyHere(pkg, sp) {
			return nil, fmt.Errorf("%s is used elsewhere, too", sp.Body.Name())
		}
		b.AddArg(sp.Call, stop)
		b.AddArg(sp.Call, stopped)
		stop, stopped = b.Fresh(sp.Body.Body.Pos(), "stop"), b.Fresh(sp.Body.Body.Pos(), "stopped")
		b.AddParam(sp.Body.Type, stop+" <-chan struct{}")
		b.AddParam(sp.Body.Type, stopped+" chan<- struct{}")
	}
	b.InsertFirst(sp.Body.Body, fmt.Sprintf("defer close(%s)", stopped))
	if err := Listen(b, pkg, e, stop); err != nil {
		return nil, err
	}
	return b.Edits()
}

// onlyHere reports whether the body of a spawn is a function or method that
// nothing else refers to.
func onlyHere(pkg *refactor.Package, sp *chanflow.Spawn) bool {
	m := chanflow.Of(pkg)
	obj := sp.Body.Obj
	if obj == nil || obj.Exported() && !m.Closed() || obj.Signature().Variadic() || sp.Body.IsMain() {
		return false
	}
	calls, all := m.Callers(sp.Body)
	return all && len(calls) <= 1
}

// method gives the type of the goroutine the fields and the method that stop it.
func method(pkg *refactor.Package, e *chanflow.Endless, h *chanflow.Host) ([]refactor.Edit, error) {
	sp := e.Spawn
	if sp.Lit() == nil && !onlyHere(pkg, sp) {
		return nil, fmt.Errorf("%s is used elsewhere, too", sp.Body.Name())
	}
	b := edit.New(pkg)
	t := h.Type.Type()
	sync := b.Import(h.Struct.Pos(), "sync")
	starting := ""
	fields := ""
	if !h.Made {
		starting = b.FreshField(t, "starting")
		fields = fmt.Sprintf("%s %s.Once\n", starting, sync)
	}
	stopping, stop, stopped := b.FreshField(t, "stopping"), b.FreshField(t, "stop"), b.FreshField(t, "stopped")
	fields += fmt.Sprintf("%s %s.Once\n%s chan struct{} // closed by Stop\n%s chan struct{} // closed when the goroutine has ended", stopping, sync, stop, stopped)
	b.AddField(h.Struct, "", fields)

	makes := fmt.Sprintf("%[1]s.%[2]s = make(chan struct{})\n%[1]s.%[3]s = make(chan struct{})", h.Base, stop, stopped)
	if h.Made {
		b.InsertBefore(sp.Stmt, makes)
	} else {
		b.InsertBefore(sp.Stmt, fmt.Sprintf("%s.%s.Do(func() {", h.Base, starting)+"\n"+indented(makes))
		b.InsertAfter(sp.Stmt, "})")
	}
	b.InsertFirst(sp.Body.Body, fmt.Sprintf("defer close(%s.%s)", h.Inner, stopped))
	if err := Listen(b, pkg, e, h.Inner+"."+stop); err != nil {
		return nil, err
	}
	b.InsertAfter(sp.Fn.Decl, stopMethod(pkg, h, starting, stopping, stop, stopped))
	return b.Edits()
}

// stopMethod returns the declaration of Stop.
func stopMethod(pkg *refactor.Package, h *chanflow.Host, starting, stopping, stop, stopped string) string {
	recv := receiver(pkg, h)
	code := "// Stop tells the goroutine to stop and returns when it has. It may be called\n// repeatedly and concurrently, "
	if starting == "" {
		code += "but not by the goroutine itself.\n"
	} else {
		code += "but not by the goroutine itself. A Stop before\n// the goroutine was started keeps it from being started.\n"
	}
	code += fmt.Sprintf("func (%s *%s%s) Stop() {\n", recv, h.Type.Name(), typeParams(h.Type))
	if starting != "" {
		code += fmt.Sprintf("\t%s.%s.Do(func() {}) // from now on it is known whether it was started\n", recv, starting)
	}
	code += fmt.Sprintf("\tif %[1]s.%[2]s == nil {\n\t\treturn // never started\n\t}\n\t%[1]s.%[3]s.Do(func() { close(%[1]s.%[2]s) })\n\t<-%[1]s.%[4]s\n}", recv, stop, stopping, stopped)
	return code
}
