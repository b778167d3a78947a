// Package helix tests the configuration for Helix in the real editor.
package helix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handshake/editors/e2e"
)

const (
	finding = "time.Sleep only guesses"
	simpler = "redundant type from array" // what gopls has found
	title   = "Replace time.Sleep with started channel"
)

func TestMain(m *testing.M) { e2e.Main(m) }

// newScreen shows Helix to a person who has configured it as the README says and
// has both servers at work.
func newScreen(t *testing.T, tools ...string) (*e2e.Session, *e2e.Screen) {
	t.Helper()
	s := e2e.NewSession(t, "../e2e/testdata/save.txtar", append(tools, "hx", "gopls", "tmux")...)
	doc := e2e.Documented(t, "README.md", "toml")
	s.WriteHome(t, "config/helix/languages.toml", doc[0])
	s.WriteHome(t, "config/helix/config.toml", doc[1])
	screen := s.NewScreen(t, 120, 35, "hx", "main.go:22:2")
	screen.WaitFor("└─"+finding, simpler)
	return s, screen
}

// TestMenu plays a person who sees the finding, chooses the fix and takes it back.
func TestMenu(t *testing.T) {
	s, screen := newScreen(t)
	screen.Type(" a")
	text := screen.WaitFor(title, "Inline call to Sleep") // of handshake, of gopls
	keep(t, "menu.txt", text)
	screen.Press("Enter") // the first one
	fixed(screen)
	screen.Type("u")
	screen.WaitUntil("all as before", func(text string) bool {
		return strings.Contains(text, "└─"+finding) && !strings.Contains(text, "<-started")
	})
	screen.Type("U")
	fixed(screen)
	quit(t, s, screen)
}

// TestFixAll presses the key for all fixes.
func TestFixAll(t *testing.T) {
	s, screen := newScreen(t)
	screen.Type(" Hf")
	fixed(screen)
	quit(t, s, screen)
}

// TestMore hovers over a channel, reads about the rule, restarts the server and
// inserts a snippet.
func TestMore(t *testing.T) {
	_, screen := newScreen(t)
	screen.Type("13Gfr k") // on orders
	var hovers string
	for _, page := range []string{"[1/2]", "[2/2]"} {
		hovers += screen.WaitFor(page)
		screen.Press("M-n")
	}
	keep(t, "hovers.txt", hovers)
	for _, want := range []string{"role: data", "var orders chan string"} {
		if !strings.Contains(hovers, want) {
			t.Errorf("no page has %q:\n%s", want, hovers)
		}
	}
	screen.Press("Escape")
	screen.WaitUntil("no hover", func(text string) bool { return !strings.Contains(text, "/2]") })

	screen.Type("22G a")
	screen.WaitFor("Explain sleepstart")
	screen.Press("C-n", "C-n", "C-n", "Enter")
	screen.WaitFor("# sleepstart")
	screen.Type(":bc!")
	screen.Press("Enter")
	screen.WaitFor(finding)

	screen.Type(" Hr")
	screen.WaitUntil("the finding is gone", func(text string) bool { return !strings.Contains(text, finding) })
	text := screen.WaitFor(finding)
	if strings.Count(text, finding) != 1 {
		t.Errorf("the finding is not shown once:\n%s", text)
	}

	screen.Type("26Gohsdon")
	screen.WaitFor("hsdone")
	screen.Press("Tab", "Enter")
	screen.WaitFor("done := make(chan struct{})")
	screen.Type("finished")
	keep(t, "snippet.txt", screen.WaitFor("close(finished)", "<-finished"))
}

func fixed(screen *e2e.Screen) {
	screen.WaitUntil("the fix and no finding", func(text string) bool {
		return strings.Contains(text, "<-started") && !strings.Contains(text, finding)
	})
}

// quit saves, quits and compares what was saved.
func quit(t *testing.T, s *e2e.Session, screen *e2e.Screen) {
	t.Helper()
	screen.Type(":wq")
	screen.Press("Enter")
	screen.WaitExit()
	if diff := cmp.Diff(s.ReadFile(t, "main.go.fixed"), s.ReadFile(t, "main.go")); diff != "" {
		t.Errorf("the saved file differs from the golden one (-want +got):\n%s", diff)
	}
}

// keep stores what a person saw among the artifacts of the test.
func keep(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
