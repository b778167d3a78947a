package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"sync"

	"golang.org/x/tools/go/ast/inspector"
)

// SpawnKind is how a goroutine is started.
type SpawnKind int

const (
	GoStmt     SpawnKind = 1 + iota // go f()
	GroupGo                         // (*sync.WaitGroup).Go
	ErrgroupGo                      // (*errgroup.Group).Go
	Starter                         // a function of the package that starts its argument
)

// groupGo returns the kind of spawn that a call of f with a function is, or 0.
func groupGo(f *types.Func) SpawnKind {
	if f == nil || f.Name() != "Go" {
		return 0
	}
	switch f.FullName() {
	case "(*sync.WaitGroup).Go":
		return GroupGo
	case "(*golang.org/x/sync/errgroup.Group).Go":
		return ErrgroupGo
	}
	return 0
}

// A Spawn is a place that starts a goroutine.
type Spawn struct {
	Kind   SpawnKind
	Stmt   ast.Stmt      // the go statement, or the statement that is the call of Go or of a starter
	Call   *ast.CallExpr // f(x) in go f(x); g.Go(f) otherwise
	Fn     *Func         // the frame that starts it
	Body   *Func         // what runs, if it is a literal or of this package, else nil
	Static *types.Func   // what runs, if it is a declared function or method, else nil
	Group  Ref           // the group of a GroupGo or ErrgroupGo

	arg   int    // of Call, which is what runs, unless it is a GoStmt
	inner *Spawn // of a Starter: the one inside of it

	runOnce sync.Once
	run     *Run
}

// Fun returns the expression of what runs.
func (s *Spawn) Fun() ast.Expr {
	if s.Kind == GoStmt {
		return s.Call.Fun
	}
	return s.Call.Args[s.arg]
}

func (b *builder) spawn(stmt ast.Stmt, call *ast.CallExpr, kind SpawnKind) {
	ctx := b.top()
	if ctx == nil {
		return
	}
	s := &Spawn{Kind: kind, Stmt: stmt, Call: call, Fn: ctx.fn}
	if kind != GoStmt {
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
			s.Group = b.receiver(sel)
		}
	}
	b.spawns = append(b.spawns, s)
	ctx.fn.Spawns = append(ctx.fn.Spawns, s)
}

// resolve finds the body of a spawn once all functions are known.
func (b *builder) resolve(s *Spawn) {
	if s.Kind == GoStmt {
		s.Body, s.Static = b.Callee(s.Call), b.Static(s.Call)
		if s.Body == nil {
			s.Body = b.sole(s.Call)
		}
		return
	}
	s.Body = b.function(s.Fun())
	s.Static, _ = b.used(s.Fun()).(*types.Func)
}

// Lit returns the literal that the spawn runs, or nil.
func (s *Spawn) Lit() *ast.FuncLit {
	if s.Body == nil {
		return nil
	}
	lit, _ := ast.Unparen(s.Fun()).(*ast.FuncLit)
	return lit
}

func (s *Spawn) cur() inspector.Cursor { return s.Fn.model.cursor(s.Stmt) }

// Loop returns the innermost loop of the spawner around the spawn, or nil.
func (s *Spawn) Loop() ast.Stmt { return s.Fn.model.loopOf(s.cur()) }

// Conditional reports whether the spawner can pass the spawn by.
func (s *Spawn) Conditional() bool { return s.Fn.model.conditional(s.cur()) }

// Outside translates a reference in the spawned body to the spawner's terms: a
// parameter becomes the argument passed for it, the receiver the value that
// the method is called on; what is captured stays. Obj is nil for what is
// local to the body, or passed as anything but a variable or field.
func (s *Spawn) Outside(r Ref) Ref {
	if s.Body == nil {
		return Ref{}
	}
	if s.Kind == GoStmt {
		return s.Body.outside(r, s.Call)
	}
	if r.Base == nil || !s.Body.Owns(r.Base) {
		return r // opaque, captured or global
	}
	if recv := s.Body.Recv(); recv != nil && r.Base == recv {
		if sel, ok := ast.Unparen(s.Fun()).(*ast.SelectorExpr); ok { // g.Go(x.method)
			return rebase(r, s.Body.model.Ref(sel.X))
		}
	}
	return Ref{}
}

// outside translates a reference in f to the terms of a caller.
func (f *Func) outside(r Ref, call *ast.CallExpr) Ref {
	if r.Base == nil {
		return r // a field that is reached through something opaque
	}
	if !f.Owns(r.Base) {
		return r // captured or global
	}
	args := call.Args
	if recv := f.Recv(); recv != nil {
		sel, ok := ast.Unparen(f.model.called(call)).(*ast.SelectorExpr)
		if !ok {
			return Ref{}
		}
		of := sel.X
		if f.model.Pkg.Info.Types.Of(of).IsType() { // T.method(x, …)
			if len(args) == 0 {
				return Ref{}
			}
			of, args = args[0], args[1:]
		}
		if r.Base == recv {
			return rebase(r, f.model.Ref(of))
		}
	}
	params := f.Params()
	i := slices.Index(params, r.Base)
	if i < 0 || i >= len(args) || i == len(params)-1 && f.variadic() {
		return Ref{}
	}
	return rebase(r, f.model.Ref(args[i]))
}

func (f *Func) variadic() bool {
	list := f.Type.Params.List
	_, ok := list[len(list)-1].Type.(*ast.Ellipsis)
	return ok
}

// rebase returns r, which starts at a parameter, as starting at the argument.
func rebase(r, arg Ref) Ref {
	if r.Obj == r.Base { // the parameter itself
		arg.Context = arg.Context || r.Context
		arg.Elem = arg.Elem || r.Elem
		return arg
	}
	r.Base = arg.Base
	return r
}

// Head returns the range of the source that starts the goroutine, without the
// body of a literal and without arguments: "go worker", "go func()", "wg.Go".
func (s *Spawn) Head() (pos, end token.Pos) {
	end = s.Call.Fun.End()
	if lit, ok := s.Call.Fun.(*ast.FuncLit); ok {
		end = lit.Type.End()
	}
	return s.Stmt.Pos(), end
}
