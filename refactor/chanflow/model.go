// Package chanflow is the model that every rule reads: who starts which
// goroutine, who operates on which channel, lock and WaitGroup and under which
// circumstances, where a function may block or leave, and what a sleep waits
// for. Rules query it; they do not walk the tree again.
//
// It is built once per package from syntax and types, without SSA and without
// knowledge of other packages: calls out of the package are taken to return,
// except for the few that are known to serve or wait.
package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"

	"handshake/refactor"
)

// A Model answers questions about one package. It is immutable once built, and
// may be asked by several goroutines at a time.
type Model struct {
	Pkg    *refactor.Package
	Funcs  []*Func  // in source order
	Spawns []*Spawn // in source order
	Sleeps []*Sleep // in source order

	root    *tree
	frames  map[ast.Node]*Func            // *ast.FuncDecl or *ast.FuncLit to the frame that runs it
	byObj   map[types.Object]*Func        // functions, methods, and variables bound once to one
	values  map[types.Object]ast.Expr     // variables to the declared function or method value that they are bound to
	ops     map[types.Object][]*Op        // by Ref.Obj
	ctxOf   map[types.Object]types.Object // cancel function variable to its context variable
	effects effects                       // of all functions, numbered

	walked

	base *Model         // of the package that this one was made of, or nil
	gone []*declaration // of base

	residence residence // found on demand
}

type modelKey struct{}

// Of returns the model of the package, which is built on first use. Where the
// package has a base, so is that one's, and what did not change is taken over.
func Of(pkg *refactor.Package) *Model {
	return pkg.Memo(modelKey{}, func() any {
		if base := pkg.Base(); base != nil {
			return build(pkg, Of(base))
		}
		return build(pkg, nil)
	}).(*Model)
}

func build(pkg *refactor.Package, base *Model) *Model {
	syntax := make([]*ast.File, len(pkg.Files))
	for i, f := range pkg.Files {
		syntax[i] = f.Syntax
	}
	m := &Model{
		Pkg:       pkg,
		base:      base,
		root:      newTree(syntax),
		ops:       make(map[types.Object][]*Op),
		ctxOf:     make(map[types.Object]types.Object),
		residence: residence{stays: make(map[*Func]bool)},
	}
	b := &builder{Model: m}
	b.collect()
	m.propagate()
	return m
}

// OpsOn returns the operations on a channel, lock, WaitGroup or function
// variable or field, in source order.
func (m *Model) OpsOn(obj types.Object) []*Op {
	if obj == nil {
		return nil
	}
	return m.ops[obj]
}

// FuncOf returns the frame in which the code at pos runs, or nil outside of
// functions. A literal that is called or deferred in place runs in the frame
// around it.
func (m *Model) FuncOf(pos token.Pos) *Func {
	cur, ok := m.root.FindByPos(pos, pos)
	if !ok {
		return nil
	}
	for c := range cur.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		return m.frames[c.Node()]
	}
	return nil
}

// Callee returns the function of the package that a call runs, or nil if the
// call leaves the package, is dynamic, or runs a literal as part of the frame.
func (m *Model) Callee(call *ast.CallExpr) *Func {
	return m.function(call.Fun)
}

// function returns the function of the package that is the value of an
// expression, or nil. A literal that runs in the frame around it is none.
func (m *Model) function(e ast.Expr) *Func {
	if lit, ok := ast.Unparen(e).(*ast.FuncLit); ok {
		if m.ownFrame(lit) {
			return m.frames[lit]
		}
		return nil
	}
	return m.byObj[origin(m.used(e))]
}

// used returns what an expression names: by an identifier, a selector, or an
// explicit instantiation of either; nil if it is anything else.
func (m *Model) used(e ast.Expr) types.Object {
	e = ast.Unparen(e)
	switch x := e.(type) {
	case *ast.IndexExpr:
		e = ast.Unparen(x.X)
	case *ast.IndexListExpr:
		e = ast.Unparen(x.X)
	}
	switch x := e.(type) {
	case *ast.Ident:
		return m.Pkg.Info.Uses.Of(x)
	case *ast.SelectorExpr:
		return m.Pkg.Info.Uses.Of(x.Sel)
	}
	return nil
}

// Static returns the declared function or method that a call names, in this
// package or another, or nil if the call is dynamic.
func (m *Model) Static(call *ast.CallExpr) *types.Func {
	f, _ := m.used(call.Fun).(*types.Func)
	return f
}

