package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/charmbracelet/glamour"
	"golang.org/x/term"

	"handshake/refactor/rules"
)

func explain(ctx context.Context, args []string) int {
	fs := newFlags("explain")
	if code, ok := parse(fs, args); !ok {
		return code
	}
	if fs.NArg() != 1 {
		return fail("explain takes the name of one rule, which handshake rules lists, or the place of a channel, file.go:line:column")
	}
	if pointArg.MatchString(fs.Arg(0)) {
		return explainPlace(ctx, fs.Arg(0))
	}
	r, err := ruleNamed(rules.All(), fs.Arg(0))
	if err != nil {
		return fail("%v", err)
	}
	fmt.Print(forTerminal(r.Doc))
	return exitClean
}

// explainPlace prints the role cards of the channel or WaitGroup at a place, or
// of those of a line.
func explainPlace(ctx context.Context, place string) int {
	s, err := findSpot(ctx, place)
	if err != nil {
		return fail("%v", err)
	}
	cards := s.cards()
	if len(cards) == 0 {
		return fail("there is no channel and no WaitGroup")
	}
	var text strings.Builder
	for i, c := range cards {
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString(c.Markdown())
	}
	fmt.Print(forTerminal(text.String()))
	return exitClean
}

// forTerminal renders a rule's README or a card if standard output is a terminal.
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
