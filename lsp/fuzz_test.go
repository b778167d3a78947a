package lsp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"handshake/refactor/load"
	"handshake/refactor/rules"
)

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }

// FuzzFrames sends any bytes. The server must end with them, without a panic.
// Between bytes of value 0 they are made frames, if framed.
func FuzzFrames(f *testing.F) {
	f.Setenv("PATH", "")
	hello := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{"workspace":{"configuration":true}}}}`
	open := `{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///p/a.go","languageId":"go","version":1,"text":"package p\n"}}}`
	for _, seed := range []string{
		hello + "\x00" + open + "\x00" + `{"jsonrpc":"2.0","id":"x","method":"shutdown"}` + "\x00" + `{"jsonrpc":"2.0","method":"exit"}`,
		hello + "\x00" + `{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///p/a.go","version":null},"contentChanges":[{"range":null,"text":"\ud83d"}]}}`,
		hello + "\x00" + `[{"jsonrpc":"2.0","id":2,"method":"x"},{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}]`,
		hello + "\x00" + `{"jsonrpc":"2.0","id":1,"result":[{"rules":{}}]}` + "\x00" + `{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}}`,
		"[]", "{", "null", `{"jsonrpc":"2.0","id":1.5,"method":""}`, strings.Repeat("[", 20000), hello[:len(hello)-1] + strings.Repeat(" ", 3000) + "}",
	} {
		f.Add(true, []byte(seed))
	}
	for _, seed := range []string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(hello), hello), "content-length:2\n\n{}", "Content-Length: 0\r\n\r\n", "X\r\n\r\n",
		"Content-Length: 3000\r\n\r\n" + `{"id":1,"method":"x","params":"` + strings.Repeat(`\"`, 1484) + `"}`, "Content-Length: 9999999999999999999\r\n\r\n",
	} {
		f.Add(false, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, framed bool, data []byte) {
		if framed {
			var in []byte
			for body := range bytes.SplitSeq(data, []byte{0}) {
				in = fmt.Appendf(in, "Content-Length: %d\r\n\r\n%s", len(body), body)
			}
			data = in
		}
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			s := newServer(Options{Rules: rules.All(), Log: &log})
			s.limits = limits{header: 200, message: 2000, document: 500, documents: 4}
			s.serve(t.Context(), io.NopCloser(bytes.NewReader(data)), discard{})
			synctest.Wait()
			if strings.Contains(log.String(), "panic") {
				t.Error(log.String())
			}
		})
	})
}

// fuzzModule makes the module in which FuzzMessages edits. It is loaded once: the
// go command takes longer than all else.
func fuzzModule(f *testing.F) (string, func(context.Context, load.Config, ...string) (*load.Graph, error)) {
	dir, err := filepath.EvalSymlinks(f.TempDir())
	for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.26\n", "a.go": fuzzTexts[0], "b.go": fuzzTexts[1]} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666)
		}
	}
	var graph *load.Graph
	if err == nil {
		graph, err = load.Load(context.Background(), load.Config{Dir: dir, Tests: true, Env: append(os.Environ(), "GOWORK=off", "GOFLAGS=")}, ".")
	}
	if err == nil {
		_, err = graph.Package(context.Background(), graph.Roots()[0]) // checks the dependencies once for all
	}
	if err != nil {
		f.Fatal(err)
	}
	return dir, func(context.Context, load.Config, ...string) (*load.Graph, error) { return graph, nil }
}

// fuzzTexts are what documents are made of. The first has findings.
var fuzzTexts = []string{
	"package m\n\nimport \"time\"\n\ntype s struct{ n int }\n\nfunc f(x *s) {\n\tgo func() {\n\t\tx.n++ // 😀 ä\n\t}()\n\ttime.Sleep(time.Second)\n\tprintln(x.n)\n}\n",
	"package m\r\n\r\nimport \"time\"\r\n\r\nfunc g() {\r\n\tc := make(chan bool)\r\n\tgo func() { c <- true }()\r\n\tselect {\r\n\tcase <-c:\r\n\tcase <-time.After(1):\r\n\t}\r\n}\r\n",
	"", "package m", "\n\r\r\n\n", "😀\U0010ffff\u00e4x\u2028\u0000\ufeff", "//lint:ignore sleepstart x\n", "go func() {\n", "}", "\tclose(c)\n", "chan int", "/*", "`",
}

