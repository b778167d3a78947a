package refactor

import (
	"bytes"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A bodyChange is a file of which only function bodies and imports change.
type bodyChange struct {
	old, new *File
	before   []*ast.FuncDecl // those of old that change
	after    []*ast.FuncDecl // the same ones of new
	at       []int           // where in new the declarations of old are, but those of imports
}

// tryBodies returns the package with the edited files if only function bodies
// and imports changed and a type-check of these shows no error. Everything else
// is taken over from p: no function body has a say in what is declared outside
// of it, or in the types of another. It returns nil if With must decide.
func (p *Package) tryBodies(files []*File) *Package {
	if len(p.Errors) > 0 || p.Types == nil {
		return nil // errors are told apart by their number in the whole package
	}
	var changes []*bodyChange
	for i, f := range files {
		if f.Syntax == p.Files[i].Syntax {
			continue
		}
		c := p.compare(p.Files[i], f, nil)
		if c == nil {
			return nil
		}
		changes = append(changes, c)
	}
	info := p.checkBodies(changes)
	if info == nil {
		return nil
	}
	for _, c := range changes {
		if p.reachMore(c, info) || !p.importsServe(c, info) {
			return nil
		}
	}
	return p.replaced(files, changes, info)
}

// compare returns what changes from old to new, or nil if that is more than
// imports and the bodies of functions without type parameters. If a function of
// old is given, the syntax of new has nothing else, and the rest is the same.
func (p *Package) compare(old, new *File, only *ast.FuncDecl) *bodyChange {
	was, is := ownDecls(old.Syntax), ownDecls(new.Syntax)
	c := &bodyChange{old: old, new: new}
	by := 0 // how far what comes next has moved
	if only != nil {
		by = len(new.Src) - len(old.Src)
		for _, d := range was {
			at := old.Tok.Offset(d.Pos())
			if d.Pos() > only.Pos() {
				at += by
			}
			c.at = append(c.at, at)
		}
		was = []ast.Decl{only}
	}
	if len(was) != len(is) || old.Syntax.Name.Name != new.Syntax.Name.Name ||
		!bytes.Equal(old.Src[:old.Tok.Offset(old.Syntax.Package)], new.Src[:new.Tok.Offset(new.Syntax.Package)]) { // build constraints
		return nil
	}
	for i, d := range was {
		before, ok := d.(*ast.FuncDecl)
		if only == nil {
			c.at = append(c.at, new.Tok.Offset(is[i].Pos()))
		} else if new.Tok.Offset(is[i].End()) != old.Tok.Offset(d.End())+by {
			return nil // it ends elsewhere
		}
		if old.Text(d.Pos(), d.End()) == new.Text(is[i].Pos(), is[i].End()) {
			continue
		}
		after, too := is[i].(*ast.FuncDecl)
		if !ok || !too || before.Body == nil || after.Body == nil || generic(after) ||
			old.Text(d.Pos(), before.Body.Pos()) != new.Text(after.Pos(), after.Body.Pos()) {
			return nil
		}
		c.before, c.after = append(c.before, before), append(c.after, after)
	}
	return c
}

// ownDecls returns the declarations of a file but those of imports.
func ownDecls(f *ast.File) []ast.Decl {
	return slices.DeleteFunc(slices.Clone(f.Decls), isImport)
}

func isImport(d ast.Decl) bool {
	g, ok := d.(*ast.GenDecl)
	return ok && g.Tok == token.IMPORT
}

// generic reports whether a function or its receiver has type parameters: in a
// check of its own it would get others.
func generic(d *ast.FuncDecl) bool {
	if d.Type.TypeParams != nil {
		return true
	}
	if d.Recv == nil {
		return false
	}
	found := false
	ast.Inspect(d.Recv, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			found = true
		}
		return !found
	})
	return found
}

// checkBodies type-checks the functions that change, as nameless functions of a
// package of its own in which the declarations of p are in scope: p itself stays
// as it is. It returns nil if there is an error. That a value of an unexported
// field is implicit would be one, too, as the package is another.
func (p *Package) checkBodies(changes []*bodyChange) *types.Info {
	pkg := types.NewPackage(p.Types.Path(), p.Types.Name())
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		pkg.Scope().Insert(scope.Lookup(name))
	}
	info := newInfo()
	config := p.Config
	var errs []types.Error
	config.Error = collect(&errs)
	checked := make(map[*ast.FuncDecl]*ast.FuncDecl)
	var syntax []*ast.File
	for _, c := range changes {
		f := *c.new.Syntax
		f.Decls = nil
		for _, d := range c.new.Syntax.Decls {
			if isImport(d) {
				f.Decls = append(f.Decls, d)
			}
		}
		for _, d := range c.after {
			checked[d] = nameless(d)
			f.Decls = append(f.Decls, checked[d])
		}
		syntax = append(syntax, &f)
	}
	types.NewChecker(&config, p.Fset, pkg, info).Files(syntax) // errors are in errs
	for _, e := range errs {
		if !strings.HasSuffix(e.Msg, " and not used") || !strings.Contains(e.Msg, " imported ") {
			return nil // else it may be used in the rest of the file
		}
	}
	for _, c := range changes {
		for j, d := range c.after {
			fn := checked[d]
			info.Defs[d.Name] = p.Info.Defs.Of(c.before[j].Name)
			info.Scopes[d.Type] = info.Scopes[fn.Type]
			delete(info.Scopes, fn.Type)
			delete(info.Defs, fn.Name)
		}
	}
	return info
}

