package card

import (
	"go/ast"
	"go/types"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// A Sequence is what the goroutines around some channels do to each other, in
// one order that is possible. Loops run once, branches are all taken.
type Sequence struct {
	Actors []Actor
	Steps  []Step
}

// An Actor is a goroutine.
type Actor struct {
	Name  string
	Spawn bool // it is started in sight
}

// StepKind is what a step is.
type StepKind int

const (
	Message   StepKind = iota // From does something that To notices, or only itself
	Remark                    // a note on From
	Lack                      // a note on From that says what is missing
	LoopBegin                 // a loop of From begins
	LoopEnd                   // the last loop that has begun ends
)

// A Step is one line of the diagram. From and To are indices of Actors.
type Step struct {
	Kind     StepKind
	From, To int
	Text     string
	Perhaps  bool // it depends on a condition
}

// mostActors is how many goroutines a diagram shows, and mostSteps how many steps
// it has before it leaves out what the place is not about.
const (
	mostActors = 8
	mostSteps  = 40
)

// Around returns the sequence of the goroutines around a line of a file of the
// package: those that use the channels and WaitGroups of the line, or that are
// started on it; if there are none, those of the function. It is nil if there is
// nothing to show.
func Around(pkg *refactor.Package, file string, line int) *Sequence {
	f := pkg.FileNamed(file)
	if f == nil || line < 1 || line > f.Tok.LineCount() {
		return nil
	}
	s := &scene{namer: namer{pkg, chanflow.Of(pkg), nil}}
	for _, id := range identsOn(pkg, file, line) {
		s.add(subject(pkg, id))
	}
	for _, sp := range s.m.Spawns {
		if s.inFile(sp.Stmt, file) && f.Tok.Line(sp.Stmt.Pos()) == line {
			s.actor(chanflow.Goroutine{Spawn: sp})
		}
	}
	if len(s.all)+len(s.actors) == 0 {
		s.function(file, line)
	}
	s.cast()
	if len(s.actors) == 0 {
		return nil
	}
	return s.play()
}

func (n *namer) inFile(at ast.Node, file string) bool { return n.pkg.FileOf(at.Pos()).Name == file }

// A scene is what a sequence is made of.
type scene struct {
	namer
	all    []*conduit
	actors []*actor
}

// A conduit is something through which goroutines meet: the channels that some
// variables hold, a WaitGroup, or a context.
type conduit struct {
	name    string
	names   []types.Object
	context bool
	missing []Note
}

// An actor is a goroutine with what it does, in the order of its code.
type actor struct {
	of     chanflow.Goroutine
	script []instr
}

// conduit returns the conduit of a variable: a channel or WaitGroup, or a context
// or its cancel function.
func (s *scene) conduit(v types.Object) *conduit {
	c := &conduit{name: v.Name(), names: []types.Object{v}}
	kind, ok := kindOf(v.Type())
	made := &maker{Card: &Card{}, namer: s.namer}
	made.obj, _ = v.(*types.Var)
	switch {
	case !ok || made.obj == nil:
		c.context = true
	case kind == Group:
		g := s.m.GroupLife(v)
		c.names = g.Names
		made.group(g)
	default:
		l := s.m.Life(v)
		c.names = l.Names
		made.missing(l)
	}
	c.missing = made.Missing
	return c
}

// add adds the conduit of a variable to the scene.
func (s *scene) add(v types.Object) {
	if s.known(v) != nil {
		return
	}
	c := s.conduit(v)
	s.all = append(s.all, c)
}

// known returns the conduit of the scene that the variable stands for, or nil.
func (s *scene) known(v types.Object) *conduit {
	for _, c := range s.all {
		if slices.Contains(c.names, v) || c.context && s.m.SameSignal(c.names[0], v) {
			return c
		}
	}
	return nil
}

// object returns the variable that an operation of the goroutine is on, in the
// terms of whoever starts it if it is a context; nil if there is none.
func (s *scene) object(g chanflow.Goroutine, op *chanflow.Op) types.Object {
	switch op.Kind {
	case chanflow.Make, chanflow.Send, chanflow.Recv, chanflow.Close, chanflow.Add, chanflow.Done, chanflow.Wait, chanflow.Cancel:
	default:
		return nil
	}
	ref := op.Ref
	if (ref.Context || op.Kind == chanflow.Cancel) && g.Spawn != nil && op.Fn == g.Spawn.Body {
		if out := g.Spawn.Outside(ref); out.Obj != nil {
			ref = out
		}
	}
	if v, ok := ref.Obj.(*types.Var); ok {
		return v
	}
	return nil
}

// actor adds a goroutine if there is room.
func (s *scene) actor(g chanflow.Goroutine) {
	if len(s.actors) < mostActors && !slices.ContainsFunc(s.actors, func(a *actor) bool { return a.of == g }) {
		s.actors = append(s.actors, &actor{of: g})
	}
}

// function adds the goroutines that the function around a line starts, and the
// channels that it names.
func (s *scene) function(file string, line int) {
	f := s.pkg.FileNamed(file)
	fn := s.m.FuncOf(f.Tok.LineStart(line))
	if fn == nil {
		return
	}
	fn = fn.Top()
	for _, g := range s.m.Funcs {
		if g.Top() == fn {
			for _, sp := range g.Spawns {
				s.actor(chanflow.Goroutine{Spawn: sp})
			}
		}
	}
	ast.Inspect(fn.Node(), func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if v := subject(s.pkg, id); v != nil {
				s.add(v)
			}
		}
		return true
	})
}

