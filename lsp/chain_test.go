package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Every defect of go.lsp.dev/jsonrpc2 and protocol v1.0.1 that the chain and
// the decoding stand against has a test here.

const fileURI = "file:///p/a.go"

// ready connects a peer and initializes the server.
func ready(t *testing.T) *peer {
	p := connect(t)
	p.initialize(`{"capabilities":{}}`)
	return p
}

func (p *peer) open(text string) {
	p.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": fileURI, "languageId": "go", "version": 1, "text": text}})
}

// text returns the server's idea of the document after all that was sent.
func (p *peer) text() string {
	p.t.Helper()
	result, err := p.call("test/text", `{}`)
	if err != nil {
		p.t.Fatal(err)
	}
	var text string
	must(p.t, json.Unmarshal(result, &text))
	return text
}

// textMethod answers with the text of the document.
var textMethod = call(func(_ context.Context, snap *snapshot, _ *struct{}) (string, error) {
	for _, d := range snap.docs {
		if d.uri.String() == fileURI {
			return string(d.src), nil
		}
	}
	return "not open", nil
})

// alive fails the test if the connection is closed.
func (p *peer) alive() {
	p.t.Helper()
	p.text()
}

func TestChangesKeepTheirOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := ready(t)
		p.open("")
		var want strings.Builder
		for i := range 3000 {
			digit := fmt.Sprint(i % 10)
			want.WriteString(digit)
			p.notify("textDocument/didChange", fmt.Sprintf(`{"textDocument":{"uri":%q,"version":%d},"contentChanges":[{"range":{"start":{"line":0,"character":%d},"end":{"line":0,"character":%d}},"text":%q}]}`, fileURI, i+2, i, i, digit))
		}
		if got := p.text(); got != want.String() {
			t.Errorf("the document is %q", got)
		}
		p.close()
	})
}

// The requests derive contexts as handlers do; with the pooled context of
// jsonrpc2 the process dies in about one of a thousand of them.
func TestDerivedContextsDoNotCrash(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := connect(t)
		p.server.methods["test/derive"] = call(func(ctx context.Context, _ *snapshot, _ *struct{}) (bool, error) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			derived, stop := context.WithCancel(ctx)
			context.AfterFunc(derived, func() {})
			stop()
			return true, nil
		})
		inline := p.server.methods["test/derive"]
		inline.inline = true
		p.server.methods["test/deriveInline"] = inline
		p.initialize(`{"capabilities":{}}`)
		for range 2000 {
			p.call("test/derive", `{}`)
			p.call("test/deriveInline", `{}`)
		}
		p.close()
	})
}

