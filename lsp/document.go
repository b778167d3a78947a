package lsp

import (
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor"
)

// A document is one version of an open file. It is immutable.
type document struct {
	uri     uri.URI
	name    string // absolute path; empty if the document is not a file
	version int32
	refused bool // it is too large: its text is empty here, not at the client
	*text
}

func newDocument(u uri.URI, version int32, src string) *document {
	d := &document{uri: u, version: version, text: newText([]byte(src))}
	if u.IsFile() && strings.HasSuffix(u.Path(), ".go") {
		d.name = u.FsPath()
	}
	return d
}

// without returns the document without its text.
func (d *document) without() *document {
	return &document{uri: d.uri, name: d.name, version: d.version, refused: true, text: newText(nil)}
}

// A contentChange is an element of didChange's contentChanges. It is decoded
// here because protocol v1.0.1 takes {"range":null} for an edit at 0:0.
type contentChange struct {
	Range *protocol.Range `json:"range"` // nil: Text is the whole document
	Text  string          `json:"text"`
}

// A splice replaces the bytes [start,end) by length others.
type splice struct{ start, end, length int }

// change returns the document after the changes, each of which applies to the
// result of the one before, and what they did to it. A document that was refused
// is one again once its whole text is sent.
func (d *document) change(version int32, changes []contentChange, enc protocol.PositionEncodingKind) (*document, []splice) {
	var splices []splice
	t, refused := d.text, d.refused
	for _, c := range changes {
		var s splice
		if refused = refused && c.Range != nil; refused {
			continue
		}
		if c.Range == nil {
			s = difference(t.src, []byte(c.Text))
			t = newText([]byte(c.Text))
		} else {
			start, end := t.offset(c.Range.Start, enc), t.offset(c.Range.End, enc)
			start, end = min(start, end), max(start, end)
			s = difference(t.src[start:end], []byte(c.Text))
			s.start, s.end = s.start+start, s.end+start
			src := make([]byte, 0, len(t.src)+len(c.Text)-(end-start))
			src = append(append(append(src, t.src[:start]...), c.Text...), t.src[end:]...)
			t = newText(src)
		}
		splices = append(splices, s)
	}
	return &document{uri: d.uri, name: d.name, version: version, refused: refused, text: t}, splices
}

// difference returns the splice that makes after of before, without their
// common beginning and end.
func difference(before, after []byte) splice {
	n := 0
	for n < len(before) && n < len(after) && before[n] == after[n] {
		n++
	}
	end, stop := len(before), len(after)
	for end > n && stop > n && before[end-1] == after[stop-1] {
		end, stop = end-1, stop-1
	}
	return splice{n, end, stop - n}
}

// move moves the span to where it is after the splice. It is false, and the
// span as before, if what was there is gone or cut.
func (s splice) move(p *refactor.Span) bool {
	grown := s.length - (s.end - s.start)
	switch {
	case p.End <= s.start:
	case p.Start >= s.end:
		p.Start += grown
		p.End += grown
	case p.Start <= s.start && s.end <= p.End && s.end-s.start < p.End-p.Start:
		p.End += grown
	default:
		return false
	}
	return true
}
