package lsp

import (
	"maps"
	"slices"

	"go.lsp.dev/uri"

	"handshake/refactor"
)

// A snapshot is the state of the session between two notifications. It is
// immutable: calls work on the one that was current when they arrived.
type snapshot struct {
	docs  map[uri.URI]*document // the open documents
	found map[uri.URI]*found    // what is known of them; nothing for some
}

// with returns the snapshot with another version of a document and what was
// found in it.
func (s *snapshot) with(d *document, f *found) *snapshot {
	n := &snapshot{maps.Clone(s.docs), maps.Clone(s.found)}
	n.docs[d.uri] = d
	n.found[d.uri] = f
	return n
}

// without returns the snapshot without a document.
func (s *snapshot) without(d *document) *snapshot {
	n := &snapshot{maps.Clone(s.docs), maps.Clone(s.found)}
	delete(n.docs, d.uri)
	delete(n.found, d.uri)
	return n
}

// named returns the open document of a file, or nil. Clients escape URIs in ways
// of their own, so that the name does not tell the URI.
func (s *snapshot) named(name string) *document {
	for _, d := range s.docs {
		if d.name == name {
			return d
		}
	}
	return nil
}

// files returns the open Go files by name. Other modules' are among them: a
// package may depend on them through go.work or a replace directive.
func (s *snapshot) files() map[string]*document {
	files := make(map[string]*document, len(s.docs))
	for _, d := range s.docs {
		if d.name != "" && !d.refused {
			files[d.name] = d
		}
	}
	return files
}

// found is what an analysis found in one document, with its places kept up to
// date with the edits made since. It is immutable.
type found struct {
	*analysis
	places []place
	edits  []splice // of the document since the analysis
}

// A place is where an offer's finding is now.
type place struct {
	*offer
	refactor.Span
	related []refactor.Related
}

// touches reports whether the place and the bytes from start to end have a byte
// or an edge in common.
func (p place) touches(start, end int) bool { return p.Start <= end && start <= p.End }

// move returns what was found after the splices. Findings whose place is cut by
// an edit are dropped until the next analysis.
func (f *found) move(splices []splice) *found {
	if f == nil {
		return nil
	}
	n := &found{analysis: f.analysis, edits: slices.Concat(f.edits, splices)}
next:
	for _, p := range f.places {
		p.related = slices.Clone(p.related)
		for _, s := range splices {
			if !s.move(&p.Span) {
				continue next
			}
			for i := range p.related {
				if p.related[i].File == p.File {
					s.move(&p.related[i].Span)
				}
			}
		}
		n.places = append(n.places, p)
	}
	return n
}

// then returns where a byte of the document was when it was analysed. It is
// false if it was not there.
func (f *found) then(offset int) (int, bool) {
	for _, s := range slices.Backward(f.edits) {
		switch {
		case offset < s.start:
		case offset >= s.start+s.length:
			offset += s.end - s.start - s.length
		default:
			return 0, false
		}
	}
	return offset, true
}

// now returns where a span of the analysed document is now. It is false if it is
// gone or was edited.
func (f *found) now(span refactor.Span) (refactor.Span, bool) {
	for _, s := range f.edits {
		if !s.move(&span) {
			return span, false
		}
	}
	return span, true
}
