package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.lsp.dev/uri"
)

// patience is how long the benchmark waits for one answer.
const patience = 5 * time.Minute

// A client drives one language server over its standard input and output. It
// does without the libraries of the server, which are measured too.
type client struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	got     chan arrived // closed at the end of the output
	start   time.Time
	uri     string
	version int
	calls   int
}

// An arrived message is what the server sent, and when.
type arrived struct {
	at     time.Time
	ID     json.RawMessage
	Method string
	Params struct {
		URI         string
		Version     int
		Diagnostics []json.RawMessage
		Items       []any
		Value       struct{ Kind string }
	}
	Result json.RawMessage
	Error  json.RawMessage
}

// open starts a server with a folder for its cache and opens the file in it, with
// the text. The folder that is open is the module, or with scan the workspace,
// which ours then looks at.
func open(ctx context.Context, s server, file, text, cache string, scan bool) (*client, error) {
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, err
	}
	root := above(file, "go.mod")
	if scan {
		root = cmp.Or(above(file, "go.work"), root)
	}
	root = cmp.Or(root, filepath.Dir(file))
	c := &client{cmd: exec.CommandContext(ctx, s.args[0], s.args[1:]...), got: make(chan arrived, 1000), uri: string(uri.File(file))}
	c.cmd.Dir, c.cmd.Env = root, append(os.Environ(), s.cache+"="+cache)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	c.start = time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go c.read(out)
	folder := map[string]any{"uri": uri.File(root), "name": "bench"}
	if _, _, err := c.call("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": uri.File(root), "workspaceFolders": []any{folder},
		"initializationOptions": map[string]any{"scan": scan}, // of which gopls knows nothing
		"capabilities": map[string]any{"window": map[string]any{"workDoneProgress": scan}, "textDocument": map[string]any{
			"publishDiagnostics": map[string]any{"dataSupport": true, "versionSupport": true},
			"codeAction": map[string]any{
				"codeActionLiteralSupport": map[string]any{"codeActionKind": map[string]any{"valueSet": []string{"quickfix"}}},
				"dataSupport":              true, "resolveSupport": map[string]any{"properties": []string{"edit"}},
			},
		}},
	}); err != nil {
		return nil, errors.Join(err, c.end())
	}
	c.version = 1
	return c, cmp.Or(
		c.send(map[string]any{"method": "initialized", "params": map[string]any{}}),
		c.send(map[string]any{"method": "textDocument/didOpen", "params": map[string]any{
			"textDocument": map[string]any{"uri": c.uri, "languageId": "go", "version": 1, "text": text},
		}}))
}

// above returns the closest directory above a file that has a file of the name, or
// "".
func above(file, name string) string {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func (c *client) send(message map[string]any) error {
	message["jsonrpc"] = "2.0"
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

func (c *client) read(out io.Reader) {
	defer close(c.got)
	r := textproto.NewReader(bufio.NewReaderSize(out, 1<<16))
	for {
		header, err := r.ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r.R, body); err != nil {
			return
		}
		m := arrived{at: time.Now()}
		if json.Unmarshal(body, &m) == nil {
			c.got <- m
		}
	}
}

// until returns the first message that is wanted, and answers the requests of the
// server on the way.
func (c *client) until(wanted func(arrived) bool) (arrived, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-late.C:
			return arrived{}, errors.New("no answer")
		case m, ok := <-c.got:
			if !ok {
				return arrived{}, errors.New("the server has ended")
			}
			if m.ID != nil && m.Method != "" {
				var result any
				if m.Method == "workspace/configuration" {
					result = make([]any, len(m.Params.Items)) // no settings
				}
				if err := c.send(map[string]any{"id": m.ID, "result": result}); err != nil {
					return arrived{}, err
				}
				continue
			}
			if wanted(m) {
				return m, nil
			}
		}
	}
}

