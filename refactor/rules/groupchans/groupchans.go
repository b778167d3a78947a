// Package groupchans groups the channels of a goroutine in a struct.
package groupchans

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"handshake/refactor"
	"handshake/refactor/chanflow"
	"handshake/refactor/edit"
)

//go:embed README.md
var readme string

// Rule declares a struct for the channels that a function makes for one
// goroutine, and refers to its fields instead of the variables:
//
//	stop := make(chan struct{})      =>   var signals struct {
//	stopped := make(chan struct{})        	stop    chan struct{}
//	                                      	stopped chan struct{}
//	                                      }
//	                                      signals.stop = make(chan struct{})
//	                                      signals.stopped = make(chan struct{})
//
// It is a renaming: each variable is set once, where it is declared, so that
// whoever reads the field reads the same channel; and the struct is declared
// where the first of them was, so that it lives as long. All fields are set where
// the variables were, before any of them was in scope elsewhere. That each function
// then does what it did, in the same order, is what is proved.
var Rule = &refactor.Rule{Name: "groupchans", Doc: readme, Severity: refactor.Hint, OnDemand: true, Run: run, Prove: same}

func run(pkg *refactor.Package) []refactor.Finding {
	var found []refactor.Finding
	for _, s := range chanflow.Of(pkg).ChanSets() {
		var names []string
		for _, c := range s.Chans {
			names = append(names, c.Var.Name())
		}
		first := s.Chans[0]
		f := refactor.Finding{
			Span:    pkg.Span(first.Decl.Pos(), first.Decl.End()),
			Message: "group the channels of the goroutine in a struct: " + strings.Join(names, ", "),
		}
		if len(f.Message) > 100 {
			f.Message = fmt.Sprintf("group the %d channels of the goroutine in a struct", len(names))
		}
		pos, end := s.Spawn.Head()
		f.Related = []refactor.Related{{Span: pkg.Span(pos, end), Message: "the goroutine"}}
		f.Fixes = []refactor.Fix{{
			Title: "Group the channels in a struct", Safety: refactor.Safe,
			Make: func() ([]refactor.Edit, error) { return group(pkg, s) },
		}}
		found = append(found, f)
	}
	return found
}

func group(pkg *refactor.Package, s *chanflow.ChanSet) ([]refactor.Edit, error) {
	b := edit.New(pkg)
	first := s.Chans[0]
	names := []string{"signals", "chans"}
	for _, c := range s.Chans {
		if !c.Event() {
			names = names[1:] // they carry values
			break
		}
	}
	name := b.Fresh(first.Decl.Pos(), names...)
	fields := ""
	for _, c := range s.Chans {
		typ := c.Make.Args[0]
		if pkg.Fset.Position(typ.Pos()).Line != pkg.Fset.Position(typ.End()).Line {
			return nil, errors.New("the type of a channel is written on several lines")
		}
		fields += "\t" + c.Var.Name() + " " + b.Text(typ) + "\n"
		b.Replace(c.Decl.Pos(), c.Decl.Rhs[0].Pos(), name+"."+c.Var.Name()+" = ")
		for _, id := range c.Uses {
			b.Insert(id.Pos(), name+".")
		}
	}
	b.InsertBefore(first.Decl, "var "+name+" struct {\n"+fields+"}")
	return b.Edits()
}

// same returns an error if a function does not do the same operations after the
// edits as before.
func same(before, after *refactor.Package, _ []refactor.Edit) error {
	old := operations(before)
	for name, ops := range operations(after) {
		if !slices.Equal(old[name], ops) {
			return fmt.Errorf("%s would do something else", name)
		}
	}
	return nil
}

// operations describes what each declared function does, by its name.
func operations(pkg *refactor.Package) map[string][]string {
	out := make(map[string][]string)
	for _, f := range chanflow.Of(pkg).Funcs {
		for _, op := range f.Ops {
			name := f.Top().Name()
			out[name] = append(out[name], fmt.Sprint(op.Kind, op.Exit, op.Deferred, op.Once, op.Range, op.Select != nil))
		}
	}
	return out
}