func TestBadNotificationsAreSurvived(t *testing.T) {
	for _, test := range []struct{ name, body string }{
		{"unknown", `{"jsonrpc":"2.0","method":"foo/bar","params":{}}`},
		{"unknown protocol", `{"jsonrpc":"2.0","method":"$/foo","params":{}}`},
		{"a call as notification", `{"jsonrpc":"2.0","method":"textDocument/codeAction","params":{}}`},
		{"no params", `{"jsonrpc":"2.0","method":"initialized"}`},
		{"null params", `{"jsonrpc":"2.0","method":"initialized","params":null}`},
		{"wrong types", `{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":7}}`},
		{"not open", `{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///z.go","version":3},"contentChanges":[{"text":"x"}]}}`},
		{"close of what is not open", `{"jsonrpc":"2.0","method":"textDocument/didClose","params":{"textDocument":{"uri":"file:///z.go"}}}`},
		{"cancel of null", `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":null}}`},
		{"cancel of nothing", `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":99}}`},
		{"bad URI", `{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":":::","languageId":"go","version":1,"text":""}}}`},
		{"untitled", `{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"untitled:1","languageId":"go","version":1,"text":""}}}`},
		{"future file event", `{"jsonrpc":"2.0","method":"workspace/didChangeWatchedFiles","params":{"changes":[{"uri":"file:///a.go","type":9}]}}`},
		{"settings that are no object", `{"jsonrpc":"2.0","method":"workspace/didChangeConfiguration","params":{"settings":{"handshake":[1]}}}`},
		{"response to nothing", `{"jsonrpc":"2.0","id":555,"result":null}`},
		{"panic", `{"jsonrpc":"2.0","method":"test/panic"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := connect(t)
				p.server.methods["test/panic"] = notification(func(*struct{}) error { panic("test") })
				p.initialize(`{"capabilities":{}}`)
				p.write(test.body)
				p.alive()
				p.close()
			})
		})
	}
}

func TestPanicIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := connect(t)
		p.server.methods["test/panic"] = call(func(context.Context, *snapshot, *struct{}) (any, error) { panic("boom") })
		p.initialize(`{"capabilities":{}}`)
		if _, err := p.call("test/panic", `{}`); err == nil || err.Code != -32603 {
			t.Errorf("answer %v", err)
		}
		p.alive()
		p.close()
		if !strings.Contains(p.log.String(), "boom") {
			t.Errorf("log: %s", p.log.String())
		}
	})
}

// slow adds a method that says that it has started and waits for its context.
func (p *peer) slow() (started, ended chan struct{}) {
	started, ended = make(chan struct{}, 1), make(chan struct{})
	p.server.methods["test/slow"] = call(func(ctx context.Context, _ *snapshot, _ *struct{}) (any, error) {
		started <- struct{}{}
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	return started, ended
}

func TestEndOfInputCancels(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := connect(t)
		started, ended := p.slow()
		p.initialize(`{"capabilities":{}}`)
		p.send("test/slow", `{}`)
		<-started
		p.in.Close()
		<-ended // else the bubble is deadlocked
		if code := <-p.exit; code != 1 {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestCancel(t *testing.T) {
	for _, id := range []string{`7`, `"seven"`} {
		bubble(t, func(t *testing.T) {
			p := connect(t)
			started, _ := p.slow()
			p.initialize(`{"capabilities":{}}`)
			p.write(`{"jsonrpc":"2.0","id":` + id + `,"method":"test/slow","params":{}}`)
			<-started
			p.alive() // calls are concurrent
			p.notify("$/cancelRequest", `{"id":`+id+`}`)
			if _, err := p.await(id); err == nil || err.Code != -32800 {
				t.Errorf("id %s: answer %v", id, err)
			}
			p.close()
		})
	}
}

func TestNullRangeIsFullSync(t *testing.T) {
	for _, test := range []struct{ name, version, changes, want string }{
		{"null range", "2", `[{"range":null,"text":"FULL"}]`, "FULL"},
		{"no range", "2", `[{"text":"FULL"}]`, "FULL"},
		{"unknown fields", "2", `[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":5}},"rangeLength":5,"rangeOffset":0,"text":"HELLO"}]`, "HELLO\nworld\n"},
		{"one after the other", "2", `[{"text":"ab"},{"range":{"start":{"line":0,"character":1},"end":{"line":0,"character":2}},"text":"c"}]`, "ac"},
		{"inverted range", "2", `[{"range":{"start":{"line":0,"character":5},"end":{"line":0,"character":0}},"text":"HELLO"}]`, "HELLO\nworld\n"},
		{"past the end", "2", `[{"range":{"start":{"line":0,"character":0},"end":{"line":99,"character":0}},"text":"x"}]`, "x"},
		{"numbers with a fraction", "2", `[{"range":{"start":{"line":0.0,"character":0e0},"end":{"line":0,"character":5.0}},"text":"HELLO"}]`, "HELLO\nworld\n"},
		{"negative numbers", "2", `[{"range":{"start":{"line":-1,"character":-1},"end":{"line":0,"character":5}},"text":"HELLO"}]`, "HELLO\nworld\n"},
		{"null version", "null", `[{"text":"FULL"}]`, "FULL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := ready(t)
				p.open("hello\nworld\n")
				p.notify("textDocument/didChange", `{"textDocument":{"uri":"`+fileURI+`","version":`+test.version+`},"contentChanges":`+test.changes+`}`)
				if got := p.text(); got != test.want {
					t.Errorf("the document is %q, want %q", got, test.want)
				}
				p.close()
			})
		})
	}
}

