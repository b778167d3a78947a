package refactor

import (
	"bytes"
	"errors"
	"go/format"
	"slices"
	"strings"
)

// IgnoreReason stands in a new directive where its reason is to be.
const IgnoreReason = "TODO: say why this is right"

// Ignore returns the edit that adds a directive to ignore the finding, and where
// in it [IgnoreReason] is. It is //nolint if golangci is set or a file of the
// package has such a directive, else //lint:ignore. It fails if there is no place
// for it that leaves the code as it is.
func (p *Package) Ignore(f Finding, golangci bool) (Edit, NewName, error) {
	file := p.FileNamed(f.Span.File)
	for _, ds := range p.directives() {
		golangci = golangci || slices.ContainsFunc(ds, func(d Directive) bool { return d.linter })
	}
	text := "//lint:ignore " + f.Rule.Name + " " + IgnoreReason
	forms := []Edit{file.above(f, text), file.after(f, text)}
	if golangci {
		// That above would be for all lines of what follows.
		text = "//nolint:" + linterName + "," + f.Rule.Name + " // " + IgnoreReason
		forms = []Edit{file.after(f, text), file.above(f, text)}
	}
	// gofmt parts a directive from the rest of a doc comment.
	apart := file.above(f, text)
	apart.New = strings.Replace(apart.New, text, "//"+file.newline()+apart.New[:strings.Index(apart.New, text)]+text, 1)
	tidy := formatted(file.Src)
	for _, e := range append(forms, apart) {
		if p.heeds(f, e, tidy) {
			at := strings.Index(e.New, IgnoreReason)
			return e, NewName{Start: at, End: at + len(IgnoreReason), Group: 1}, nil
		}
	}
	return Edit{}, NewName{}, errors.New("there is no place for a comment on this line")
}

// above returns the edit that adds a comment on a line of its own above the
// finding.
func (f *File) above(found Finding, text string) Edit {
	start := bytes.LastIndexByte(f.Src[:found.Span.Start], '\n') + 1
	indent := f.Src[start : start+len(f.Src[start:])-len(bytes.TrimLeft(f.Src[start:], " \t"))]
	return Edit{Span{f.Name, start, start}, string(indent) + text + f.newline()}
}

// after returns the edit that adds a comment at the end of the line on which the
// finding begins.
func (f *File) after(found Finding, text string) Edit {
	end := len(f.Src)
	if i := bytes.IndexByte(f.Src[found.Span.Start:], '\n'); i >= 0 {
		end = found.Span.Start + i
	}
	end = len(bytes.TrimRight(f.Src[:end], " \t\r"))
	return Edit{Span{f.Name, end, end}, " " + text}
}

// newline returns the line ending of the file.
func (f *File) newline() string {
	if i := bytes.IndexByte(f.Src, '\n'); i > 0 && f.Src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// heeds reports whether the edit, which adds a directive and perhaps a line, adds
// no more than that, leaves a tidy file tidy, and has the finding ignored.
func (p *Package) heeds(found Finding, e Edit, tidy bool) bool {
	files, err := p.edited([]Edit{e})
	if err != nil {
		return false
	}
	for _, f := range files {
		if f.Name != e.File {
			continue
		}
		if tidy && !formatted(f.Src) {
			return false
		}
		at := found.Span.Start
		if e.Start <= at {
			at += len(e.New)
		}
		line := f.line(f.Tok.Pos(at))
		return slices.ContainsFunc(directives(p.Fset, f), func(d Directive) bool {
			return d.Reason == IgnoreReason && d.covers(found.Rule.Name, line)
		})
	}
	return false
}

// formatted reports whether gofmt would leave the source as it is, but for line
// endings.
func formatted(src []byte) bool {
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	out, err := format.Source(src)
	return err == nil && bytes.Equal(out, src)
}
