// Package namesignal names channels after the event that they signal.
package namesignal

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"regexp"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

//go:embed README.md
var readme string

// Rule renames a channel whose name says nothing, or is that of another with a
// number:
//
//	ch := make(chan struct{})   =>   stopped := make(chan struct{})
//
// Every use in the package is renamed; the new name is spelled nowhere in the
// declarations that it reaches, so that it hides nothing and nothing hides it.
var Rule = &refactor.Rule{Name: "namesignal", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: unchanged}

// unchanged has nothing to prove: only names change.
func unchanged(_, _ *refactor.Package, _ []refactor.Edit) error { return nil }

// vague matches names that tell no event, and those of one with a number.
var vague = regexp.MustCompile(`^(c|ch|chn|channel|chan)_?[0-9]*$|^(started|stop|stopped|quit|exit|done|finished|reply|ready|results?|errc|errs)_?[0-9]+$`)

// names are what channels are called by their role.
var names = map[chanflow.Role]string{
	chanflow.RoleStarted: "started", chanflow.RoleStop: "stop", chanflow.RoleStopped: "stopped", chanflow.RoleDone: "done",
	chanflow.RoleReady: "ready", chanflow.RoleReply: "reply",
}

// what says what the names mean.
var what = map[string]string{
	"started": "that a goroutine has started", "stop": "to stop", "stopped": "that a goroutine has stopped", "done": "that a goroutine is done",
	"ready": "that a goroutine is ready", "reply": "a reply", "results": "results", "errc": "an error", "errs": "errors",
}

func run(pkg *refactor.Package) []refactor.Finding {
	m := chanflow.Of(pkg)
	var found []refactor.Finding
	for id, obj := range pkg.Info.Defs.All() {
		v, ok := obj.(*types.Var)
		if !ok || !vague.MatchString(id.Name) || chanflow.IsChan(v.Type()) == nil || v.Embedded() {
			continue
		}
		if v.IsField() && m.OwnerOf(v) == nil {
			continue // of a parameter in a function type, or of a struct without a name
		}
		name, op := event(m, v)
		if name == "" || strings.TrimRight(id.Name, "_0123456789") == name && taken(pkg, v, name) {
			continue
		}
		found = append(found, finding(pkg, id, v, name, op))
	}
	return found
}

// event returns the name for what a channel signals, and an operation that
// shows it; "" if that is not known.
func event(m *chanflow.Model, v *types.Var) (string, *chanflow.Op) {
	life := m.Life(v)
	role, op := life.Role(m)
	if op == nil || len(life.Unknown) > 0 {
		return "", nil
	}
	errs := chanflow.IsError(chanflow.IsChan(v.Type()).Elem())
	switch role {
	case chanflow.RoleStarted, chanflow.RoleStopped, chanflow.RoleDone:
		if !oneWay(life) {
			return "", nil
		}
	case chanflow.RoleStop:
		// Where nobody goes on until it is closed, it may be a gate as well.
		if !slices.ContainsFunc(life.Recvs, func(op *chanflow.Op) bool { return op.Select != nil || op.Loop() != nil }) {
			return "", nil
		}
	case chanflow.RoleReply:
		switch {
		case len(life.Recvs) == 0:
			return "", nil
		case errs:
			return "errc", op
		}
	case chanflow.RoleData:
		switch {
		case !results(m, life):
			return "", nil
		case errs:
			return "errs", op
		}
		return "results", op
	}
	return names[role], op
}

// oneWay reports whether each goroutine gives at most one signal, and none of
// them receives one.
func oneWay(life *chanflow.Life) bool {
	gives := make(map[*chanflow.Func]bool)
	for _, op := range life.Sends {
		if gives[op.Fn] {
			return false
		}
		gives[op.Fn] = true
	}
	for _, op := range life.Closes {
		gives[op.Fn] = true
	}
	return !slices.ContainsFunc(life.Recvs, func(op *chanflow.Op) bool { return gives[op.Fn] })
}

// results reports whether the channel takes one value from each of several
// goroutines to the one function that has made it and receives all of them.
func results(m *chanflow.Model, life *chanflow.Life) bool {
	if len(life.Makes) != 1 || life.Hidden() || len(life.Recvs) == 0 {
		return false
	}
	maker := life.Makes[0].Fn
	for _, op := range life.Sends {
		if op.Fn.Use != chanflow.Spawned || op.Fn.Outer != maker || op.Loop() != nil {
			return false
		}
		for _, g := range m.Goroutines(op.Fn) {
			if g.Spawn == nil || g.Spawn.Loop() == nil {
				return false
			}
		}
	}
	return !slices.ContainsFunc(life.Recvs, func(op *chanflow.Op) bool { return op.Fn != maker })
}