// call returns the result of a request, and how many milliseconds it took.
func (c *client) call(method string, params any) (json.RawMessage, float64, error) {
	c.calls++
	id := strconv.Itoa(c.calls)
	start := time.Now()
	if err := c.send(map[string]any{"id": c.calls, "method": method, "params": params}); err != nil {
		return nil, 0, err
	}
	m, err := c.until(func(m arrived) bool { return m.Method == "" && string(m.ID) == id })
	if err == nil && m.Error != nil {
		err = fmt.Errorf("%s: %s", method, m.Error)
	}
	return m.Result, ms(m.at.Sub(start)), err
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// told waits until the diagnostics of the present version tell of the smell, or
// do not.
func (c *client) told(says string, there bool) (arrived, error) {
	return c.until(func(m arrived) bool {
		if m.Method != "textDocument/publishDiagnostics" || m.Params.URI != c.uri || m.Params.Version != 0 && m.Params.Version != c.version {
			return false
		}
		found := false
		for _, d := range m.Params.Diagnostics {
			found = found || strings.Contains(string(d), says)
		}
		return found == there
	})
}

// first returns how long after its start the server tells of the smell.
func (c *client) first(says string) (float64, error) {
	m, err := c.told(says, true)
	return ms(m.at.Sub(c.start)), err
}

// edit replaces the text and returns after which time the server tells whether
// the smell is there.
func (c *client) edit(text, says string, there bool) (float64, error) {
	c.version++
	start := time.Now()
	if err := c.send(map[string]any{"method": "textDocument/didChange", "params": map[string]any{
		"textDocument": map[string]any{"uri": c.uri, "version": c.version}, "contentChanges": []any{map[string]any{"text": text}},
	}}); err != nil {
		return 0, err
	}
	m, err := c.told(says, there)
	return ms(m.at.Sub(start)), err
}

// settle waits until the server uses no processor time any more.
func (c *client) settle() {
	for idle := 0; idle < 3; {
		before := c.cpu()
		time.Sleep(200 * time.Millisecond) // an observer of another process has no other way
		if idle++; c.cpu()-before > 20 {
			idle = 0
		}
	}
}

// fix asks for the actions at the whole document and resolves the first of the
// kind. It returns how long each took.
func (c *client) fix(kind string) (action, resolve float64, err error) {
	everywhere := map[string]any{"start": map[string]int{"line": 0, "character": 0}, "end": map[string]int{"line": 1 << 20, "character": 0}}
	raw, action, err := c.call("textDocument/codeAction", map[string]any{
		"textDocument": map[string]any{"uri": c.uri}, "range": everywhere, "context": map[string]any{"diagnostics": []any{}},
	})
	if err != nil {
		return 0, 0, err
	}
	var actions []map[string]any
	if err := json.Unmarshal(raw, &actions); err != nil {
		return 0, 0, err
	}
	for _, a := range actions {
		if k, _ := a["kind"].(string); k == kind && a["data"] != nil {
			_, resolve, err = c.call("codeAction/resolve", a)
			return action, resolve, err
		}
	}
	return 0, 0, fmt.Errorf("none of %d actions is of the kind %s", len(actions), kind)
}

// end shuts the server down.
func (c *client) end() error {
	_, _, err := c.call("shutdown", nil)
	c.send(map[string]any{"method": "exit"})
	c.in.Close()
	for range c.got {
	}
	c.cmd.Wait() // how it ends is not what is measured
	return err
}

// cpu returns the processor time that the server and the processes that it waited
// for have used, in milliseconds: 0 where there is no /proc.
func (c *client) cpu() float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	_, rest, ok := strings.Cut(string(raw), ") ")
	if err != nil || !ok {
		return 0
	}
	sum := 0
	for _, field := range strings.Fields(rest)[11:15] { // utime to cstime of proc(5)
		n, _ := strconv.Atoi(field)
		sum += n
	}
	return float64(sum) * 10 // USER_HZ is 100 on Linux
}

// memory returns the resident memory of the server and its peak, in megabytes.
func (c *client) memory() (now, peak int) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(raw)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			now = kb >> 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			peak = kb >> 10
		}
	}
	return now, peak
}
