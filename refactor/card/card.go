// Package card tells what the model knows of one channel or WaitGroup: its role
// card, in data and in words, and the sequence of what the goroutines around it
// do. It says nothing that is a guess: what may happen out of sight is said to
// be out of sight.
package card

import (
	"go/ast"
	"go/types"
	"slices"

	"handshake/refactor"
	"handshake/refactor/chanflow"
)

// Kind is what a card is about.
type Kind int

const (
	Channel  Kind = iota // a channel
	Channels             // the channels in a slice, array or map
	Group                // a sync.WaitGroup or errgroup.Group
)

// A Card is what is known of the channels or groups that one variable,
// parameter or field may hold.
type Card struct {
	Kind Kind
	Name string
	Type string        // as code in the package writes it
	What string        // "field of Pool", "parameter of run", …
	Span refactor.Span // the identifier that was asked for

	Role  chanflow.Role // empty if it cannot be told
	Makes []Made
	Owner string // the one function or goroutine that closes it; empty if there is none or several

	Closes, Sends, Receives []Use
	Adds, Dones, Waits      []Use // of a group

	Missing []Note // what the handshake lacks
	Hidden  []Note // where it goes out of sight
}

// A Place is a place in a source file.
type Place struct {
	refactor.Span
	Line int // from 1
}

// Made is where channels are made.
type Made struct {
	Place
	Func     string // empty outside of functions
	Capacity string // "0", or the expression as it is written
}

// A Use is one operation.
type Use struct {
	Place
	Func      string   // what performs it: "(*Pool).Stop", "NewPool's goroutine (line 20)"
	By        []string // the goroutines in sight on which Func runs, if it is none itself
	Deferred  bool
	Once      bool // under a sync.Once
	Select    bool // a case of a select that has others
	Loop      bool
	Range     bool // for range ch
	Goroutine bool // Func is a goroutine of its own: it starts with that
}

// A Note says something of a place.
type Note struct {
	Place
	Text string
}

// Lines returns the line, from 1, on which a byte offset of a file is. It may
// know of edits since the package was read.
type Lines func(file string, offset int) int

// At returns the card of the channel or group whose identifier is at a byte
// offset of a file of the package, or nil if there is none. Lines are those that
// the package was read with unless there is a function that tells them.
func At(pkg *refactor.Package, file string, offset int, lines Lines) *Card {
	f := pkg.FileNamed(file)
	if f == nil || offset < 0 || offset > len(f.Src) {
		return nil
	}
	pos := f.Tok.Pos(offset)
	var found *ast.Ident
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if n == nil || n.Pos() > pos || pos > n.End() {
			return false
		}
		if id, ok := n.(*ast.Ident); ok && (found == nil || id.Pos() == pos) && subject(pkg, id) != nil {
			found = id
		}
		return true
	})
	if found == nil {
		return nil
	}
	return newCard(pkg, found, lines)
}

// OnLine returns the cards of the channels and groups that a line of a file of
// the package names, in source order.
func OnLine(pkg *refactor.Package, file string, line int) []*Card {
	var out []*Card
	for _, id := range identsOn(pkg, file, line) {
		out = append(out, newCard(pkg, id, nil))
	}
	return out
}

// identsOn returns the first identifier on a line of each channel and group.
func identsOn(pkg *refactor.Package, file string, line int) []*ast.Ident {
	f := pkg.FileNamed(file)
	if f == nil || line < 1 || line > f.Tok.LineCount() {
		return nil
	}
	var out []*ast.Ident
	seen := make(map[types.Object]bool)
	start := f.Tok.LineStart(line)
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if n == nil || n.End() < start {
			return false
		}
		if id, ok := n.(*ast.Ident); ok && f.Tok.Line(id.Pos()) == line {
			if obj := subject(pkg, id); obj != nil && !seen[obj] {
				seen[obj] = true
				out = append(out, id)
			}
		}
		return true
	})
	slices.SortFunc(out, func(a, b *ast.Ident) int { return int(a.Pos() - b.Pos()) })
	return out
}

// subject returns the variable that the identifier names if it can hold what a
// card is about, else nil.
func subject(pkg *refactor.Package, id *ast.Ident) *types.Var {
	v, ok := pkg.Info.ObjectOf(id).(*types.Var)
	if !ok || v.Name() == "_" || !pkg.Declares(v) {
		return nil
	}
	if _, ok := kindOf(v.Type()); !ok {
		return nil
	}
	return v.Origin()
}

