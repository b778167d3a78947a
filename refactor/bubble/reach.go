package bubble

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// A reach is all code that a test may run: what it mentions may be called, by
// itself or by those to whom it is handed. A function value, a method behind an
// interface and a callback come from a mention as well, so that what is not in
// reach cannot run, provided that nothing of the outside is used: values come
// from what is in reach, too.
type reach struct {
	m    *chanflow.Model
	pkg  *refactor.Package
	unit ast.Node // the test: *ast.FuncDecl or *ast.FuncLit

	funcs  map[*chanflow.Func]bool // declared functions
	vars   map[*types.Var]bool     // of the outside
	types  map[*types.TypeName]bool
	code   []ast.Node // that was walked
	work   []*chanflow.Func
	reason string // why the test is not for a bubble, or ""

	waits []*types.Func // functions in reach that let time pass
	pipes bool          // what is read and written may block
	dated bool          // a point in time is given
	now   bool          // the clock is read
}

// reached returns what the statements of a test may run.
func reached(pkg *refactor.Package, m *chanflow.Model, unit *chanflow.Func, body []ast.Stmt) *reach {
	r := &reach{
		m: m, pkg: pkg, unit: unit.Node(),
		funcs: make(map[*chanflow.Func]bool), vars: make(map[*types.Var]bool), types: make(map[*types.TypeName]bool),
	}
	for _, s := range body {
		r.walk(s)
	}
	for len(r.work) > 0 && r.reason == "" {
		f := r.work[0]
		r.work = r.work[1:]
		r.walk(f.Body)
	}
	if r.dated && r.now {
		r.silent("the clock is compared with given points in time")
	}
	return r
}

// silent notes why the test is not for a bubble.
func (r *reach) silent(format string, args ...any) {
	if r.reason == "" {
		r.reason = fmt.Sprintf(format, args...)
	}
}

// walk looks at code and notes what it mentions.
func (r *reach) walk(code ast.Node) {
	r.code = append(r.code, code)
	ast.Inspect(code, func(n ast.Node) bool {
		if r.reason != "" {
			return false
		}
		switch n := n.(type) {
		case *ast.ForStmt:
			if r.spins(n) {
				r.silent("a loop spins: no time passes while it runs")
			}
		case *ast.Ident:
			r.mention(r.pkg.Info.Uses.Of(n))
		}
		return true
	})
}

func (r *reach) mention(obj types.Object) {
	if obj == nil || obj.Pkg() == nil || r.pkg.Declares(obj) {
		switch obj := obj.(type) {
		case *types.Func:
			r.call(obj)
		case *types.Var:
			if !obj.IsField() && (obj.Parent() == r.pkg.Types.Scope() || !r.within(obj) && obj.Parent() != nil && r.outer(obj)) {
				r.outside(obj)
			}
		case *types.TypeName:
			r.made(obj)
		}
		return
	}
	if !usable(obj) {
		r.silent("%s.%s is not known to be free of I/O", obj.Pkg().Name(), obj.Name())
		return
	}
	f, ok := obj.(*types.Func)
	if !ok {
		return
	}
	if letsPass(f) {
		r.waits = append(r.waits, f)
	}
	switch name := f.FullName(); name {
	case "io.Pipe", "net.Pipe":
		r.pipes = true
	case "time.Now", "time.Since", "time.Until":
		r.now = true
	case "time.Date", "time.Unix", "time.UnixMilli", "time.UnixMicro", "time.Parse", "time.ParseInLocation":
		r.dated = true
	}
}

// outer reports whether a local variable belongs to a function around the test,
// and not to one that the test calls.
func (r *reach) outer(v *types.Var) bool {
	lit, ok := r.unit.(*ast.FuncLit)
	if !ok {
		return false
	}
	for f := r.m.FuncOf(lit.Pos()); f != nil; f = f.Outer {
		if f.Owns(v) {
			return true
		}
	}
	return false
}

func (r *reach) within(obj types.Object) bool {
	return r.unit.Pos() <= obj.Pos() && obj.Pos() < r.unit.End()
}

// call notes a function or method of the package, and behind a method of an
// interface all of its name.
func (r *reach) call(f *types.Func) {
	f = f.Origin()
	recv := f.Signature().Recv()
	if recv != nil && types.IsInterface(recv.Type()) {
		for _, g := range r.m.MethodsNamed(f.Name()) {
			r.enqueue(g)
		}
		return
	}
	g := r.m.Declared(f)
	if g == nil {
		r.silent("%s has no body in Go", f.Name())
		return
	}
	r.enqueue(g)
}

