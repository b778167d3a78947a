package chanflow

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"sync"
)

// residence remembers which functions may stay.
type residence struct {
	mu    sync.Mutex
	stays map[*Func]bool
	// While a question is being answered: the functions on the way to the one
	// that is looked at and behind it, and whether one of them was met again.
	asked []*Func
	again bool
}

// MayStay reports whether a call of f may never return: it contains a resident
// statement.
func (f *Func) MayStay() bool {
	f.model.residence.mu.Lock()
	defer f.model.residence.mu.Unlock()
	return f.mayStay()
}

func (f *Func) mayStay() bool {
	r := &f.model.residence
	if stays, ok := r.stays[f]; ok {
		r.again = r.again || slices.Contains(r.asked, f)
		return stays
	}
	outermost := len(r.asked) == 0
	r.stays[f] = false // recursion alone does not stay
	r.asked = append(r.asked, f)
	r.stays[f] = slices.ContainsFunc(f.Body.List, f.model.resident)
	if !outermost {
		return r.stays[f]
	}
	if r.again && slices.ContainsFunc(r.asked, func(f *Func) bool { return r.stays[f] }) {
		// Those that are taken to return may call one that was not known to stay.
		for _, f := range r.asked {
			if !r.stays[f] {
				delete(r.stays, f)
			}
		}
	}
	stays := r.stays[f]
	r.asked, r.again = nil, false
	return stays
}

// Split divides the body of a function into its prefix, the statements that
// run before the first resident one, and the rest, which begins with it. A
// resident statement is one that may not return: an endless loop, a range over
// a channel, a select without default, a bare channel operation, a Wait, an
// Accept, a Serve, a loop that sleeps, or a call of a function that has one.
func (f *Func) Split() (prefix, rest []ast.Stmt) {
	list := f.Body.List
	for i, s := range list {
		if f.model.Resident(s) {
			return list[:i], list[i:]
		}
	}
	return list, nil
}

// Resident reports whether a statement, or one inside it, may not return.
// Deferred calls run later and do not count, nor do literals that are only
// made here.
func (m *Model) Resident(s ast.Stmt) bool {
	m.residence.mu.Lock()
	defer m.residence.mu.Unlock()
	return m.resident(s)
}

func (m *Model) resident(s ast.Stmt) bool {
	stay := false
	var loops int
	var visit func(n ast.Node) bool
	arguments := func(call *ast.CallExpr) { // of a go or defer statement: evaluated here
		for _, arg := range call.Args {
			if _, ok := ast.Unparen(arg).(*ast.FuncLit); !ok {
				ast.Inspect(arg, visit)
			}
		}
	}
	visit = func(n ast.Node) bool {
		if stay {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return !m.ownFrame(n)
		case *ast.GoStmt:
			arguments(n.Call)
			return false
		case *ast.DeferStmt:
			arguments(n.Call)
			return false
		case *ast.ForStmt:
			if n.Cond == nil || m.spins(n) { // left on an error or an answer, if ever
				stay = true
				return false
			}
			if n.Init != nil {
				ast.Inspect(n.Init, visit)
			}
			loops++
			ast.Inspect(n.Cond, visit)
			if n.Post != nil {
				ast.Inspect(n.Post, visit)
			}
			ast.Inspect(n.Body, visit)
			loops--
			return false
		case *ast.RangeStmt:
			if IsChan(m.Pkg.Info.TypeOf(n.X)) != nil || m.iteratorStays(n.X) {
				stay = true
				return false
			}
			ast.Inspect(n.X, visit)
			loops++
			ast.Inspect(n.Body, visit)
			loops--
			return false
		case *ast.BranchStmt:
			if n.Tok == token.GOTO && n.Label != nil {
				if to := m.Pkg.Info.Uses.Of(n.Label); to != nil && to.Pos() < n.Pos() {
					stay = true // a loop
				}
			}
		case *ast.SelectStmt:
			if !hasDefault(n) {
				stay = true
				return false
			}
			for _, c := range n.Body.List { // the cases are tried, not waited for
				for _, s := range c.(*ast.CommClause).Body {
					ast.Inspect(s, visit)
				}
			}
			return false
		case *ast.SendStmt:
			if !m.buffered(n.Chan) {
				stay = true
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && !m.isTimer(n.X) {
				stay = true
			}
		case *ast.CallExpr:
			if m.callStays(n, loops > 0) {
				stay = true
			}
		}
		return !stay
	}
	ast.Inspect(s, visit)
	return stay
}

// staysUp reports whether the code, once begun, goes on until somebody ends it: it
// serves, or has an endless loop or one over a channel, itself or in a function
// that it calls; or, if parks is set, it waits for anybody in another way. Code
// that only tries a few times does not go on.
func (m *Model) staysUp(code ast.Node, parks bool, seen map[*Func]bool) bool {
	on := false
	ast.Inspect(code, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt, *ast.DeferStmt:
			return false
		case *ast.ForStmt:
			on = on || n.Cond == nil
		case *ast.RangeStmt:
			on = on || IsChan(m.Pkg.Info.TypeOf(n.X)) != nil
		case *ast.SelectStmt:
			on = on || parks && !hasDefault(n)
		case *ast.UnaryExpr:
			on = on || parks && n.Op == token.ARROW && !m.isTimer(n.X)
		case *ast.CallExpr:
			on = on || m.callStaysUp(n, parks, seen)
		}
		return !on
	})
	return on
}

