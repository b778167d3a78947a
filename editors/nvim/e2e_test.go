// Package nvim tests the configuration for Neovim in the real editor.
package nvim

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handshake/editors/e2e"
)

var update = flag.Bool("update", false, "rewrite screenshot.svg")

const (
	title = "Replace time.Sleep with started channel"

	// Neovim's default colours on a dark background.
	foreground, background = "#e0e2ea", "#14161b"
)

func TestMain(m *testing.M) { e2e.Main(m) }

// newSession returns a session for a person who has put the folder of this test
// on the runtimepath and works on the files of an archive.
func newSession(t *testing.T, archive string, tools ...string) (s *e2e.Session, testdata string) {
	t.Helper()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	s = e2e.NewSession(t, filepath.Join("..", "e2e", "testdata", archive), append(tools, "gopls")...)
	s.Env = append(s.Env, "NVIM_HANDSHAKE="+here)
	return s, filepath.Join(here, "testdata")
}

// TestSession plays the scripts of testdata in headless Neovims.
func TestSession(t *testing.T) {
	for _, nvim := range []string{"nvim", "nvim-0.10"} {
		for script, archive := range map[string]string{"session": "session.txtar", "plugin": "session.txtar", "save": "save.txtar"} {
			t.Run(nvim+"/"+script, func(t *testing.T) {
				s, testdata := newSession(t, archive, nvim)
				c := s.Command(t, nvim, "--headless", "-u", filepath.Join(testdata, "init.lua"), "-l", filepath.Join(testdata, script+".lua"))
				out, err := c.CombinedOutput()
				keep(t, "session.txt", string(out))
				if err != nil {
					log, _ := os.ReadFile(filepath.Join(s.Home, "state/nvim/lsp.log")) // "" if there is none
					t.Fatalf("%v\n%s\nlsp.log:\n%s", err, out, log)
				}
				t.Logf("%s", out)
			})
		}
	}
}

// TestScreen plays a person at the keyboard: look, open the menu, choose, save,
// quit. With -update, what the person sees becomes screenshot.svg.
func TestScreen(t *testing.T) {
	s, testdata := newSession(t, "session.txtar", "nvim", "tmux")
	screen := s.NewScreen(t, 120, 35, "nvim", "-u", filepath.Join(testdata, "init.lua"), "main.go")
	text := screen.WaitFor("└──── ")
	message := between(text, "└──── ", "\n")
	keep(t, "diagnostic.txt", text)

	screen.WaitUntil("both servers in the status line", func(text string) bool {
		return strings.Contains(text, "gopls handshake\n") || strings.Contains(text, "handshake gopls\n")
	})
	screen.Type("]d")  // to the next diagnostic
	screen.Type("gra") // code actions
	text = screen.WaitFor(title, "[gopls]", "Type number")
	keep(t, "menu.txt", text)
	picture := e2e.SVG(screen.ANSI(), foreground, background)
	keep(t, "menu.svg", picture)

	number := regexp.MustCompile(`(?m)^ *(\d+): ` + regexp.QuoteMeta(title)).FindStringSubmatch(text)
	if number == nil {
		t.Fatalf("the menu has no line for our fix:\n%s", text)
	}
	screen.Type(number[1])
	screen.Press("Enter")
	text = screen.WaitUntil("the fix and no diagnostic", func(text string) bool {
		return strings.Contains(text, "<-started") && !strings.Contains(text, message)
	})
	keep(t, "fixed.txt", text)

	screen.Type(":wq")
	screen.Press("Enter")
	screen.WaitExit()
	if diff := cmp.Diff(s.ReadFile(t, "main.go.golden"), s.ReadFile(t, "main.go")); diff != "" {
		t.Errorf("the saved file differs from the golden one (-want +got):\n%s", diff)
	}
	if out, err := s.Command(t, "go", "vet", ".").CombinedOutput(); err != nil {
		t.Errorf("go vet of the fixed package: %v\n%s", err, out)
	}

	if *update {
		if err := os.WriteFile("screenshot.svg", []byte(picture), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile("screenshot.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{message, title} {
		if !strings.Contains(string(committed), want) {
			t.Errorf("screenshot.svg is stale, it does not show %q: run go test ./editors/nvim -update", want)
		}
	}
}

// keep stores what a person saw among the artifacts of the test (go test
// -artifacts keeps them).
func keep(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// between returns the text after the first start up to the next end.
func between(text, start, end string) string {
	_, text, _ = strings.Cut(text, start)
	text, _, _ = strings.Cut(text, end)
	return strings.TrimSpace(text)
}