func TestForeignDiagnosticsAreTolerated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := ready(t)
		p.open("package a\n")
		for _, diagnostics := range []string{
			`[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":1}},"message":"x","code":99999999999,"severity":1}]`,
			`[{"range":{"start":{"line":-1,"character":0.5},"end":null},"message":{"kind":"odd"},"code":1.5,"severity":"bad","tags":["x"]}]`,
			`null`,
			`"nonsense"`,
		} {
			_, err := p.call("textDocument/codeAction", `{"textDocument":{"uri":"`+fileURI+`"},"range":{"start":{"line":0.0,"character":0},"end":{"line":0,"character":1e0}},"context":{"diagnostics":`+diagnostics+`}}`)
			if err != nil {
				t.Errorf("with %s: %v", diagnostics, err)
			}
		}
		if _, err := p.call("textDocument/codeAction", `{"textDocument":7}`); err == nil || err.Code != -32602 {
			t.Errorf("wrong parameters: %v", err)
		}
		p.close()
	})
}

// Stock NewServer reads before it returns; the race detector saw that.
func TestFirstMessageFindsTheClient(t *testing.T) {
	for range 20 {
		bubble(t, func(t *testing.T) {
			p := connect(t)
			asked := make(chan struct{}, 4)
			p.answer = func(method string, _ json.RawMessage) any {
				asked <- struct{}{}
				return []any{nil}
			}
			p.server.methods["test/connection"] = call(func(context.Context, *snapshot, *struct{}) (bool, error) { return p.server.conn != nil, nil })
			// Before initialized, since what that starts synchronises.
			p.call("initialize", `{"capabilities":{"workspace":{"configuration":true}}}`)
			if result, err := p.call("test/connection", `{}`); err != nil || string(result) != "true" {
				t.Errorf("connection: %s, %v", result, err)
			}
			p.notify("initialized", `{}`)
			for len(asked) == 0 {
				if !p.receive() {
					t.Fatal("the server does not ask for its settings")
				}
			}
			p.close()
		})
	}
}

// A malformed frame ends the connection cleanly: there is no telling where the
// next one begins.
func TestMalformedFrames(t *testing.T) {
	for _, frame := range []string{
		"garbage\r\n\r\n",
		"Content-Length: -1\r\n\r\n",
		"Content-Length: 0\r\n\r\n",
		"Content-Length: 9999999999\r\n\r\n",
		"Content-Length: 17\r\n\r\n" + `{"jsonrpc":"2.0",`,
	} {
		t.Run(frame, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := ready(t)
				fmt.Fprint(p.in, frame)
				if code := <-p.exit; code != 1 {
					t.Errorf("exit code %d", code)
				}
			})
		})
	}
}

func TestBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := ready(t)
		p.open("x")
		p.write(`[{"jsonrpc":"2.0","id":71,"method":"test/text","params":{}},{"jsonrpc":"2.0","id":"b","method":"foo/bar"}]`)
		if result, err := p.await("71"); err != nil || string(result) != `"x"` {
			t.Errorf("answer %s, %v", result, err)
		}
		if _, err := p.await(`"b"`); err == nil || err.Code != -32601 {
			t.Errorf("unknown method: %v", err)
		}
		p.close()
	})
}

func TestHeaderVariants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := ready(t)
		const body = `{"jsonrpc":"2.0","method":"initialized","params":{}}`
		fmt.Fprintf(p.in, "content-type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:  %d\r\n\r\n%s", len(body), body)
		p.alive()
		p.close()
	})
}

