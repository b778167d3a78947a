package lsp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"handshake/refactor"
)

// An analysis is what the rules found in one package at one time. It is
// immutable but for the proofs of fixes, which are made when they are needed.
type analysis struct {
	view     *view
	pkg      *refactor.Package    // nil if the package has nothing that any rule looks at
	files    []string             // of the package
	docs     map[string]*document // those of them that are open, by name
	all      map[string]*document // all open files: the package may depend on them
	offers   map[string][]*offer  // of the rules that report, by file name, in source order
	outdated bool                 // the metadata is older than the documents

	demand func() map[string][]*offer // of the refactorings on demand, by file name, in source order
}

// at returns all that can be offered in a file. Nobody waits for the
// refactorings before the diagnostics are out: they are looked for when somebody
// asks, or by the worker after that.
func (a *analysis) at(name string) []*offer {
	return slices.Concat(a.offers[name], a.demand()[name])
}

// An offer is a finding together with the proofs of its fixes.
type offer struct {
	refactor.Finding
	pkg    *refactor.Package
	id     string // what the finding says and of which text, the same for equal findings
	key    string // the id and which one of the equal findings in the file it is
	proofs []proof
}

// A proof is the result of resolving one fix.
type proof struct {
	once  sync.Once
	done  atomic.Bool
	edits []refactor.Edit
	err   error
}

// prove returns the edits of a fix in order, or why it cannot be offered.
func (o *offer) prove(fix int) ([]refactor.Edit, error) {
	p := &o.proofs[fix]
	p.once.Do(func() {
		p.edits, p.err = o.pkg.Resolve(o.Fixes[fix])
		p.edits = inOrder(p.edits)
		p.done.Store(true)
	})
	return p.edits, p.err
}

// failed returns why a fix is known not to work; nil if it works or was not
// tried yet.
func (o *offer) failed(fix int) error {
	if p := &o.proofs[fix]; p.done.Load() {
		return p.err
	}
	return nil
}

// errHeld and errTooLarge mean that nothing can be said of a package;
// errNoPackage that no loaded package has the file.
var (
	errHeld      = errors.New("a file of the package does not parse")
	errTooLarge  = errors.New("a file of the package is too large")
	errNoPackage = errors.New("the file belongs to no package that is loaded")
)

// analyse runs the rules on the package of a file, with the contents of the
// snapshot.
func (v *view) analyse(ctx context.Context, snap *snapshot, name string) (*analysis, error) {
	v.session.mu.Lock()
	base := v.base
	v.session.mu.Unlock()
	if base == nil {
		return nil, errNoPackage
	}
	m := base.Containing(name)
	if m == nil {
		return nil, errNoPackage
	}
	all := snap.files()
	a := &analysis{view: v, files: m.Files, docs: make(map[string]*document), all: all, outdated: v.outdated(all)}
	a.demand = func() map[string][]*offer { return nil }
	for _, file := range m.Files {
		if d := snap.named(file); d != nil && d.refused {
			return nil, errTooLarge
		} else if d != nil {
			if refactor.SyntaxError(d.src) != nil {
				return nil, errHeld
			}
			a.docs[file] = d
		}
	}
	graph := v.graphOf(base, all)
	if !graph.MayMatter(m) {
		return a, nil
	}
	pkg, err := graph.Package(ctx, m)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.pkg = pkg
	reporting, onDemand := parted(v.enabled())
	a.offers = v.session.offers(pkg, reporting)
	a.demand = sync.OnceValue(func() map[string][]*offer { return v.session.offers(pkg, onDemand) })
	return a, nil
}

// offers runs rules on a package and returns what they find by file name, in
// source order.
func (s *session) offers(pkg *refactor.Package, rules []*refactor.Rule) map[string][]*offer {
	findings, errs := refactor.Analyze(pkg, rules)
	for _, err := range errs {
		s.logOnce(firstLine(err.Error()), err)
	}
	offers := make(map[string][]*offer)
	for _, f := range findings {
		o := &offer{Finding: f, pkg: pkg, id: identity(pkg, f), proofs: make([]proof, len(f.Fixes))}
		o.Span = pkg.Place(f.Span)
		o.Related = slices.Clone(f.Related)
		for i, r := range o.Related {
			o.Related[i].Span = pkg.Place(r.Span)
		}
		offers[o.Span.File] = append(offers[o.Span.File], o)
	}
	for _, list := range offers {
		slices.SortStableFunc(list, func(a, b *offer) int {
			return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End), cmp.Compare(a.Rule.Name, b.Rule.Name))
		})
		count := make(map[string]int)
		for _, o := range list {
			o.key = fmt.Sprintf("%s.%d", o.id, count[o.id])
			count[o.id]++
		}
	}
	return offers
}

// identity returns a fingerprint of a finding that does not depend on where in
// the file it is.
func identity(pkg *refactor.Package, f refactor.Finding) string {
	src := pkg.FileNamed(f.Span.File).Src[f.Span.Start:f.Span.End]
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", f.Rule.Name, f.Message, src))
	return fmt.Sprintf("%x", sum[:8])
}

// current reports whether the analysis was made of the documents of the
// snapshot.
func (a *analysis) current(snap *snapshot) bool {
	for name, d := range a.docs {
		if snap.named(name) != d {
			return false
		}
	}
	if a.pkg == nil {
		return true
	}
	for _, f := range a.pkg.Files {
		if a.docs[f.Name] == nil && snap.named(f.Name) != nil {
			return false
		}
	}
	return true
}

// exact reports whether the analysis was made of all that the snapshot has.
func (a *analysis) exact(snap *snapshot) bool {
	return maps.Equal(a.all, snap.files())
}

// accept makes the analysis the state of the documents it was made of, and
// publishes it. The caller holds s.mu.
func (s *session) accept(a *analysis) {
	for name, d := range a.docs {
		if s.current.docs[d.uri] != d {
			continue
		}
		f := &found{analysis: a}
		for _, o := range a.offers[name] {
			f.places = append(f.places, place{o, o.Span, o.Related})
		}
		s.current = s.current.with(d, f)
		s.publish(d, f)
	}
	s.publishClosed(a)
}

// republish tells the client where the findings of a view are now. The caller
// holds s.mu.
func (s *session) republish(v *view) {
	for u, d := range s.current.docs {
		if d.name != "" && s.viewOf(d.name) == v {
			s.publish(d, s.current.found[u])
		}
	}
}

// parted parts the rules that report from the refactorings on demand.
func parted(rules []*refactor.Rule) (reporting, onDemand []*refactor.Rule) {
	for _, r := range rules {
		if r.OnDemand {
			onDemand = append(onDemand, r)
		} else {
			reporting = append(reporting, r)
		}
	}
	return reporting, onDemand
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
