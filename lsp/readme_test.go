package lsp

import (
	"os"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// Who configures an editor reads README.md.
func TestReadmeNamesAll(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	must(t, err)
	names := commandNames()
	for _, kind := range []protocol.CodeActionKind{quickFix, rewrite, fixAll} {
		names = append(names, string(kind))
	}
	for _, name := range names {
		if !strings.Contains(string(readme), "`"+name) {
			t.Errorf("README.md does not mention %s", name)
		}
	}
}