// origin returns the generic function that an instantiated method stands for,
// or the object itself.
func origin(obj types.Object) types.Object {
	switch o := obj.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return obj
}

// A Func is a frame: a declared function or method, or a literal that runs on
// its own (spawned, stored or passed). Literals that are called or deferred in
// place belong to the frame around them.
type Func struct {
	Decl  *ast.FuncDecl // nil for a literal
	Lit   *ast.FuncLit  // nil for a declaration
	Obj   *types.Func   // the declared function or method, or nil
	Type  *ast.FuncType
	Body  *ast.BlockStmt
	File  *refactor.File
	Outer *Func // the frame around a literal, or nil
	Use   Use   // what becomes of a literal

	Ops    []*Op    // of this frame, in source order
	Spawns []*Spawn // started by this frame
	Sleeps []*Sleep

	model   *Model
	index   int  // in Model.Funcs
	written Use  // what becomes of it, as far as its declaration shows
	guarded bool // what runs it recovers from its panics
	recv    *types.Var
	calls   []*ast.CallExpr // in the package, by its name
	does    bitset          // the effects of a call, to a fixpoint
	kinds   uint32          // the kinds of these effects
}

// Use says what becomes of a function literal.
type Use int

const (
	Declared Use = iota // not a literal
	Spawned             // runs as a goroutine
	Bound               // assigned to a variable or field
	Passed              // argument of a call
	Cleanup             // passed to t.Cleanup, b.Cleanup, …
	Bubble              // the body of a testing/synctest bubble
	Spec                // the body of a Ginkgo It
	Returned            // anything else
)

// Name returns what people call the function: "Stop", "(*Server).Stop", or
// "the function literal".
func (f *Func) Name() string {
	if f.Decl == nil {
		return "the function literal"
	}
	if f.Decl.Recv == nil || len(f.Decl.Recv.List) == 0 {
		return f.Decl.Name.Name
	}
	return "(" + types.ExprString(f.Decl.Recv.List[0].Type) + ")." + f.Decl.Name.Name
}

// Node returns the syntax of the function.
func (f *Func) Node() ast.Node {
	if f.Decl != nil {
		return f.Decl
	}
	return f.Lit
}

// Top returns the outermost frame around f: its declaration.
func (f *Func) Top() *Func {
	for f.Outer != nil {
		f = f.Outer
	}
	return f
}

// Test returns the outermost frame around f that is still of the same test: its
// declaration, or the body of a Ginkgo It, beside which others stand.
func (f *Func) Test() *Func {
	for f.Outer != nil && f.Use != Spec {
		f = f.Outer
	}
	return f
}

// Recv returns the receiver variable of a method, or nil.
func (f *Func) Recv() *types.Var { return f.recv }

func (m *Model) receiverVar(d *ast.FuncDecl, f *types.Func) *types.Var {
	if f == nil {
		return nil
	}
	recv := f.Signature().Recv()
	if recv != nil && recv.Name() != "" { // what the body means: see refactor.Package.Try
		if v, ok := m.Pkg.Info.Defs.Of(d.Recv.List[0].Names[0]).(*types.Var); ok {
			return v
		}
	}
	return recv
}

// Params returns the declared parameters, in order; a blank or missing name
// yields a nil entry.
func (f *Func) Params() []types.Object {
	var out []types.Object
	for _, field := range f.Type.Params.List {
		if len(field.Names) == 0 {
			out = append(out, nil)
		}
		for _, name := range field.Names {
			if name.Name == "_" {
				out = append(out, nil)
			} else {
				out = append(out, f.model.Pkg.Info.Defs.Of(name))
			}
		}
	}
	return out
}

// IsMain reports whether f is the program's main function.
func (f *Func) IsMain() bool {
	return f.Decl != nil && f.Decl.Recv == nil && f.Decl.Name.Name == "main" && f.model.Pkg.Types.Name() == "main"
}

// Testing returns the *testing.T, *testing.B, *testing.F or testing.TB
// parameter of f or of a frame around it, or nil: what reports a failure here.
func (f *Func) Testing() types.Object {
	for ; f != nil; f = f.Outer {
		for _, p := range f.Params() {
			if p != nil && isTesting(p.Type()) {
				return p
			}
		}
	}
	return nil
}

// Owns reports whether the object is declared inside f: a parameter, a result
// or a local variable, also of the literals in it.
func (f *Func) Owns(obj types.Object) bool {
	n := f.Node()
	return obj != nil && n.Pos() <= obj.Pos() && obj.Pos() < n.End()
}
