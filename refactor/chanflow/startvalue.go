package chanflow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A StartValue is a variable of the parent's that a goroutine sets once before
// it tells that it has started, and that means nothing before that:
//
//	var addr string
//	started := make(chan struct{})
//	go func() { …; addr = ln.Addr().String(); close(started); … }()
//	<-started
//	dial(addr)
type StartValue struct {
	*StartSignal
	Value *types.Var
	Decl  *ast.DeclStmt // declares nothing else
	Type  ast.Expr
	Write *ast.AssignStmt // the only one
	Next  bool            // nothing is between the write and the signal

	// Local is set if the wait is no case of a select: the variable can be
	// declared there.
	Local bool

	Withheld string // why the signal cannot carry it, or ""
}

// StartValues returns the values that started signals could carry, in source
// order. Where the goroutine sets several, the first one counts.
func (m *Model) StartValues() []*StartValue {
	var out []*StartValue
	for _, s := range m.StartSignals() {
		if s.Param != nil || s.Spawn.Lit() == nil {
			continue
		}
		for _, st := range s.Spawn.Body.Body.List {
			if st == s.Close.Stmt() {
				break
			}
			if v := m.startValue(s, st); v != nil {
				out = append(out, v)
				break
			}
		}
	}
	return out
}

func (m *Model) startValue(s *StartSignal, st ast.Stmt) *StartValue {
	as, ok := st.(*ast.AssignStmt)
	if !ok || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
		return nil
	}
	id, ok := as.Lhs[0].(*ast.Ident)
	if !ok {
		return nil
	}
	obj, ok := m.Pkg.Info.Uses.Of(id).(*types.Var)
	if !ok || !s.Make.Fn.Owns(obj) || s.Spawn.Body.Owns(obj) {
		return nil
	}
	v := &StartValue{StartSignal: s, Value: obj, Write: as}
	wait := s.Wait.Stmt()
	if s.Wait.Select != nil {
		wait = s.Wait.Select
	}
	beside, i := siblings(m.cursor(wait))
	for _, st := range beside[:max(i, 0)] {
		v.declared(m, st)
	}
	if v.Decl == nil {
		return nil
	}
	later := false
	for _, cur := range m.references(obj) {
		switch n := cur.Node(); {
		case n.Pos() > wait.End():
			later = true
		case n != ast.Node(id):
			return nil
		}
	}
	if !later {
		return nil
	}
	v.Local = s.Wait.Select == nil
	list := s.Spawn.Body.Body.List
	v.Next = slices.Index(list, st)+1 == slices.Index(list, s.Close.Stmt())
	for _, early := range s.Early {
		if early.Node.Pos() > as.Pos() {
			v.Withheld = "the goroutine can signal otherwise after it has set " + obj.Name()
		}
	}
	return v
}

// declared notes that the statement declares the variable, and nothing else.
func (v *StartValue) declared(m *Model, st ast.Stmt) {
	d, ok := st.(*ast.DeclStmt)
	if !ok {
		return
	}
	gen := d.Decl.(*ast.GenDecl)
	if len(gen.Specs) != 1 {
		return
	}
	spec, ok := gen.Specs[0].(*ast.ValueSpec)
	if ok && len(spec.Names) == 1 && spec.Type != nil && len(spec.Values) == 0 && m.Pkg.Info.Defs.Of(spec.Names[0]) == types.Object(v.Value) {
		v.Decl, v.Type = d, spec.Type
	}
}
