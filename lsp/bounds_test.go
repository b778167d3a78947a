package lsp

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// shown returns the next message about bounds that the user sees: there is no
// package to load.
func (p *peer) shown() string {
	p.t.Helper()
	params, ok := p.note("window/showMessage", func(m json.RawMessage) bool {
		return strings.Contains(string(m), "leaves") || strings.Contains(string(m), "ends")
	})
	if !ok {
		return "nothing"
	}
	var m struct{ Message string }
	must(p.t, json.Unmarshal(params, &m))
	return m.Message
}

// bounded connects a peer to a server with small limits.
func bounded(t *testing.T) *peer {
	p := connect(t)
	p.server.limits = limits{header: 100, message: 1000, document: 50, documents: 2}
	p.initialize(`{"capabilities":{}}`)
	return p
}

func TestMessageSize(t *testing.T) {
	filler := strings.Repeat(`x\"\\`, 2000) // ends in an escape wherever it is cut
	for _, test := range []struct{ name, body, want string }{
		{"a call", `{"jsonrpc":"2.0","id":77,"method":"textDocument/codeAction","params":{"x":"%s"}}`, "77"},
		{"a call with its ID at the end", `{"params":[{"x":"%s"}],"method":"textDocument/codeAction","jsonrpc":"2.0","id":"end"}`, `"end"`},
		{"a notification", `{"jsonrpc":"2.0","method":"$/foo","params":{"x":"%s"}}`, ""},
		{"an unknown response", `{"jsonrpc":"2.0","id":555,"result":"%s"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := bounded(t)
				p.write(fmt.Sprintf(test.body, filler))
				if test.want != "" {
					if _, err := p.await(test.want); err == nil || err.Code != -32600 || !strings.Contains(err.Message, "too large") {
						t.Errorf("answer %v", err)
					}
				}
				p.alive()
				p.close()
			})
		})
	}
}

// What cannot be told from the outside ends the connection: somebody may wait
// for an answer.
func TestMessageThatCannotBeTold(t *testing.T) {
	for _, test := range []struct{ frame, want string }{
		{"Content-Length: 2002\r\n\r\n[" + strings.Repeat(" ", 2000) + "]", "a message of 2002 bytes (unknown) is too large"},
		{"Content-Length: 2000\r\n\r\n" + strings.Repeat("[", 2000), "a message of 2000 bytes (unknown) is too large"},
		{"X: " + strings.Repeat("x", 200) + "\r\n", errHeader.Error()},
		{strings.Repeat("x", 10_000), errHeader.Error()},
		{strings.Repeat("X: x\r\n", 2000), errHeader.Error()},
		{"Content-Length: 99999999999999999999\r\n\r\n", errHeader.Error()},
	} {
		bubble(t, func(t *testing.T) {
			p := bounded(t)
			go io.WriteString(p.in, test.frame) // the server stops reading
			if got := p.shown(); got != "The connection ends: "+test.want+"." {
				t.Errorf("the user sees %q", got)
			}
			if code := <-p.exit; code != 1 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// The server ends although nobody reads why.
func TestBoundsWithoutReader(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := bounded(t)
		p.server.outbox.send("test/big", strings.Repeat("x", 1<<20))
		fmt.Fprint(p.in, "garbage\r\n")
		<-p.exit
	})
}

func TestDocumentSize(t *testing.T) {
	const small, large = "package small\n", 2000
	huge := strings.Repeat("/", large)
	change := func(p *peer, content string) {
		p.notify("textDocument/didChange", fmt.Sprintf(`{"textDocument":{"uri":%q,"version":2},"contentChanges":[%s]}`, fileURI, content))
	}
	full := func(text string) string { return fmt.Sprintf(`{"text":%q}`, text) }
	insert := func(text string) string {
		return fmt.Sprintf(`{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"text":%q}`, text)
	}
	for _, test := range []struct {
		name string
		do   func(p *peer)
	}{
		{"opened", func(p *peer) { p.open(huge[:100]) }},
		{"opened in a message that is too large", func(p *peer) { p.open(huge) }},
		{"grown", func(p *peer) { p.open(small); change(p, insert(huge[:50])) }},
		{"grown at once", func(p *peer) { p.open(small); change(p, full(huge[:100])) }},
		{"grown in a message that is too large", func(p *peer) { p.open(small); change(p, insert(huge)) }},
		{"grown twice", func(p *peer) { p.open(small); change(p, insert(huge[:100])); change(p, insert(huge[:100])) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := bounded(t)
				test.do(p)
				if got := p.shown(); got != "/p/a.go is larger than 0 MiB: handshake leaves it alone, and its package." {
					t.Errorf("the user sees %q", got)
				}
				change(p, insert("x")) // to a text that nobody knows
				if got := p.text(); got != "" {
					t.Errorf("the document is %q", got)
				}
				change(p, full(small)+","+insert("// "))
				if got := p.text(); got != "// "+small {
					t.Errorf("the document is %q", got)
				}
				if got := p.shown(); got != "nothing" {
					t.Errorf("the user also sees %q", got)
				}
				p.close()
			})
		})
	}
}

// While a file is too large nothing is said about the others of its package: its
// text on disk is not that in the editor.
func TestPackageOfLargeDocument(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n")
	writeFile(t, filepath.Join(dir, "a.go"), oneFinding)
	writeFile(t, filepath.Join(dir, "b.go"), "package m\n")
	bubble(t, func(t *testing.T) {
		e := newEditor(t, dir, clientOptions{Capabilities: json.RawMessage(fullCapabilities)})
		e.server.limits.document = 200
		e.openFile("b.go")
		e.edit([]string{"b.go", "package m\n", "package m\n\n// " + strings.Repeat("x", 200) + "\n"})
		e.openFile("a.go")
		e.quiet()
		e.command("handshake.fixAllWorkspace")
		e.edit([]string{"b.go", e.buffers["b.go"].text, "package m\n"}) // by a range of a text that is not known
		e.quiet()
		e.closeFile("b.go")
		e.diagnostics("a.go")
		e.close()
		want := "window/showMessage: $WORK/b.go is larger than 0 MiB: handshake leaves it alone, and its package.\n" +
			"error -32803: $WORK/b.go is too large\nnothing\nversion 1\n5:1-5:6 warning handshake/badcall: bad is called\n"
		if got := e.out.String(); !strings.HasPrefix(got, want) {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestNumberOfDocuments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := bounded(t)
		for _, name := range []string{"b", "c", "a", "d"} {
			p.notify("textDocument/didOpen", fmt.Sprintf(`{"textDocument":{"uri":"file:///p/%s.go","languageId":"go","version":1,"text":"x"}}`, name))
		}
		if got := p.shown(); got != "More than 2 documents are open: handshake leaves the others alone." {
			t.Errorf("the user sees %q", got)
		}
		if got := p.text(); got != "not open" {
			t.Errorf("the document is %q", got)
		}
		p.notify("textDocument/didClose", `{"textDocument":{"uri":"file:///p/b.go"}}`)
		p.open("y")
		if got := p.text(); got != "y" {
			t.Errorf("the document is %q", got)
		}
		p.close()
	})
}

// The bytes may come one at a time.
func TestFramesInParts(t *testing.T) {
	in := "Content-Length: 2\r\n\r\n{}content-LENGTH:\t3\nContent-Type: x\n\n[1]"
	got, err := io.ReadAll(newFrames(iotest.OneByteReader(strings.NewReader(in)), &defaultLimits))
	if want := "Content-Length: 2\r\n\r\n{}Content-Length: 3\r\n\r\n[1]"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}
