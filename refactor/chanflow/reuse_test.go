package chanflow

import (
	ctx "context"
	"fmt"
	"go/ast"
	"go/types"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"handshake/refactor"
	"handshake/refactor/load"
)

// What a model takes over from that of the package's base must be what it finds
// itself, in the same order.
func TestReuse(t *testing.T) {
	for _, path := range []string{"os/exec", "context", "net/http/httptest", "sync", "internal/trace/traceviewer"} {
		t.Run(path, func(t *testing.T) {
			dir := filepath.Join(runtime.GOROOT(), "src", filepath.FromSlash(path))
			g, err := load.Load(ctx.Background(), load.Config{Dir: dir, Tests: true}, ".")
			if err != nil {
				t.Skip(err)
			}
			pkg, err := g.Package(ctx.Background(), g.Roots()[0])
			if err != nil {
				t.Fatal(err)
			}
			base := Of(pkg)
			base.mentions()
			base.stored()
			r := rand.New(rand.NewPCG(1, 2))
			edited := 0
			for range 60 {
				after := pkg.WithBodies(retyped(r, pkg))
				if after == nil {
					continue
				}
				edited++
				m := build(after, base)
				got, walked := described(m), 0
				for d := range m.differing() {
					if _, ok := d.Decl.(*ast.FuncDecl); ok {
						walked++
					}
				}
				if walked > 2 {
					t.Fatalf("%d functions were walked over again", walked)
				}
				want := described(build(&refactor.Package{
					ID: after.ID, Path: after.Path, Fset: after.Fset, Files: after.Files, Types: after.Types, Info: after.Info, Config: after.Config, Partial: true,
				}, nil))
				if i := differs(got, want); i >= 0 {
					t.Fatalf("taken over:\n%s\nfound:\n%s", got[i], want[i])
				}
			}
			if edited < 10 {
				t.Errorf("only %d edits compile", edited)
			}
		})
	}
}

// retyped returns the sources of the package with one statement less, or one
// more that is elsewhere in the function, in one or two functions.
func retyped(r *rand.Rand, pkg *refactor.Package) map[string][]byte {
	edits := make(map[string][]refactor.Edit)
	for range 1 + r.IntN(2) {
		f := pkg.Files[r.IntN(len(pkg.Files))]
		var all []ast.Stmt
		if fn, ok := f.Syntax.Decls[r.IntN(len(f.Syntax.Decls))].(*ast.FuncDecl); ok && fn.Body != nil {
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if b, ok := n.(*ast.BlockStmt); ok {
					all = append(all, b.List...)
				}
				return true
			})
		}
		if len(all) == 0 {
			continue
		}
		at, other := all[r.IntN(len(all))], all[r.IntN(len(all))]
		e := refactor.Edit{Span: f.Span(at.Pos(), at.End())}
		if r.IntN(3) > 0 {
			e = refactor.Edit{Span: f.Span(at.Pos(), at.Pos()), New: f.Text(other.Pos(), other.End()) + "\n"}
		}
		edits[f.Name] = append(edits[f.Name], e)
	}
	out := make(map[string][]byte)
	for name, list := range edits {
		if src, err := refactor.Apply(pkg.FileNamed(name).Src, list); err == nil {
			out[name] = src
		}
	}
	return out
}

func differs(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return min(i, len(a)-1, len(b)-1)
		}
	}
	return -1
}

// described returns all that a model knows, line by line.
func described(m *Model) (out []string) {
	line := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	at := func(n ast.Node) string { return fmt.Sprintf("%T %d", n, n.Pos()) }
	fn := func(f *Func) string {
		if f == nil {
			return "-"
		}
		if f.model != m || m.Funcs[f.index] != f {
			return "a stranger"
		}
		return at(f.Node())
	}
	op := func(o *Op) string {
		if o.Fn.model != m || m.walked.ops[o.index] != o {
			return "a stranger"
		}
		return fmt.Sprintf("%v %s %v.%v in %s, calls %s, %t %t %t %t %t %d %p", o.Kind, at(o.Node), o.Ref.Base, o.Ref.Obj, fn(o.Fn), fn(o.Callee), o.Deferred, o.Once, o.Range, o.dynamic, o.apart, o.Exit, o.Select)
	}
	spawn := func(s *Spawn) string {
		return fmt.Sprintf("%d %s in %s of %s, %v %v %d", s.Kind, at(s.Stmt), fn(s.Fn), fn(s.Body), s.Static, s.Group.Obj, s.arg)
	}
	for _, f := range m.Funcs {
		line("func %s of %s in %s, use %d, outer %s, guarded %t, receiver %v", fn(f), f.Name(), f.File.Name, f.Use, fn(f.Outer), f.guarded, f.Recv())
		for _, o := range f.Ops {
			line("  %s", op(o))
		}
		for _, s := range f.Spawns {
			line("  spawn %s", spawn(s))
		}
		for _, s := range f.Sleeps {
			line("  sleep %s %s by %s", at(s.Stmt), fn(s.Fn), fn(s.Wrapper))
		}
		calls, all := m.Callers(f)
		for _, c := range calls {
			line("  called at %s", at(c))
		}
		var effects []string
		for e := range f.Effects() {
			effects = append(effects, fmt.Sprintf("%v %v", e.Kind, e.Obj))
		}
		slices.Sort(effects)
		line("  in sight: %t, stays: %t, does: %s", all, f.MayStay(), strings.Join(effects, ", "))
	}
	for _, s := range m.Spawns {
		line("spawn %s", spawn(s))
	}
	for _, s := range m.Sleeps {
		line("sleep %s in %s", at(s.Stmt), fn(s.Fn))
	}
	for _, o := range m.walked.ops {
		line("walked %s", op(o))
	}
	for _, n := range m.nodes {
		line("node %s in %s, %s", at(n.node), fn(n.fn), fn(m.frames[n.node]))
	}
	for _, id := range m.assigned {
		line("assigned %s %t", at(id), m.Assigned(m.Pkg.Info.ObjectOf(id)))
	}
	for _, n := range m.stores {
		line("store %s", at(n))
	}
	line("%d interfaces, %d finalizers, %d bubbled, %d recovers, %d bindings", len(m.interfaces), len(m.finalizers), len(m.bubbled), len(m.recovers), len(m.bindings))
	line("%d frames, %d bound, %d values", len(m.frames), len(m.byObj), len(m.values))
	byObject(&out, "ops", m.ops, op)
	byObject(&out, "mentions", m.mentions().chans, func(id *ast.Ident) string { return at(id) })
	byObject(&out, "stored", m.stored(), func(e ast.Expr) string { return at(e) })
	var contexts []string
	for cancel, ctx := range m.ctxOf {
		contexts = append(contexts, fmt.Sprintf("%v cancels %v", cancel, ctx))
	}
	slices.Sort(contexts)
	return append(out, contexts...)
}

func byObject[V any](out *[]string, what string, lists map[types.Object][]V, say func(V) string) {
	var lines []string
	for obj, list := range lists {
		for i, v := range list {
			lines = append(lines, fmt.Sprintf("%s of %v at %d: %d. %s", what, obj, obj.Pos(), i, say(v)))
		}
	}
	slices.Sort(lines)
	*out = append(*out, lines...)
}
