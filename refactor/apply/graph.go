package apply

import (
	"context"
	"fmt"
	"go/types"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"handshake/refactor"
	"handshake/refactor/load"
)

// Graph makes the fixes of all root packages. Packages are looked at in
// parallel, a few at a time, and dropped once done. Where fixes change
// declarations, the root packages that import them must still type-check as
// well as before, or these fixes are withheld. The error is that of ctx.
func Graph(ctx context.Context, g *load.Graph, opts Options) (*Result, error) {
	roots := g.Roots()
	done := make([]outcome, len(roots))
	frozen := make(map[string]error) // by package path
	again := make([]bool, len(roots))
	tell := counter(opts.Done, len(roots))
	for i, m := range roots {
		again[i] = g.MayMatter(m)
		if !again[i] && len(m.Files) > 0 && m.Name != "" {
			done[i].Read = 1
		}
		if !again[i] {
			tell()
		}
	}
	for {
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i, m := range roots {
			if again[i] {
				group.Go(func() error {
					done[i] = fixOne(ctx, g, m, opts, frozen[m.Path])
					tell()
					return ctx.Err()
				})
			}
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		tell = func() {} // what is done again was done before
		broken := breaks(ctx, g, roots, done)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(broken) == 0 {
			return merge(done), nil
		}
		for i, m := range roots {
			err, ok := broken[m.Path]
			again[i] = ok
			if ok {
				frozen[m.Path] = err
			}
		}
	}
}

// counter returns a function that tells done of one more, of all, each time.
func counter(done func(done, all int), all int) func() {
	if done == nil {
		return func() {}
	}
	var mu sync.Mutex
	n := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		n++
		done(n, all)
	}
}

// outcome is what fixing one package comes to.
type outcome struct {
	Result
	declares bool // declarations changed
}

func fixOne(ctx context.Context, g *load.Graph, m *load.Meta, opts Options, frozen error) outcome {
	var out outcome
	pkg, err := g.Package(ctx, m)
	if err != nil {
		return out // not read
	}
	// From here on only the plan holds the package, and drops it in time.
	parses, problems, declared := load.Parses(pkg), load.Complaints(pkg), declarations(pkg)
	p := newPlan(pkg, opts)
	p.frozen = frozen
	res, err := p.run()
	if err != nil {
		out.Result = Result{Errors: []error{err}, Read: 1, Problems: problems}
		return out
	}
	out.Result = *res
	if !parses {
		out.Read = 0
	}
	out.declares = len(res.Files) > 0 && declarations(p.now) != declared
	return out
}

// breaks returns, by path, the packages whose declarations changed so that a
// dependent no longer type-checks as well as before, and how.
func breaks(ctx context.Context, g *load.Graph, roots []*load.Meta, done []outcome) map[string]error {
	overlay := make(map[string][]byte)
	suspects := make(map[*load.Meta][]string) // paths of changed packages by dependent
	for i, m := range roots {
		for _, f := range done[i].Files {
			overlay[f.Name] = f.After
		}
		if done[i].declares {
			for _, dep := range g.Dependents(m.Path) {
				suspects[dep] = append(suspects[dep], m.Path)
			}
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	after := g.WithOverlay(overlay)
	broken := make(map[string]error)
	for _, m := range roots {
		paths, ok := suspects[m]
		if !ok {
			continue
		}
		if e := refactor.NewError(typeErrors(ctx, g, m), typeErrors(ctx, after, m)); e != nil {
			for _, path := range paths {
				broken[path] = fmt.Errorf("package %s would no longer compile: %s", m.Path, e.Msg)
			}
		}
	}
	return broken
}

func typeErrors(ctx context.Context, g *load.Graph, m *load.Meta) []types.Error {
	pkg, err := g.Package(ctx, m)
	if err != nil {
		return nil // it could not be read before either
	}
	return pkg.Errors
}

func merge(done []outcome) *Result {
	all := new(Result)
	for i := range done {
		all.Files = append(all.Files, done[i].Files...)
		all.Made = append(all.Made, done[i].Made...)
		all.Left = append(all.Left, done[i].Left...)
		all.Errors = append(all.Errors, done[i].Errors...)
		all.Read += done[i].Read
		all.Problems = append(all.Problems, done[i].Problems...)
	}
	all.sort()
	return all
}
