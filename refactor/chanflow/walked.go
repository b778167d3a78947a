package chanflow

import "go/ast"

// walked is what the walk over the syntax has come by, in the order of the
// declarations. Nothing of it depends on more than the declaration that it is in,
// what that names and their types, so that the next model of the package takes
// it over for the declarations that stay (see [builder.reuse]).
type walked struct {
	nodes      []framed
	ops        []*Op
	spawns     []*Spawn // those that are written as such
	sleeps     []*Sleep // likewise
	bindings   []binding
	links      []link
	assigned   []*ast.Ident         // variables, once per assignment, and once more where they may change through a pointer
	stores     []ast.Node           // *ast.AssignStmt, *ast.ValueSpec and *ast.CompositeLit
	interfaces []*ast.InterfaceType // that are written down
	finalizers []*ast.CallExpr      // of runtime.SetFinalizer and AddCleanup
	recovers   []*ast.CallExpr      // of recover
	bubbled    []*ast.CallExpr      // that run their argument in a testing/synctest bubble
}

// A framed is a function and the frame that runs it.
type framed struct {
	node ast.Node
	fn   *Func // or nil
}

// A mark is how long the lists are at a time.
type mark struct {
	nodes, ops, spawns, sleeps, bindings, links, assigned, stores, interfaces, finalizers, recovers, bubbled int
}

func (w *walked) mark() mark {
	return mark{
		len(w.nodes), len(w.ops), len(w.spawns), len(w.sleeps), len(w.bindings), len(w.links),
		len(w.assigned), len(w.stores), len(w.interfaces), len(w.finalizers), len(w.recovers), len(w.bubbled),
	}
}

// between returns what the walk has come by between two marks.
func (w *walked) between(a, b mark) walked {
	return walked{
		w.nodes[a.nodes:b.nodes], w.ops[a.ops:b.ops], w.spawns[a.spawns:b.spawns], w.sleeps[a.sleeps:b.sleeps],
		w.bindings[a.bindings:b.bindings], w.links[a.links:b.links], w.assigned[a.assigned:b.assigned], w.stores[a.stores:b.stores],
		w.interfaces[a.interfaces:b.interfaces], w.finalizers[a.finalizers:b.finalizers], w.recovers[a.recovers:b.recovers], w.bubbled[a.bubbled:b.bubbled],
	}
}
