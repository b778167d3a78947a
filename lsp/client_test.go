package lsp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/textproto"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"handshake/refactor"
	"handshake/refactor/load"
)

// bubble runs f in a synctest bubble: the server's delays pass as soon as
// nobody has anything else to do, and no goroutine may be left.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// A message is a JSON-RPC message of the server.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *responseError  `json:"error"`
}

type responseError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *responseError) Error() string { return fmt.Sprintf("error %d: %s", e.Code, e.Message) }

// A peer is a client without a library: what it writes is what is on the wire.
type peer struct {
	t      *testing.T
	server *server
	in     io.WriteCloser // the server's input
	out    io.ReadCloser  // the server's output
	got    chan message   // closed when the server closes its output
	exit   chan int       // the server's exit code
	log    strings.Builder
	cancel context.CancelFunc

	lastID  int
	answers map[string]message // responses, by ID
	notes   []message          // notifications that nobody has looked at
	answer  func(method string, params json.RawMessage) any
	noted   func(message) // called for each notification
}

// connect starts a server with the rules and connects a peer to it.
func connect(t *testing.T, rules ...*refactor.Rule) *peer {
	t.Helper()
	// jsonrpc2 pools channels; one made in a bubble must not be used in another,
	// or outside. Two collections empty a sync.Pool.
	runtime.GC()
	runtime.GC()
	in, clientOut := io.Pipe()
	clientIn, out := io.Pipe()
	p := &peer{
		t: t, in: clientOut, out: clientIn,
		got: make(chan message, 1<<12), exit: make(chan int, 1), answers: make(map[string]message),
		answer: func(string, json.RawMessage) any { return nil }, noted: func(message) {},
	}
	p.server = newServer(Options{Rules: rules, Version: "test", Docs: t.TempDir(), Cache: load.OpenCache(t.TempDir(), 1<<20)})
	p.server.methods["test/text"] = textMethod
	p.server.log = log.New(&p.log, "", 0)
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	go p.read(bufio.NewReader(clientIn))
	go func() { p.exit <- p.server.serve(ctx, in, out) }()
	t.Cleanup(func() {
		cancel()
		p.in.Close()
		p.out.Close()
	})
	return p
}

func (p *peer) read(r *bufio.Reader) {
	defer close(p.got)
	for {
		header, err := textproto.NewReader(r).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		if !bytes.HasPrefix(body, []byte("[")) { // no batch
			body = fmt.Appendf(nil, "[%s]", body)
		}
		var all []message
		if err := json.Unmarshal(body, &all); err != nil {
			p.t.Errorf("the server says %s", body)
			return
		}
		for _, m := range all {
			p.got <- m
		}
	}
}

// write writes one frame. It fails silently if the server is gone.
func (p *peer) write(body string) {
	fmt.Fprintf(p.in, "Content-Length: %d\r\n\r\n%s", len(body), body)
}

func (p *peer) notify(method string, params any) {
	p.t.Helper()
	p.write(fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s}`, method, p.encode(params)))
}

func (p *peer) encode(v any) string {
	p.t.Helper()
	if raw, ok := v.(string); ok {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// send sends a request and returns its ID.
func (p *peer) send(method string, params any) string {
	p.t.Helper()
	p.lastID++
	id := strconv.Itoa(p.lastID)
	p.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, p.encode(params)))
	return id
}

// receive takes in the next message. It is false if there is none within a
// (fake) minute, or the server is gone.
func (p *peer) receive() bool {
	p.t.Helper()
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case m, ok := <-p.got:
		switch {
		case !ok:
			return false
		case m.Method == "":
			p.answers[string(m.ID)] = m
		case m.ID == nil:
			p.notes = append(p.notes, m)
			p.noted(m)
		default:
			p.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, p.encode(p.answer(m.Method, m.Params))))
		}
		return true
	case <-timer.C:
		return false
	}
}

// await returns the response to a request.
func (p *peer) await(id string) (json.RawMessage, *responseError) {
	p.t.Helper()
	for {
		if m, ok := p.answers[id]; ok {
			delete(p.answers, id)
			return m.Result, m.Error
		}
		if !p.receive() {
			p.t.Fatalf("no answer to request %s; log:\n%s", id, p.log.String())
		}
	}
}

func (p *peer) call(method string, params any) (json.RawMessage, *responseError) {
	p.t.Helper()
	return p.await(p.send(method, params))
}

// initialize goes through the start of the protocol.
func (p *peer) initialize(params string) json.RawMessage {
	p.t.Helper()
	result, err := p.call("initialize", params)
	if err != nil {
		p.t.Fatal(err)
	}
	p.notify("initialized", `{}`)
	return result
}

// note returns the next notification of the method that the filter accepts, or
// false if a minute passes without one.
func (p *peer) note(method string, filter func(json.RawMessage) bool) (json.RawMessage, bool) {
	p.t.Helper()
	for i := 0; ; i++ {
		for i == len(p.notes) {
			if !p.receive() {
				return nil, false
			}
		}
		if m := p.notes[i]; m.Method == method && filter(m.Params) {
			p.notes = append(p.notes[:i:i], p.notes[i+1:]...)
			return m.Params, true
		}
	}
}

// close ends the session in the proper way.
func (p *peer) close() {
	p.t.Helper()
	if _, err := p.call("shutdown", `null`); err != nil {
		p.t.Error(err)
	}
	p.notify("exit", `null`)
	if code := <-p.exit; code != 0 {
		p.t.Errorf("exit code %d", code)
	}
}

// position and textRange are the protocol's, decoded anew.
type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type textRange struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

// positionOf is the oracle for positions: it counts code units the slow way.
func positionOf(src string, offset int, encoding string) position {
	before := src[:offset]
	line := strings.Count(before, "\n")
	before = before[strings.LastIndex(before, "\n")+1:]
	switch encoding {
	case "utf-8":
		return position{line, len(before)}
	case "utf-32":
		return position{line, utf8.RuneCountInString(before)}
	}
	return position{line, len(utf16.Encode([]rune(before)))}
}

// offsetOf is the inverse of positionOf.
func offsetOf(src string, p position, encoding string) int {
	for offset := range src {
		if positionOf(src, offset, encoding) == p {
			return offset
		}
	}
	return len(src)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(content), 0o666))
}
