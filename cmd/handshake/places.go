package main

import (
	"os"
	"path/filepath"
	"sort"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// places turns positions in bytes into those that SARIF has: lines from 1, columns
// from 1 in UTF-16 code units. A file that cannot be read any more has columns in
// bytes.
type places struct {
	dir   string
	files map[string]*lines
}

// lines are the lines of a file.
type lines struct {
	src    []byte
	starts []int // offsets
}

func newPlaces(dir string) *places { return &places{dir, make(map[string]*lines)} }

// path returns the absolute path of a file of the report.
func (p *places) path(file string) string {
	file = filepath.FromSlash(file)
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(p.dir, file)
}

func (p *places) of(file string) *lines {
	l := p.files[file]
	if l == nil {
		l = &lines{starts: []int{0}}
		l.src, _ = os.ReadFile(p.path(file))
		for i, b := range l.src {
			if b == '\n' {
				l.starts = append(l.starts, i+1)
			}
		}
		p.files[file] = l
	}
	return l
}

// region returns a range of lines and columns in bytes, the last one exclusive.
func (p *places) region(file string, line, column, endLine, endColumn int) *sarif.Region {
	l := p.of(file)
	return sarif.NewRegion().
		WithStartLine(line).WithStartColumn(l.column(line, column)).
		WithEndLine(endLine).WithEndColumn(l.column(endLine, endColumn))
}

// span returns a range of offsets.
func (p *places) span(file string, start, end int) *sarif.Region {
	l := p.of(file)
	line, column := l.position(start)
	endLine, endColumn := l.position(end)
	return p.region(file, line, column, endLine, endColumn)
}

// position returns the line and column, in bytes, of an offset.
func (l *lines) position(offset int) (line, column int) {
	line = sort.SearchInts(l.starts, offset+1) // the lines that begin there or before
	return line, offset - l.starts[line-1] + 1
}

// column returns a column in UTF-16 code units. A byte order mark is not part of
// the text.
func (l *lines) column(line, column int) int {
	if line > len(l.starts) {
		return column
	}
	text := l.src[l.starts[line-1]:]
	text = text[:min(column-1, len(text))]
	n := 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r != '\uFEFF' || line > 1 || n > 1 {
			n += utf16.RuneLen(r)
		}
		text = text[size:]
	}
	return n
}
