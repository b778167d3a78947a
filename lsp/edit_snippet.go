package lsp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"handshake/refactor"
)

// asSnippets returns, by index, the texts of edits as snippets (LSP 3.18,
// "SnippetTextEdit") in which the new names are tab stops, so that the user can
// choose others; "" for edits without any. The edits are in order, and those of
// several lines are widened: editors indent the lines of a snippet like the text
// before it, and before the start of a line is none. textOf returns the text of a
// file before the edits.
func asSnippets(edits []refactor.Edit, names []refactor.NewName, textOf func(file string) []byte) (widened []refactor.Edit, texts []string) {
	widened, texts = slices.Clone(edits), make([]string, len(edits))
	prefix := make([]string, len(edits))
	for i, e := range edits {
		if !strings.Contains(e.New, "\n") || !slices.ContainsFunc(names, func(n refactor.NewName) bool { return n.Edit == i }) {
			continue
		}
		src := textOf(e.File)
		start := bytes.LastIndexByte(src[:e.Start], '\n') + 1
		if i > 0 && edits[i-1].File == e.File && start < edits[i-1].End {
			// The other edit is in the way. All places of a name must be tab stops.
			for _, n := range names {
				if n.Edit == i {
					names = slices.DeleteFunc(slices.Clone(names), func(m refactor.NewName) bool { return m.Group == n.Group })
				}
			}
			continue
		}
		prefix[i] = string(src[start:e.Start])
		widened[i].Start, widened[i].New = start, prefix[i]+e.New
	}
	for i, e := range edits {
		text, at, found := snippetEscape(prefix[i]), 0, false
		for _, n := range names {
			if n.Edit == i {
				text += snippetEscape(e.New[at:n.Start]) + fmt.Sprintf("${%d:%s}", n.Group, e.New[n.Start:n.End])
				at, found = n.End, true
			}
		}
		if found {
			texts[i] = text + snippetEscape(e.New[at:])
		}
	}
	return widened, texts
}

// snippetEscape returns text that is not a part of the snippet syntax.
func snippetEscape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `$`, `\$`, `}`, `\}`).Replace(text)
}