// FuzzMessages plays what the bytes say: documents that are opened, changed and
// closed, and requests, good and bad ones. The texts must be those of a slow
// client, and every request must be answered.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x07\x03\x00\x00\x00\xff\xff\x08\x02\x00"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x01\x01\x07\x01\x00\x02\x08\x03\x08\x05\x05\x07\x03\x00\x0a\x00\x0b\x00\x04\x05\x06\x07\x02\x00"))
	f.Add([]byte("\x02\x00\x02\x05\x01\x02\x03\x00\x01\x00\x01\x05\x00\x00\x00\x00\x02\x08\x07\x09\x01\x0a\x0b\x0c\x0d\x0e\x0f"))
	for i := range byte(16) { // each action after an analysis, and during one
		f.Add([]byte{i % 3, 0, 0, 0, 7, i, 0, 6, 0, 6, 40, 1, 0, 0, 0, 8, 1, 8, 1, 2, 3, i, 1, 2, 3, 4, 5, 6, 7, 8, 9})
		f.Add([]byte{i % 3, 0, 0, 1, i, 0, 3, 0, 9, 20, 2, 0, 1, 7, 7, i, 3, 2, 1})
	}
	dir, graph := fuzzModule(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			p := newPlayer(t, dir, graph, data)
			for len(p.data) > 0 {
				p.step()
			}
			p.finish()
		})
	})
}

// A player does what bytes say.
type player struct {
	*peer
	dir      string
	data     []byte
	encoding string
	texts    map[string]string // the documents as the client knows them, by URI
	versions map[string]int
	waiting  []string // requests
	actions  []json.RawMessage
}

func newPlayer(t *testing.T, dir string, graph func(context.Context, load.Config, ...string) (*load.Graph, error), data []byte) *player {
	p := &player{peer: connect(t, rules.All()...), dir: dir, data: data, texts: make(map[string]string), versions: make(map[string]int)}
	p.server.load = graph
	p.server.methods["test/texts"] = call(func(_ context.Context, snap *snapshot, _ *struct{}) (map[string]string, error) {
		texts := make(map[string]string)
		for u, d := range snap.docs {
			texts[u.String()] = string(d.src)
		}
		return texts, nil
	})
	p.encoding = []string{"utf-16", "utf-8", "utf-32"}[p.pick(3)]
	// Without requests of the server: those use channels that jsonrpc2 pools,
	// which must not be used in another bubble.
	p.initialize(fmt.Sprintf(`{"capabilities":{"general":{"positionEncodings":[%q]},"workspace":{"workspaceEdit":{"documentChanges":true}},"textDocument":{
		"codeAction":{"codeActionLiteralSupport":{"codeActionKind":{"valueSet":[""]}},"disabledSupport":true,"dataSupport":true,"resolveSupport":{"properties":["edit"]}},
		"completion":{"completionItem":{"snippetSupport":true}},
		"publishDiagnostics":{"relatedInformation":true,"versionSupport":true,"dataSupport":true}}},"initializationOptions":{"hover":"on"}}`, p.encoding))
	return p
}

// pick returns a number below n.
func (p *player) pick(n int) int {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return int(b) % n
}

func (p *player) uri() string {
	return []string{"file://" + filepath.ToSlash(p.dir) + "/a.go", "file://" + filepath.ToSlash(p.dir) + "/b.go", "untitled:x", "file:///nowhere/c.go", "file://" + filepath.ToSlash(p.dir) + "/go.mod"}[p.pick(5)]
}

// piece returns a text, or a part of one.
func (p *player) piece() string {
	text := fuzzTexts[p.pick(len(fuzzTexts))]
	switch p.pick(4) {
	case 1:
		text = strings.ToValidUTF8(text[:p.pick(len(text)+1)], "")
	case 2:
		n := min(p.pick(8), len(p.data))
		text = strings.ToValidUTF8(string(p.data[:n]), "�")
		p.data = p.data[n:]
	}
	return text
}

// number returns a coordinate, seldom one that is none.
func (p *player) number() json.Number {
	switch n := p.pick(256); {
	case n < 250:
		return json.Number(fmt.Sprint(n % 50))
	default:
		return []json.Number{"4294967295", "-1", "1e9", "2.0", "2147483648", "99999999999999999999"}[n-250]
	}
}

type wireRange [4]json.Number

