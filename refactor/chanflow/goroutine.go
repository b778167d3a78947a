package chanflow

import (
	"slices"
	"strings"
)

// A Goroutine is one on which a frame runs, as far as the package shows: the one
// that Spawn starts, or, if that is nil, that of whoever calls Entry.
type Goroutine struct {
	Spawn *Spawn
	Entry *Func
}

// Goroutines returns the goroutines on which a frame may run, in source order:
// those that are started with it or with a function that calls it, and those of
// the callers that are out of sight, which stand for tests that call it as well.
func (m *Model) Goroutines(f *Func) []Goroutine {
	type key struct{ f *Func }
	return m.Pkg.Memo(key{f}, func() any {
		w := &climb{Model: m, seen: make(map[*Func]bool)}
		w.up(f)
		slices.SortFunc(w.found, func(a, b Goroutine) int { return int(a.pos() - b.pos()) })
		return slices.Compact(w.found)
	}).([]Goroutine)
}

func (g Goroutine) pos() int {
	if g.Spawn != nil {
		return int(g.Spawn.Stmt.Pos())
	}
	return int(g.Entry.Node().Pos())
}

// A climb goes from a frame up to where its goroutines begin.
type climb struct {
	*Model
	seen  map[*Func]bool
	found []Goroutine
}

func (w *climb) up(f *Func) {
	if w.seen[f] {
		return
	}
	w.seen[f] = true
	n := len(w.found)
	for _, sp := range w.uses().spawns[f] {
		w.found = append(w.found, Goroutine{Spawn: sp})
	}
	if (f.Use == Bubble || f.Use == Cleanup) && f.Outer != nil {
		w.up(f.Outer)
		return
	}
	if f.Use == Spawned {
		return
	}
	if !w.known(f) || f.IsMain() {
		w.found = append(w.found, Goroutine{Entry: f})
		return
	}
	var tests, calls []*Op
	for _, op := range w.uses().calls[f] {
		if inTest(op.Fn) && !inTest(f) {
			tests = append(tests, op)
		} else {
			calls = append(calls, op)
		}
	}
	if len(calls) == 0 && n == len(w.found) {
		calls = tests
	}
	for _, op := range calls {
		w.up(op.Fn)
	}
	if len(calls) == 0 && n == len(w.found) {
		w.found = append(w.found, Goroutine{Entry: f}) // nobody calls it
	}
}

func inTest(f *Func) bool { return strings.HasSuffix(f.File.Name, "_test.go") }
