package prove

import (
	"fmt"
	"go/ast"
	"strings"

	"handshake/refactor/prove/machine"
)

// trace tells the steps that lead to a hazard.
func (t *translator) trace(p *machine.Program, st machine.Stuck) []string {
	var out []string
	for _, step := range st.Trace {
		if text := t.source(p, step.At); text != "" && step.Process >= 0 {
			out = append(out, fmt.Sprintf("%d: %s", step.Process, text))
		}
	}
	return out
}

// source returns the source text of an operation, on one line.
func (t *translator) source(p *machine.Program, at machine.Place) string {
	n := t.places[p.At(at).Tag].node
	if n == nil {
		return ""
	}
	if s, ok := n.(*ast.GoStmt); ok {
		return "go " + short(t.text(s.Call.Fun))
	}
	if c, ok := n.(*ast.CallExpr); ok {
		if _, ok := ast.Unparen(c.Fun).(*ast.FuncLit); ok {
			return "func()"
		}
	}
	if _, ok := n.(*ast.SelectStmt); ok {
		return "select"
	}
	if r, ok := n.(*ast.RangeStmt); ok {
		return "range " + short(t.text(r.X))
	}
	return short(t.text(n))
}

func short(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return text
}

// panics says how an operation that was added can panic.
func (t *translator) panics(pl place) string {
	text := short(t.text(pl.node))
	switch {
	case strings.HasPrefix(text, "close("):
		return fmt.Sprintf("%s may run twice, or before the channel is made", text)
	case strings.HasSuffix(text, ".Done()"):
		return fmt.Sprintf("%s may run more often than Add", text)
	}
	return fmt.Sprintf("%s may panic", text)
}

// stuck says why a process cannot proceed.
func (t *translator) stuck(p *machine.Program, s scenario, st machine.Stuck, pl place) string {
	waits := t.source(p, st.At)
	who := strip(pl.what)
	held := t.held(p, st)
	for _, o := range st.Others {
		if !o.Dead {
			continue
		}
		at := o.Calls[len(o.Calls)-1]
		op := p.At(at)
		if op.Kind == machine.Lock || op.Kind == machine.RLock {
			if by, ok := held[holder{op.Var, st.Process}]; ok {
				who := strip(p.Codes[by.At.Code].Name)
				return fmt.Sprintf("%s holds %s, which the goroutine takes before it can return", who, p.Vars[op.Var].Name)
			}
		}
	}
	if op := p.At(st.At); op.Kind == machine.Recv || op.Kind == machine.Wait {
		for _, c := range st.Calls[:len(st.Calls)-1] {
			if t.roots[c.Code] {
				return fmt.Sprintf("%s can run on the goroutine itself", who)
			}
		}
	}
	for _, o := range st.Others {
		at := o.Calls[len(o.Calls)-1]
		if text := t.source(p, at); o.Dead && text != "" && !t.places[p.At(at).Tag].introduced {
			return fmt.Sprintf("the goroutine may stay at %s, and %s waits for it", text, waits)
		}
	}
	if op := p.At(st.At); op.Kind == machine.Send {
		return fmt.Sprintf("%s may find nobody who receives", waits)
	}
	started := false
	for _, step := range st.Trace {
		started = started || p.At(step.At).Kind == machine.Spawn
	}
	switch {
	case !started && s.owner != nil:
		return fmt.Sprintf("%s may run before the goroutine is started, and waits for ever at %s", who, waits)
	case !started:
		return fmt.Sprintf("the goroutine may not be started, and %s waits for ever", waits)
	}
	return fmt.Sprintf("the goroutine can leave without releasing %s", waits)
}

// A holder is a process with a lock.
type holder struct{ lock, process int }

// held returns which step took the locks that are held at the end of a trace.
// A process that waits at a RWMutex after others have announced themselves
// counts too: it is not the one that is asked for.
func (t *translator) held(p *machine.Program, st machine.Stuck) map[holder]machine.Step {
	held := make(map[holder]machine.Step)
	for _, step := range st.Trace {
		switch op := p.At(step.At); op.Kind {
		case machine.Lock, machine.RLock, machine.TryLock, machine.TryRLock:
			held[holder{op.Var, step.Process}] = step
		case machine.Unlock, machine.RUnlock:
			delete(held, holder{op.Var, step.Process})
		}
	}
	return held
}

// strip turns (*T).Stop into Stop.
func strip(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i+1:]
	}
	return name
}