func (n wireRange) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"start":{"line":%s,"character":%s},"end":{"line":%s,"character":%s}}`, n[0], n[1], n[2], n[3]), nil
}

func (p *player) textRange() wireRange {
	return wireRange{p.number(), p.number(), p.number(), p.number()}
}

// request sends a request of which only an answer is expected.
func (p *player) request(method string, params any) {
	p.waiting = append(p.waiting, p.send(method, params))
}

// step does one thing.
func (p *player) step() {
	u := ""
	switch op := p.pick(16); op {
	case 0:
		u = p.uri()
		p.texts[u], p.versions[u] = p.piece(), 1
		p.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": u, "languageId": "go", "version": 1, "text": p.texts[u]}})
	case 1, 2:
		p.change()
	case 3:
		u = p.uri()
		delete(p.texts, u)
		p.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": u}})
	case 4, 5:
		only := []any{nil, []string{""}, []string{"quickfix"}, []string{"source.fixAll"}, []string{"refactor"}, []int{1}, "x"}[p.pick(7)]
		raw, _ := p.call("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": p.uri()}, "range": p.textRange(), "context": map[string]any{"diagnostics": []any{}, "only": only}})
		var actions []json.RawMessage
		if json.Unmarshal(raw, &actions) == nil {
			p.actions = append(p.actions, actions...)
		}
	case 6:
		if len(p.actions) > 0 {
			p.request("codeAction/resolve", p.actions[p.pick(len(p.actions))])
		}
	case 7:
		for p.receive() { // until the server has nothing to do
		}
	case 8:
		p.notify("$/cancelRequest", map[string]any{"id": []any{p.lastID, p.lastID + 1, "x", nil, 1.5}[p.pick(5)]})
	case 9:
		p.request([]string{"textDocument/hover", "textDocument/completion"}[p.pick(2)], map[string]any{"textDocument": map[string]any{"uri": p.uri()}, "position": map[string]any{"line": p.number(), "character": p.number()}})
	case 10:
		p.notify("textDocument/didSave", map[string]any{"textDocument": map[string]any{"uri": p.uri()}})
	case 11:
		p.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": p.uri(), "type": p.pick(5)}}})
	case 12:
		settings := []string{`{}`, `{"rules":{"sleepstart":false}}`, `{"diagnostics":false}`, `{"hover":"off"}`, `[]`, `7`}[p.pick(6)]
		p.notify("workspace/didChangeConfiguration", fmt.Sprintf(`{"settings":{"handshake":%s}}`, settings))
	case 13:
		p.notify("$/setTrace", map[string]any{"value": []string{"off", "verbose", "x"}[p.pick(3)]})
	case 14:
		commands := append(slices.Sorted(slices.Values(commandNames())), "handshake.unknown")
		arguments := []any{nil, []any{}, []any{map[string]any{"uri": p.uri(), "position": map[string]any{"line": p.number(), "character": p.number()}, "rule": "sleepstart"}}, []any{7}}[p.pick(4)]
		p.request("workspace/executeCommand", map[string]any{"command": commands[p.pick(len(commands))], "arguments": arguments})
	case 15:
		var methods []string
		for m := range p.server.methods {
			if m != "shutdown" && m != "exit" {
				methods = append(methods, m)
			}
		}
		slices.Sort(methods)
		method := append(methods, "x/unknown", "$/unknown")[p.pick(len(methods)+2)]
		params := []string{`null`, `[]`, `{}`, `7`, `{"textDocument":7}`, `{"textDocument":{"uri":null}}`, `{"textDocument":{"uri":""},"range":[]}`}[p.pick(7)]
		if p.pick(2) == 0 {
			p.request(method, params)
		} else if !strings.HasPrefix(method, "textDocument/did") {
			p.notify(method, params)
		}
	}
	p.compare()
}

// change changes a document by some ranges or as a whole.
func (p *player) change() {
	u := p.uri()
	p.versions[u]++
	var changes []any
	text, open := p.texts[u]
	for range 1 + p.pick(3) {
		with := p.piece()
		if p.pick(8) == 7 {
			text = with
			changes = append(changes, map[string]any{"text": with})
			continue
		}
		r := p.textRange()
		start, end := referenceOffset(text, r[0], r[1], p.encoding), referenceOffset(text, r[2], r[3], p.encoding)
		start, end = min(start, end), max(start, end)
		text = text[:start] + with + text[end:]
		changes = append(changes, map[string]any{"range": r, "text": with})
	}
	if open {
		p.texts[u] = text
	}
	p.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": u, "version": p.versions[u]}, "contentChanges": changes})
}

// compare compares the documents of both sides.
func (p *player) compare() {
	p.t.Helper()
	raw, err := p.call("test/texts", `{}`)
	if err != nil {
		p.t.Fatal(err)
	}
	var texts map[string]string
	must(p.t, json.Unmarshal(raw, &texts))
	if len(texts) != len(p.texts) {
		p.t.Fatalf("%d documents are open, want %d", len(texts), len(p.texts))
	}
	for u, want := range p.texts {
		if got, ok := texts[u]; !ok || got != want {
			p.t.Fatalf("%s is\n%q, want\n%q", u, got, want)
		}
	}
}

// finish waits for all answers and ends the session.
func (p *player) finish() {
	for _, id := range p.waiting {
		if _, err := p.await(id); err != nil && err.Code == -32603 {
			p.t.Error(err)
		}
	}
	p.close()
	if strings.Contains(p.log.String(), "panic") {
		p.t.Error(p.log.String())
	}
}
