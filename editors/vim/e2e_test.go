// Package vim tests the configuration for Vim with ALE in the real editor.
package vim

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handshake/editors/e2e"
)

const (
	finding = "time.Sleep only guesses"
	title   = "Replace time.Sleep with started channel"
)

func TestMain(m *testing.M) { e2e.Main(m) }

// TestMenu plays a person who has configured Vim as the README says, sees the
// finding and chooses the fix.
func TestMenu(t *testing.T) {
	s := e2e.NewSession(t, "../e2e/testdata/session.txtar", "vim", "gopls", "tmux")
	linter, err := os.ReadFile("ale_linters/go/handshake.vim")
	if err != nil {
		t.Fatal(err)
	}
	s.WriteHome(t, ".vim/ale_linters/go/handshake.vim", string(linter))
	s.WriteHome(t, ".vimrc", "set nocompatible noswapfile\nset runtimepath+=$VIM_ALE\nfiletype plugin on\n"+
		strings.Join(e2e.Documented(t, "README.md", "vim"), ""))
	screen := s.NewScreen(t, 120, 35, "vim", "main.go")
	screen.WaitFor(finding)
	screen.Type("19G^:ALECodeAction")
	screen.Press("Enter")
	// There is a menu for each server, one after the other.
	text := screen.WaitFor("empty cancels")
	if !strings.Contains(text, title) {
		screen.WaitFor("Inline call to Sleep") // of gopls
		screen.Press("Enter")
	}
	screen.WaitFor(title)
	screen.Type("1")
	screen.Press("Enter")
	screen.WaitUntil("the fix and no finding", func(text string) bool {
		return strings.Contains(text, "<-started") && !strings.Contains(text, finding)
	})
	screen.Type(":wq")
	screen.Press("Enter")
	screen.WaitExit()
	if diff := cmp.Diff(s.ReadFile(t, "main.go.golden"), s.ReadFile(t, "main.go")); diff != "" {
		t.Errorf("the saved file differs from the golden one (-want +got):\n%s", diff)
	}
}