// callStaysUp reports it of what is called.
func (m *Model) callStaysUp(call *ast.CallExpr, parks bool, seen map[*Func]bool) bool {
	for _, f := range m.Targets(call) {
		if !seen[f] {
			seen[f] = true
			if m.staysUp(f.Body, parks, seen) {
				return true
			}
		}
	}
	f := m.Static(call)
	return f != nil && (parks || f.Name() != "Wait") && serves(f)
}

func hasDefault(s *ast.SelectStmt) bool {
	for _, c := range s.Body.List {
		if c.(*ast.CommClause).Comm == nil {
			return true
		}
	}
	return false
}

// callStays reports whether a call may not return.
func (m *Model) callStays(call *ast.CallExpr, inLoop bool) bool {
	if f := m.Callee(call); f != nil && f.Lit == nil || f != nil && f.Use == Bound {
		return f.mayStay()
	}
	f := m.Static(call)
	if f == nil {
		return false
	}
	if inLoop && (f.FullName() == "time.Sleep" || f.Signature().Recv() != nil && blocks(f)) {
		return true // polling, pacing, or reading until the end
	}
	if kind, ok := syncKind(f); ok {
		return kind == Wait
	}
	return serves(f)
}

// isTimer reports whether the channel is one that time itself closes in on.
func (m *Model) isTimer(ch ast.Expr) bool {
	switch x := ast.Unparen(ch).(type) {
	case *ast.CallExpr:
		return fullName(m.Static(x)) == "time.After"
	case *ast.SelectorExpr:
		return x.Sel.Name == "C" && isNamed(m.Pkg.Info.TypeOf(x.X), "time", "Timer")
	}
	return false
}

// buffered reports whether every make of the channel gives it a capacity that
// is a positive constant, so that at least the first send does not block.
func (m *Model) buffered(ch ast.Expr) bool {
	n, ok := m.Capacity(m.Ref(ch).Obj)
	return ok && n > 0
}

// Capacity returns the constant capacity that every make of the channel
// variable or field gives it; ok is false if it is made nowhere in the
// package, differently, or with a capacity that is no constant.
func (m *Model) Capacity(obj types.Object) (n int64, ok bool) {
	for _, op := range m.OpsOn(obj) {
		if op.Kind != Make {
			continue
		}
		c, known := m.MakeCap(op.Node.(*ast.CallExpr))
		if !known || ok && c != n {
			return 0, false
		}
		n, ok = c, true
	}
	return n, ok
}

// MakeCap returns the capacity of a make(chan T, n); ok is false if it is no
// constant.
func (m *Model) MakeCap(call *ast.CallExpr) (n int64, ok bool) {
	if len(call.Args) < 2 {
		return 0, true
	}
	v := m.Pkg.Info.Types.Of(call.Args[1]).Value
	if v == nil {
		return 0, false
	}
	return constant.Int64Val(constant.ToInt(v))
}

// Passes reports whether a resident statement is known to let its goroutine go
// on by itself, in time: it holds a select with a timer, or with a send that a
// buffer may take. An endless loop does not end with its select.
func (m *Model) Passes(s ast.Stmt) bool {
	if loop, ok := s.(*ast.ForStmt); ok && loop.Cond == nil {
		return false
	}
	passes := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CommClause:
			switch comm := n.Comm.(type) {
			case *ast.SendStmt:
				passes = passes || m.buffered(comm.Chan)
			case ast.Stmt:
				ast.Inspect(comm, func(n ast.Node) bool {
					recv, ok := n.(*ast.UnaryExpr)
					passes = passes || ok && recv.Op == token.ARROW && m.isTimer(recv.X)
					return true
				})
			}
		}
		return true
	})
	return passes
}