func kindOf(t types.Type) (Kind, bool) {
	if chanflow.IsChan(t) != nil {
		return Channel, true
	}
	if chanflow.IsGroup(t) {
		return Group, true
	}
	var elem types.Type
	switch u := t.Underlying().(type) {
	case *types.Slice:
		elem = u.Elem()
	case *types.Array:
		elem = u.Elem()
	case *types.Map:
		elem = u.Elem()
	}
	return Channels, elem != nil && chanflow.IsChan(elem) != nil
}

// A maker makes one card.
type maker struct {
	*Card
	namer
	obj *types.Var
}

func newCard(pkg *refactor.Package, id *ast.Ident, lines Lines) *Card {
	v := subject(pkg, id)
	kind, _ := kindOf(v.Type())
	c := &maker{namer: namer{pkg, chanflow.Of(pkg), lines}, obj: v}
	c.Card = &Card{
		Kind: kind, Name: v.Name(), Type: types.TypeString(v.Type(), types.RelativeTo(pkg.Types)), Span: pkg.Span(id.Pos(), id.End()),
	}
	c.What = c.what()
	if kind == Group {
		c.group(c.m.GroupLife(v))
	} else {
		c.channel(c.m.Life(v))
	}
	return c.Card
}

// what says what kind of variable it is.
func (c *maker) what() string {
	f := c.m.FuncOf(c.obj.Pos())
	switch {
	case c.obj.IsField():
		if owner := c.m.OwnerOf(c.obj); owner != nil {
			return "field of " + owner.Name()
		}
		return "field"
	case c.obj.Parent() == c.pkg.Types.Scope():
		return "variable of the package"
	case f == nil:
		return "variable"
	case slices.Contains(f.Params(), types.Object(c.obj)):
		return "parameter of " + c.frame(f)
	}
	return "variable of " + c.frame(f)
}

func (c *maker) channel(l *chanflow.Life) {
	c.Role, _ = l.Role(c.m)
	for _, mk := range l.MakeCalls() {
		made := Made{Place: c.place(mk), Capacity: "0"}
		if f := c.m.FuncOf(mk.Pos()); f != nil {
			made.Func = c.frame(f)
		}
		if len(mk.Args) > 1 {
			made.Capacity = c.text(mk.Args[1])
		}
		c.Makes = append(c.Makes, made)
	}
	c.Closes, c.Sends, c.Receives = c.uses(l.Closes), c.uses(l.Sends), c.uses(l.Recvs)
	if len(c.Closes) > 0 && !slices.ContainsFunc(c.Closes, func(u Use) bool { return u.Func != c.Closes[0].Func }) {
		c.Owner = c.Closes[0].Func
	}
	c.hidden(l)
	c.missing(l)
}

func (c *maker) group(g *chanflow.GroupLife) {
	c.Adds, c.Dones, c.Waits = c.uses(g.Adds), c.uses(g.Dones), c.uses(g.Waits)
	for _, sp := range g.Spawns {
		u := Use{Place: c.at(sp.Head()), Func: c.frame(sp.Fn), Loop: sp.Loop() != nil}
		c.Adds = append(c.Adds, u)
		u.Func, u.Goroutine, u.Deferred = c.goroutine(chanflow.Goroutine{Spawn: sp}), true, true
		c.Dones = append(c.Dones, u)
	}
	if g.Inlet != nil {
		c.hide(g.Inlet.Type, c.frame(g.Inlet)+" may be given others")
	}
	if g.Visible != nil {
		c.Hidden = append(c.Hidden, Note{c.place(declared{g.Visible}), "other packages can use " + g.Visible.Name()})
	}
	if len(c.Waits) == 0 && len(c.Hidden) == 0 && len(c.Dones) > 0 {
		c.lack(c.Dones[0].Place, "nobody waits for it")
	}
}

func (c *maker) uses(ops []*chanflow.Op) []Use {
	var out []Use
	for _, op := range ops {
		u := Use{
			Place: c.placeOf(op), Deferred: op.Deferred, Once: op.Once, Loop: op.Loop() != nil, Range: op.Range,
			Select: op.Select != nil && !op.Bare(),
		}
		u.Func, u.Goroutine = c.who(op.Fn)
		if !u.Goroutine {
			for _, g := range c.m.Goroutines(op.Fn) {
				if g.Spawn != nil || g.Entry.IsMain() {
					u.By = append(u.By, c.goroutine(g))
				}
			}
		}
		out = append(out, u)
	}
	return out
}