func finding(pkg *refactor.Package, id *ast.Ident, v *types.Var, name string, op *chanflow.Op) refactor.Finding {
	f := refactor.Finding{
		Span:    pkg.Span(id.Pos(), id.End()),
		Message: fmt.Sprintf("%s signals %s: its name could say so", id.Name, what[name]),
		Related: []refactor.Related{{Span: span(pkg, op.Node), Message: "this shows it"}},
	}
	title := fmt.Sprintf("Rename %s to %s", id.Name, name)
	if taken(pkg, v, name) {
		title = fmt.Sprintf("Rename %s after %s", id.Name, name)
	}
	f.Fixes = []refactor.Fix{{Title: title, Make: func() ([]refactor.Edit, error) { return rename(pkg, v, name) }}}
	return f
}

func span(pkg *refactor.Package, n ast.Node) refactor.Span {
	switch n := n.(type) {
	case *ast.RangeStmt:
		return pkg.Span(n.X.Pos(), n.X.End())
	case *ast.CommClause:
		return pkg.Span(n.Pos(), n.Colon)
	}
	return pkg.Span(n.Pos(), n.End())
}

// rename writes the new name at every place of the old one.
func rename(pkg *refactor.Package, v *types.Var, name string) ([]refactor.Edit, error) {
	if taken(pkg, v, name) {
		base := name
		for i := 2; taken(pkg, v, name); i++ {
			if v.IsField() {
				return nil, fmt.Errorf("%s means something else in its struct or around it", base)
			}
			name = fmt.Sprintf("%s%d", base, i)
		}
	}
	b := edit.New(pkg)
	seen := make(map[token.Pos]bool)
	for _, m := range []iter.Seq2[*ast.Ident, types.Object]{pkg.Info.Defs.All(), pkg.Info.Uses.All()} {
		for id, obj := range m {
			if of, ok := obj.(*types.Var); ok && of.Origin() == v && !seen[id.Pos()] {
				seen[id.Pos()] = true
				b.Replace(id.Pos(), id.End(), name)
			}
		}
	}
	return b.Edits()
}

// taken reports whether the name means something else where the variable can be
// referred to: for a field, in its struct; else in the declaration that it is
// local to, or in the whole package.
func taken(pkg *refactor.Package, v *types.Var, name string) bool {
	if v.IsField() {
		owner := chanflow.Of(pkg).OwnerOf(v)
		obj, index, _ := types.LookupFieldOrMethod(owner.Type(), true, pkg.Types, name)
		return obj != nil || index != nil || embedded(pkg, owner)
	}
	if types.Universe.Lookup(name) != nil || pkg.Types.Scope().Lookup(name) != nil {
		return true
	}
	local := v.Parent() != pkg.Types.Scope()
	for _, f := range pkg.Files {
		if scope := pkg.Info.Scopes.Of(f.Syntax); scope != nil && scope.Lookup(name) != nil {
			return true
		}
		for _, d := range f.Syntax.Decls {
			if (!local || d.Pos() <= v.Pos() && v.Pos() < d.End()) && spells(pkg.Info, d, name) {
				return true
			}
		}
	}
	return false
}

// spells reports whether the name means something in the declaration that is no
// field or method, which are always written behind a dot or before a colon.
func spells(info *refactor.TypeInfo, d ast.Decl, name string) (found bool) {
	ast.Inspect(d, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			switch obj := info.ObjectOf(id).(type) {
			case *types.Var:
				found = found || !obj.IsField()
			case *types.Func:
				found = found || obj.Signature().Recv() == nil
			default:
				found = true
			}
		}
		return !found
	})
	return found
}

// embedded reports whether the type is embedded in a struct of the package,
// where another name may be promoted to the same depth.
func embedded(pkg *refactor.Package, owner *types.TypeName) bool {
	for _, obj := range pkg.Info.Defs.All() {
		v, ok := obj.(*types.Var)
		if !ok || !v.Embedded() {
			continue
		}
		t := v.Type()
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := types.Unalias(t).(*types.Named); ok && n.Origin().Obj() == owner {
			return true
		}
	}
	return false
}
