package main

import (
	"cmp"
	"fmt"
	"go/types"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handshake/refactor/load"
)

// problems collects what keeps packages from being understood.
type problems struct {
	dir  string
	list []problem
}

// addMeta adds what the go command complains of.
func (p *problems) addMeta(m *load.Meta) {
	for _, e := range m.Errors {
		at := problem{Message: e.Msg}
		if match := place.FindStringSubmatch(e.Pos); match != nil {
			at.File = relative(p.dir, p.absolute(match[1]))
			at.Line, _ = strconv.Atoi(match[2])
			at.Column, _ = strconv.Atoi(match[3])
		}
		p.list = append(p.list, at)
	}
}

var place = regexp.MustCompile(`^(.+?):(\d+)(?::(\d+))?$`)

func (p *problems) absolute(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.dir, name)
}

// addTypes adds errors of the parser and the type-checker.
func (p *problems) addTypes(errs []types.Error) {
	for _, e := range errs {
		if strings.HasPrefix(e.Msg, "\t") {
			continue // only explains the one before
		}
		at := e.Fset.PositionFor(e.Pos, false)
		p.list = append(p.list, problem{File: relative(p.dir, at.Filename), Line: at.Line, Column: at.Column, Message: e.Msg})
	}
}

// addError adds an error without a place.
func (p *problems) addError(err error, internal bool) {
	p.list = append(p.list, problem{Message: err.Error(), internal: internal})
}

// sorted returns the problems in order, each once: a file may belong to several
// variants of a package, and the go command and the parser both read it.
func (p *problems) sorted() []problem {
	slices.SortStableFunc(p.list, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(p.list)
}

func (p problem) String() string {
	switch {
	case p.File == "":
		return p.Message
	case p.Line == 0:
		return p.File + ": " + p.Message
	case p.Column == 0:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// printProblems prints the problems of each file, but not all if there are many:
// one missing import makes dozens.
func printProblems(w io.Writer, list []problem) {
	const most = 10
	for i := 0; i < len(list); {
		j := i
		for ; j < len(list) && list[j].File == list[i].File; j++ {
			if j-i < most || list[j].File == "" {
				fmt.Fprintln(w, list[j])
			}
		}
		if n := j - i - most; n > 0 && list[i].File != "" {
			fmt.Fprintf(w, "%s: %d more errors\n", list[i].File, n)
		}
		i = j
	}
}
