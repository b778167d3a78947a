package lsp

import (
	"context"
	"slices"

	"handshake/refactor"
)

// quick looks at a package again right after an edit: only the function bodies
// that differ from those of the last analysis are type-checked, and only the
// rules are asked that report what is urgent. What it finds is shown until the next analysis, of
// which the fixes are made. It says nothing, and what was found keeps its place,
// if more than bodies differ, or if they are being typed and do not compile yet.
func (w *worker) quick(ctx context.Context, snap *snapshot, last *analysis) {
	v := w.view
	s := v.session
	sources, ok := last.edited(snap)
	if !ok || v.outdated(snap.files()) {
		return
	}
	pkg := last.pkg.WithBodies(sources)
	if pkg == nil || ctx.Err() != nil {
		return
	}
	reporting, _ := parted(v.enabled())
	offers := s.offers(pkg, slices.DeleteFunc(reporting, waits))
	s.commit(ctx, func() {
		for name := range last.docs {
			d := snap.named(name)
			f := s.current.found[d.uri]
			if f == nil || s.current.docs[d.uri] != d {
				continue
			}
			n := &found{analysis: f.analysis, edits: f.edits}
			for _, o := range offers[name] {
				n.places = append(n.places, place{o, o.Span, o.Related})
			}
			for _, p := range f.places {
				if waits(p.Rule) {
					n.places = append(n.places, p)
				}
			}
			slices.SortStableFunc(n.places, func(a, b place) int { return a.Start - b.Start })
			s.current = s.current.with(d, n)
			s.publish(d, n)
		}
	})
}

// waits reports whether what a rule found stays as it is until the next analysis:
// hints are not urgent, and a rule that judges what all others found needs them
// all.
func waits(r *refactor.Rule) bool { return r.Severity == refactor.Hint || r.Audit != nil }

// edited returns the contents of the open files of the package that are others in
// the snapshot. It is false if the analysis is no base to compare with: other
// files than those of the package have changed, or others are open.
func (a *analysis) edited(snap *snapshot) (sources map[string][]byte, ok bool) {
	files := snap.files()
	if a.pkg == nil || a.outdated || len(files) != len(a.all) {
		return nil, false
	}
	sources = make(map[string][]byte)
	for name, d := range files {
		switch {
		case a.all[name] == d:
		case a.docs[name] == nil:
			return nil, false
		default:
			sources[name] = d.src
		}
	}
	return sources, len(sources) > 0
}
