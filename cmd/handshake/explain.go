package main

import (
	"context"
	"fmt"
	"os"

	"github.com/charmbracelet/glamour"
	"golang.org/x/term"

	"handshake/refactor/rules"
)

func explain(_ context.Context, args []string) int {
	fs := newFlags("explain")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() != 1 {
		return fail("explain takes the name of one rule; handshake rules lists them")
	}
	r, err := ruleNamed(rules.All(), fs.Arg(0))
	if err != nil {
		return fail("%v", err)
	}
	fmt.Print(forTerminal(r.Doc))
	return exitClean
}

// forTerminal renders a rule's README if standard output is a terminal.
func forTerminal(doc string) string {
	fd := int(os.Stdout.Fd())
	if !term.IsTerminal(fd) {
		return doc
	}
	width, _, err := term.GetSize(fd)
	if err != nil {
		width = 80
	}
	out, err := rendered(doc, glamour.WithAutoStyle(), glamour.WithWordWrap(min(width, 100)))
	if err != nil {
		return doc
	}
	return out
}

func rendered(doc string, options ...glamour.TermRendererOption) (string, error) {
	r, err := glamour.NewTermRenderer(options...)
	if err != nil {
		return "", err
	}
	return r.Render(withDiff(doc))
}