// cast finds all that take part: the goroutines that use the conduits, and what
// else connects these.
func (s *scene) cast() {
	for _, f := range s.m.Funcs {
		for _, op := range f.Ops {
			for _, g := range s.m.Goroutines(f) {
				if s.known(s.object(g, op)) != nil {
					s.actor(g)
				}
			}
		}
	}
	for _, sp := range s.m.Spawns {
		if s.known(sp.Group.Obj) != nil {
			s.actor(chanflow.Goroutine{Spawn: sp})
		}
	}
	for i := 0; i < len(s.actors); i++ { // actor appends: somebody who starts them
		sp := s.actors[i].of.Spawn
		if sp == nil {
			continue
		}
		up := s.m.Goroutines(sp.Fn)
		if !slices.ContainsFunc(s.actors, func(a *actor) bool { return slices.Contains(up, a.of) }) {
			s.actor(up[0])
		}
	}
	focus := len(s.all)
	s.connect()
	if s.write() > mostSteps {
		s.all = s.all[:focus]
		s.write()
	}
	slices.SortStableFunc(s.actors, func(a, b *actor) int { return a.rank() - b.rank() })
	s.actors = slices.DeleteFunc(s.actors, func(a *actor) bool { return len(a.script) == 0 && a.of.Spawn == nil })
}

// write writes what the actors do, and returns how much that is.
func (s *scene) write() (steps int) {
	for _, a := range s.actors {
		a.script = s.script(a.of)
		steps += len(a.script)
	}
	return steps
}

// rank puts those who make the channels first, then those who start goroutines,
// then others who call, then those who are started.
func (a *actor) rank() int {
	does := func(kind instrKind) bool {
		return slices.ContainsFunc(a.script, func(in instr) bool { return in.kind == kind })
	}
	switch {
	case a.of.Spawn != nil:
		return 3
	case does(doMake):
		return 0
	case does(doGo):
		return 1
	}
	return 2
}

// connect adds the channels, WaitGroups and contexts that two of the goroutines
// use.
func (s *scene) connect() {
	type candidate struct {
		*conduit
		users []chanflow.Goroutine
	}
	var all []*candidate
	byVar := make(map[types.Object]*candidate)
	use := func(v types.Object, g chanflow.Goroutine) {
		if v == nil || s.known(v) != nil {
			return
		}
		c := byVar[v]
		if c == nil {
			c = &candidate{conduit: s.conduit(v)}
			for _, other := range all {
				if c.context && other.context && s.m.SameSignal(other.names[0], v) {
					c = other
				}
			}
			for _, name := range append(c.names, v) {
				byVar[name] = c
			}
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
		if !slices.Contains(c.users, g) {
			c.users = append(c.users, g)
		}
	}
	for _, a := range s.actors {
		if sp := a.of.Spawn; sp != nil && sp.Kind != chanflow.GoStmt {
			use(sp.Group.Obj, a.of)
		}
	}
	for _, f := range s.m.Funcs {
		for _, g := range s.m.Goroutines(f) {
			if !slices.ContainsFunc(s.actors, func(a *actor) bool { return a.of == g }) {
				continue
			}
			for _, op := range f.Ops {
				if op.Kind != chanflow.Make {
					use(s.object(g, op), g)
				}
			}
		}
	}
	for _, c := range all {
		if len(c.users) > 1 && !slices.Contains(s.all, c.conduit) {
			s.all = append(s.all, c.conduit)
		}
	}
}