// nameless returns a function that takes the receiver of d as its first
// parameter and has the parameters, results and body of d.
func nameless(d *ast.FuncDecl) *ast.FuncDecl {
	blank := func() *ast.Ident { return &ast.Ident{NamePos: d.Name.NamePos, Name: "_"} }
	typ, params := *d.Type, *d.Type.Params
	params.List = nil
	if d.Recv != nil {
		params.List = append(params.List, d.Recv.List...)
	}
	params.List = append(params.List, d.Type.Params.List...)
	for i, field := range params.List {
		if len(field.Names) == 0 { // all have names or none
			f := *field
			f.Names = []*ast.Ident{blank()}
			params.List[i] = &f
		}
	}
	typ.Params = &params
	return &ast.FuncDecl{Name: blank(), Type: &typ, Body: d.Body}
}

// reachMore reports whether a body mentions a function or variable of the
// package that it did not mention before. Variables could then be initialised
// in a circle.
func (p *Package) reachMore(c *bodyChange, info *types.Info) bool {
	for i, d := range c.after {
		was := p.mentioned(c.before[i], p.Info.Uses.Of)
		for obj := range p.mentioned(d, func(id *ast.Ident) types.Object { return info.Uses[id] }) {
			if !was[obj] {
				return true
			}
		}
	}
	return false
}

func (p *Package) mentioned(d *ast.FuncDecl, uses func(*ast.Ident) types.Object) map[types.Object]bool {
	out := make(map[types.Object]bool)
	ast.Inspect(d.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			switch obj := uses(id).(type) {
			case *types.Func:
				if p.Declares(obj) {
					out[obj.Origin()] = true
				}
			case *types.Var:
				if obj.Parent() == p.Types.Scope() {
					out[obj] = true
				}
			}
		}
		return true
	})
	return out
}

// importsServe reports whether the imports of the new file are what the
// functions that did not change need, and all of them are used.
func (p *Package) importsServe(c *bodyChange, info *types.Info) bool {
	needed := make(map[string]string) // path by name, in what did not change
	for _, d := range ownDecls(c.old.Syntax) {
		if fn, ok := d.(*ast.FuncDecl); ok && slices.Contains(c.before, fn) {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if name, ok := p.Info.Uses.Of(id).(*types.PkgName); ok {
					needed[name.Name()] = name.Imported().Path()
				}
			}
			return true
		})
	}
	used := make(map[types.Object]bool)
	for _, obj := range info.Uses {
		if name, ok := obj.(*types.PkgName); ok {
			used[name] = true
		}
	}
	for _, spec := range c.new.Syntax.Imports {
		obj := info.Implicits[spec]
		if spec.Name != nil {
			if spec.Name.Name == "_" {
				continue
			}
			obj = info.Defs[spec.Name]
		}
		name, ok := obj.(*types.PkgName)
		if !ok || name.Name() == "." || types.Universe.Lookup(name.Name()) != nil {
			return false
		}
		if needed[name.Name()] == name.Imported().Path() {
			delete(needed, name.Name())
		} else if !used[name] {
			return false
		}
	}
	return len(needed) == 0
}

// replaced returns the package in which the functions that changed stand in
// for those that they replace.
func (p *Package) replaced(files []*File, changes []*bodyChange, info *types.Info) *Package {
	after := &Package{ID: p.ID, Path: p.Path, Fset: p.Fset, Types: p.Types, Config: p.Config, Excluded: p.Excluded, Partial: true, base: p, moved: make(map[string][]move)}
	var gone []ast.Node
	for _, c := range changes {
		for _, d := range c.before {
			gone = append(gone, d)
		}
	}
	after.Info = p.Info.with(info, gone)
	for i, f := range files {
		at := slices.IndexFunc(changes, func(c *bodyChange) bool { return c.new == f })
		if at < 0 {
			after.Files = append(after.Files, p.Files[i])
			continue
		}
		c := changes[at]
		rest := *c.old
		rest.Name = aside(f.Name)
		after.moved[f.Name] = c.moves()
		rest.Syntax = only(c.old.Syntax, func(d ast.Decl) bool {
			fn, ok := d.(*ast.FuncDecl)
			return !ok || !slices.Contains(c.before, fn)
		})
		f.Syntax = only(f.Syntax, func(d ast.Decl) bool {
			fn, ok := d.(*ast.FuncDecl)
			return isImport(d) || ok && slices.Contains(c.after, fn)
		})
		after.Files = append(after.Files, f, &rest)
	}
	return after
}

// only returns the file with those declarations that are kept.
func only(f *ast.File, keep func(ast.Decl) bool) *ast.File {
	out := *f
	out.Decls = slices.DeleteFunc(slices.Clone(f.Decls), func(d ast.Decl) bool { return !keep(d) })
	return &out
}