func TestLifecycle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := connect(t)
		if _, err := p.call("textDocument/codeAction", `{}`); err == nil || err.Code != -32002 {
			t.Errorf("before initialize: %v", err)
		}
		p.open("dropped") // a notification before initialize
		p.initialize(`{"processId":null,"rootUri":null,"capabilities":{"future":{"x":1}},"clientFuture":1}`)
		if got := p.text(); got != "not open" {
			t.Errorf("a document opened before initialize: %q", got)
		}
		if _, err := p.call("initialize", `{"capabilities":{}}`); err == nil || err.Code != -32600 {
			t.Errorf("second initialize: %v", err)
		}
		if _, err := p.call("textDocument/definition", `{}`); err == nil || err.Code != -32601 {
			t.Errorf("unknown method: %v", err)
		}
		if _, err := p.call("shutdown", `null`); err != nil {
			t.Error(err)
		}
		if _, err := p.call("textDocument/codeAction", `{}`); err == nil || err.Code != -32600 {
			t.Errorf("after shutdown: %v", err)
		}
		p.notify("exit", `null`)
		if code := <-p.exit; code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(p *peer)
		want int
	}{
		{"exit without shutdown", func(p *peer) { p.notify("exit", `null`) }, 1},
		{"exit before initialize", func(p *peer) { p.notify("exit", `null`) }, 1},
		{"end of input", func(p *peer) { p.in.Close() }, 1},
		{"end of input after shutdown", func(p *peer) { p.call("shutdown", `null`); p.in.Close() }, 0},
		{"context done", func(p *peer) { p.cancel() }, 1},
		{"a client that does not read", func(p *peer) {
			p.server.outbox.send("test/big", strings.Repeat("x", 1<<20))
			p.in.Close()
		}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := connect(t)
				if test.name != "exit before initialize" {
					p.initialize(`{"capabilities":{}}`)
				}
				test.end(p)
				if code := <-p.exit; code != test.want {
					t.Errorf("exit code %d, want %d", code, test.want)
				}
			})
		})
	}
}

func TestRegistration(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := connect(t)
		asked := make(map[string]string)
		p.answer = func(method string, params json.RawMessage) any {
			asked[method] = string(params)
			return nil
		}
		p.initialize(fmt.Sprintf(`{"capabilities":%s}`, fullCapabilities))
		for p.receive() {
		}
		if _, ok := asked["workspace/configuration"]; !ok {
			t.Error("the server does not ask for its settings")
		}
		for _, want := range []string{"workspace/didChangeWatchedFiles", "**/*.go", "**/go.mod", "**/go.work", "**/.handshake.json", "workspace/didChangeConfiguration"} {
			if !strings.Contains(asked["client/registerCapability"], want) {
				t.Errorf("%s is not registered for: %s", want, asked["client/registerCapability"])
			}
		}
		p.close()
	})
}

func TestCapabilities(t *testing.T) {
	for _, test := range []struct {
		name, params string
		want, not    []string
	}{
		{"full", `{"capabilities":` + fullCapabilities + `}`,
			[]string{`"completionProvider"`, `"resolveProvider":true`, `"positionEncoding":"utf-16"`, `"handshake.fixAll"`, `"source.fixAll.handshake"`, `"change":2`},
			[]string{`"hoverProvider"`, `"documentFormattingProvider"`, `"definitionProvider"`, `"renameProvider"`}},
		{"none", `{"capabilities":{}}`,
			[]string{`"positionEncoding":"utf-16"`},
			[]string{`"completionProvider"`, `"codeActionProvider"`}},
		{"no snippets", `{"capabilities":` + fullCapabilities + `,"initializationOptions":{"snippets":false}}`,
			nil, []string{`"completionProvider"`}},
		{"unknown encoding first", `{"capabilities":{"general":{"positionEncodings":["utf-7","utf-8"]}}}`,
			[]string{`"positionEncoding":"utf-8"`}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := connect(t)
				got := string(p.initialize(test.params))
				for _, want := range test.want {
					if !strings.Contains(got, want) {
						t.Errorf("%s is missing: %s", want, got)
					}
				}
				for _, not := range test.not {
					if strings.Contains(got, not) {
						t.Errorf("%s is offered: %s", not, got)
					}
				}
				p.close()
			})
		})
	}
}
