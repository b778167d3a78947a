package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience bounds a wait for the screen, so that a hang fails with a picture of
// the screen instead of a dump of goroutines.
const patience = time.Minute

// A Screen is a terminal with a program in it, as a person sees it: a window of
// tmux, driven in control mode.
type Screen struct {
	t       testing.TB
	in      io.Writer
	replies chan reply
	changed chan struct{} // has an element if the program wrote since the last look
	exited  chan struct{} // closed when tmux is gone
}

type reply struct {
	text string
	err  error
}

// NewScreen runs a tool of the session on a screen of the given size, until the
// tool ends or the test does.
func (s *Session) NewScreen(t testing.TB, width, height int, tool string, args ...string) *Screen {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "tmux.conf")
	err := os.WriteFile(config, []byte("set -g status off\nset -g default-terminal tmux-256color\nset -g escape-time 0\n"), 0o666)
	if err != nil {
		t.Fatal(err)
	}
	options := []string{"-u", "-S", filepath.Join(dir, "s"), "-f", config, "-C",
		"new-session", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "--", s.lookPath(tool)}
	tmux := exec.Command(s.lookPath("tmux"), append(options, args...)...)
	tmux.Dir = s.Dir
	tmux.Env = append(s.Env, "COLORTERM=truecolor", "TERM=xterm-256color", "TMUX=")
	in, err := tmux.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := tmux.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tmux.Start(); err != nil {
		t.Fatal(err)
	}
	sc := &Screen{t: t, in: in, replies: make(chan reply, 1), changed: make(chan struct{}, 1), exited: make(chan struct{})}
	go func() {
		defer close(sc.exited)
		sc.read(bufio.NewReader(out))
		tmux.Wait() // its fate is the test's only if the test waits for more from it
	}()
	t.Cleanup(func() {
		exec.Command(tmux.Path, "-S", filepath.Join(dir, "s"), "kill-server").Run() // fails if all has ended
		<-sc.exited
	})
	sc.reply() // to new-session
	return sc
}

// read takes apart what tmux says: replies to commands between %begin and %end
// or %error, and notifications.
func (sc *Screen) read(out *bufio.Reader) {
	var text strings.Builder
	guard := "" // what the lines that end the reply have after the first word; "" outside
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		// Within tmux -C, the first line may carry a device control string.
		line = strings.TrimPrefix(line, "\x1bP1000p")
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case guard == "" && word == "%begin":
			guard = rest
			text.Reset()
		case guard != "" && rest == guard && (word == "%end" || word == "%error"):
			guard = ""
			r := reply{text: text.String()}
			if word == "%error" {
				r.err = fmt.Errorf("tmux: %s", r.text)
			}
			sc.replies <- r
		case guard != "":
			text.WriteString(line)
			text.WriteByte('\n')
		case word == "%output":
			select {
			case sc.changed <- struct{}{}:
			default:
			}
		}
	}
}

func (sc *Screen) reply() string {
	sc.t.Helper()
	select {
	case r := <-sc.replies:
		if r.err != nil {
			sc.t.Fatal(r.err)
		}
		return r.text
	case <-sc.exited:
		sc.t.Fatal("the screen is gone: the program on it has ended")
		return ""
	}
}

// command has tmux run a command and returns what it prints.
func (sc *Screen) command(words ...string) string {
	sc.t.Helper()
	for i, w := range words {
		words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	if _, err := io.WriteString(sc.in, strings.Join(words, " ")+"\n"); err != nil {
		sc.t.Fatal(err)
	}
	return sc.reply()
}

// Type types text.
func (sc *Screen) Type(text string) {
	sc.t.Helper()
	sc.command("send-keys", "-l", "--", text)
}

// Press presses keys by their names in tmux, such as Enter, Escape and C-s.
func (sc *Screen) Press(keys ...string) {
	sc.t.Helper()
	sc.command(append([]string{"send-keys", "--"}, keys...)...)
}

// Text returns what can be read on the screen.
func (sc *Screen) Text() string {
	sc.t.Helper()
	return sc.command("capture-pane", "-p")
}

// ANSI returns the screen with its colours, as text with escape sequences.
func (sc *Screen) ANSI() string {
	sc.t.Helper()
	return sc.command("capture-pane", "-p", "-e", "-N")
}

// WaitFor waits until all the strings can be read on the screen at once, and
// returns what can be read then.
func (sc *Screen) WaitFor(want ...string) string {
	sc.t.Helper()
	return sc.WaitUntil(fmt.Sprintf("%q", want), func(text string) bool {
		for _, w := range want {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	})
}

// WaitUntil waits until the condition, described by what, holds of the text on
// the screen, and returns the text.
func (sc *Screen) WaitUntil(what string, condition func(text string) bool) string {
	sc.t.Helper()
	ctx, cancel := context.WithTimeout(sc.t.Context(), patience)
	defer cancel()
	for {
		text := sc.Text()
		if condition(text) {
			return text
		}
		select {
		case <-sc.changed:
		case <-sc.exited:
			sc.t.Fatalf("the program has ended before the screen showed %s", what)
		case <-ctx.Done():
			sc.t.Fatalf("the screen does not show %s:\n%s", what, text)
		}
	}
}

// WaitExit waits until the program has ended.
func (sc *Screen) WaitExit() {
	sc.t.Helper()
	select {
	case <-sc.exited:
	case <-time.After(patience):
		sc.t.Fatalf("the program has not ended:\n%s", sc.Text())
	}
}