func (r *reach) enqueue(f *chanflow.Func) {
	if f.Node() == r.unit || r.funcs[f] {
		return
	}
	r.funcs[f] = true
	if strings.HasPrefix(f.File.ReadOnly, "it uses cgo") {
		r.silent("%s uses cgo", f.Name())
	}
	r.work = append(r.work, f)
}

// callbacks are the methods by which usable packages call what they are handed.
var callbacks = set(`Accept Addr As Close Deadline Done Enabled Err Error Format Get GoString Handle Is Len Less LocalAddr Lock MarshalBinary MarshalJSON
	MarshalText MarshalXML Next Pop Push Put Read ReadAt ReadByte ReadFrom ReadRune RemoteAddr RoundTrip Scan Seek ServeHTTP SetDeadline SetReadDeadline
	SetWriteDeadline Sort String Swap Temporary Timeout Unlock UnmarshalBinary UnmarshalJSON UnmarshalText UnmarshalXML UnreadByte Unwrap Value
	WithAttrs WithGroup Write WriteAt WriteByte WriteHeader WriteString WriteTo`)

// made notes a type of the package, whose methods other packages may call back.
func (r *reach) made(name *types.TypeName) {
	if r.types[name] || name.IsAlias() {
		return
	}
	r.types[name] = true
	if types.IsInterface(name.Type()) {
		return
	}
	for sel := range types.NewMethodSet(types.NewPointer(name.Type())).Methods() {
		f := sel.Obj().(*types.Func)
		if !callbacks[f.Name()] || !r.pkg.Declares(f) {
			continue
		}
		if g := r.m.Declared(f.Origin()); g != nil {
			r.pipes = r.pipes || g.MayStay()
			r.enqueue(g)
		}
	}
}

// runs reports whether the code at a node is in reach.
func (r *reach) runs(n ast.Node) bool {
	for _, code := range r.code {
		if code.Pos() <= n.Pos() && n.End() <= code.End() {
			return true
		}
	}
	return false
}

// spins reports whether a loop may go round without ever being blocked until
// somebody else, or the clock, changes what it looks at: no time passes then.
func (r *reach) spins(loop *ast.ForStmt) bool {
	if loop.Post != nil && loop.Cond != nil {
		return false
	}
	asks := loop.Cond == nil
	if loop.Cond != nil {
		ast.Inspect(loop.Cond, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				f := r.m.Static(call)
				asks = asks || f != nil && f.Pkg() != nil && (f.Pkg().Path() == "sync/atomic" || f.Pkg().Path() == "time")
			}
			return true
		})
	}
	if !asks {
		return false
	}
	blocks, polls := false, loop.Cond != nil
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.SelectStmt:
			wait := true
			for _, c := range n.Body.List {
				wait = wait && c.(*ast.CommClause).Comm != nil
			}
			blocks = blocks || wait
			if !wait {
				polls = true
				for _, c := range n.Body.List {
					for _, s := range c.(*ast.CommClause).Body {
						blocks = blocks || r.m.Resident(s) || r.sleeps(s)
					}
				}
				return false
			}
		case *ast.SendStmt:
			blocks = true
		case *ast.UnaryExpr:
			blocks = blocks || n.Op.String() == "<-"
		case *ast.CallExpr:
			f := r.m.Static(n)
			switch {
			case f == nil:
			case f.Pkg() != nil && f.Pkg().Path() == "sync/atomic":
				polls = polls || strings.HasPrefix(f.Name(), "Load")
				blocks = blocks || strings.HasPrefix(f.Name(), "CompareAndSwap") // until nobody else was faster
			case r.now && f.FullName() == "time.Now", f.FullName() == "time.Since":
				polls = true
			}
			for _, g := range r.m.Targets(n) {
				blocks = blocks || g.MayStay() || len(g.Sleeps) > 0
			}
			blocks = blocks || f != nil && f.FullName() == "time.Sleep" || f != nil && r.m.Callee(n) == nil && mayBlock(f, true)
		}
		return true
	})
	return polls && !blocks
}

// sleeps reports whether a statement sleeps.
func (r *reach) sleeps(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			f := r.m.Static(call)
			found = found || f != nil && f.FullName() == "time.Sleep"
		}
		return !found
	})
	return found
}
