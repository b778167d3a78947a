package lsp

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What an edit of a body changes is told at once, before the package is looked at
// as a whole; other edits wait for that. Nothing is told twice.
func TestQuickLook(t *testing.T) {
	const src = "package m\n\nvar _ chan int\n\nfunc bad()  {}\nfunc good() {}\n\nfunc f() {\n\tbad()\n}\n\nfunc g() {}\n"
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a.go"), src)
	writeFile(t, filepath.Join(dir, "b.go"), "package m\n\nvar _ chan int\n\nfunc h() {\n\tbad()\n}\n")
	bubble(t, func(t *testing.T) {
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.openFile("a.go")
		e.openFile("b.go")
		e.diagnostics("a.go")
		e.diagnostics("b.go")
		for _, c := range []struct {
			what, old, new string
			finds          int // in a.go afterwards; -1 if nothing is told
			after          time.Duration
		}{
			{"in a body", "\tbad()\n}\n\n", "\tbad()\n\tbad()\n}\n\n", 2, quickDelay},
			{"in another body, after which the first one has moved", "func g() {}", "func g() {\n\tbad()\n}", 3, quickDelay},
			{"in a body that does not compile", "bad()\n\tbad()\n}", "bad()\n\tbad()\n\tbad(1)\n}", 3, quickDelay + editDelay},
			{"so that it compiles again", "\tbad(1)\n", "\tbad()\n", 4, quickDelay},
			{"in a body that does not parse", "\tbad()\n\tbad()\n\tbad()\n", "\tbad()\n\tbad(\n", 2, quickDelay + editDelay},
			{"so that it parses again", "\tbad(\n", "\tbad()\n", 3, quickDelay},
			{"in the comment of a function", "\nfunc f", "\n//lint:ignore badcall it is no call\nfunc f", 4, quickDelay + editDelay},
			{"in a declaration", "f() {", "f(int) {", -1, 0},
		} {
			start := time.Now()
			e.edit([]string{"a.go", c.old, c.new})
			if c.finds >= 0 {
				e.out.Reset()
				e.diagnostics("a.go")
				if took, n := time.Since(start), strings.Count(e.out.String(), "badcall"); took != c.after || n != c.finds {
					t.Errorf("an edit %s: %d findings after %v, want %d after %v\n%s", c.what, n, took, c.finds, c.after, e.out.String())
				}
			}
			e.out.Reset()
			e.quiet()
			if got := e.out.String(); got != "nothing\n" {
				t.Errorf("an edit %s: then also\n%s", c.what, got)
			}
		}
		e.close()
	})
}
