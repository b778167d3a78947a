package lsp

import (
	"context"
	"maps"
	"slices"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
	"handshake/refactor/load"
)

// A scanned is what is kept of a package that was looked at: what its
// diagnostics are made of.
type scanned struct {
	Findings []scannedFinding
}

type scannedFinding struct {
	Rule    string
	Key     string
	Message string
	Span    refactor.Span
	Related []refactor.Related
}

// look looks at one package, or finds out that there is nothing new.
func (c *scan) look(ctx context.Context, of candidate) {
	s, p, m, name := c.session, of.part, of.meta, of.name()
	if s.worked(m.Files) {
		delete(c.known, name) // when they are closed, it is looked at again
		return
	}
	set, _ := p.settings(m.Dir)
	reporting, _ := parted(s.rules(set))
	question := question(reporting)
	var k load.Key
	keyed := false
	r := new(scanned)
	if p.graph.MayMatter(m) {
		if k, keyed = p.graph.Key(m); keyed {
			k = k.With(question...)
			if c.known[name] == k {
				return
			}
		}
		var err error
		r, err = load.Computed(ctx, p.graph, m, question, func(pkg *refactor.Package) *scanned {
			return keep(s.offers(pkg, reporting))
		})
		if err != nil {
			if ctx.Err() == nil {
				s.logOnce(err.Error(), err)
			}
			return
		}
	}
	found := make(map[string][]protocol.Diagnostic)
	textOf := onDisk()
	for file, offers := range r.offers(reporting) {
		found[file] = s.ofClosed(file, offers, set, textOf)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isOpen(m.Files) {
		return
	}
	for _, file := range m.Files {
		s.tellClosed(uri.File(file), found[file])
	}
	delete(c.known, name)
	if keyed {
		c.known[name] = k
	}
}

// question tells what is asked of a package. What a rule does is part of the
// program, and with it of the key of the package.
func question(rules []*refactor.Rule) []string {
	q := []string{"scan"}
	for _, r := range rules {
		q = append(q, r.Name, r.Severity.String())
	}
	return q
}

func (s *session) worked(files []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isOpen(files)
}

// isOpen reports whether one of the files is open. The caller holds s.mu.
func (s *session) isOpen(files []string) bool {
	return slices.ContainsFunc(files, func(name string) bool { return s.current.named(name) != nil })
}

// mentionable reports whether a finding is shown in a file that is not open:
// hints, and what has a better form that is withheld, can wait until somebody
// looks at the file.
func mentionable(f refactor.Finding) bool {
	return f.Rule.Severity != refactor.Hint && (len(f.Fixes) > 0 || len(f.Withheld) == 0)
}

// keep returns what is kept of the findings of a package.
func keep(offers map[string][]*offer) *scanned {
	r := new(scanned)
	for _, file := range slices.Sorted(maps.Keys(offers)) {
		for _, o := range offers[file] {
			if mentionable(o.Finding) {
				r.Findings = append(r.Findings, scannedFinding{o.Rule.Name, o.key, o.Message, o.Span, o.Related})
			}
		}
	}
	return r
}

// offers returns what was kept as what it was made of, by file; without what is
// no rule any more.
func (r *scanned) offers(rules []*refactor.Rule) map[string][]*offer {
	out := make(map[string][]*offer)
	for _, f := range r.Findings {
		if i := slices.IndexFunc(rules, func(r *refactor.Rule) bool { return r.Name == f.Rule }); i >= 0 {
			o := &offer{Finding: refactor.Finding{Rule: rules[i], Span: f.Span, Message: f.Message, Related: f.Related}, key: f.Key}
			out[f.Span.File] = append(out[f.Span.File], o)
		}
	}
	return out
}

// onDisk returns the texts of files as they are on disk, each read once; nil if
// there is none.
func onDisk() func(name string) *text {
	texts := make(map[string]*text)
	return func(name string) *text {
		t, ok := texts[name]
		if ok {
			return t
		}
		if src, err := readFile(name, defaultLimits.document); err == nil {
			t = newText(src)
		}
		texts[name] = t
		return t
	}
}
