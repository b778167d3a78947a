package lsp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"handshake/refactor/rules"
	"handshake/snippets"
)

// An editor is a peer with buffers that plays sessions.
type editor struct {
	*peer
	dir      string
	options  clientOptions
	encoding string
	hovers   bool               // the server offers hovers
	buffers  map[string]*buffer // open files, by name below dir
	actions  []action           // the last answer to codeAction
	items    []item             // the last answer to completion
	token    string             // of the progress of commands; empty if the server is to make one
	at       string             // the file of actions and items

	pushed map[string]published    // the diagnostics that the server has told of, by name
	pulled map[string]pulledReport // those that the client has asked for
	asked  bool                    // the client asks for those of the workspace
	held   string                  // the request for those of the workspace

	registered map[string]string // methods and their options, by ID

	offered json.RawMessage // the answer to initialize

	escape func(uri string) string      // how the client writes URIs
	known  map[string][]json.RawMessage // the diagnostics of files
	out    strings.Builder
}

type buffer struct {
	text    string
	version int
}

func newEditor(t *testing.T, dir string, options clientOptions) *editor {
	all := fakeRules()
	if options.Real {
		all = rules.All()
	}
	e := &editor{peer: connect(t, all...), dir: dir, options: options, encoding: "utf-16", buffers: make(map[string]*buffer), known: make(map[string][]json.RawMessage), registered: make(map[string]string)}
	e.escape = func(uri string) string { return uri }
	e.answer = e.reply
	if options.prepare != nil {
		options.prepare(e.server)
	}
	e.pushed, e.pulled = make(map[string]published), make(map[string]pulledReport)
	e.noted = func(m message) {
		if m.Method == "textDocument/publishDiagnostics" {
			var p published
			must(t, json.Unmarshal(m.Params, &p))
			e.pushed[e.name(p.URI)] = p
		}
	}
	params := map[string]any{"processId": nil, "rootUri": e.uri(""), "capabilities": options.Capabilities}
	if options.ClientInfo != nil {
		params["clientInfo"] = options.ClientInfo
	}
	if options.InitializationOptions != nil {
		params["initializationOptions"] = options.InitializationOptions
	}
	var result struct {
		Capabilities struct {
			PositionEncoding string `json:"positionEncoding"`
			HoverProvider    bool   `json:"hoverProvider"`
		} `json:"capabilities"`
	}
	e.offered = e.initialize(e.encode(params))
	must(t, json.Unmarshal(e.offered, &result))
	// The server may register it later.
	e.encoding, e.hovers = result.Capabilities.PositionEncoding, result.Capabilities.HoverProvider
	return e
}

func (e *editor) uri(name string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(e.dir, filepath.FromSlash(name)))}
	return e.escape(u.String())
}

func (e *editor) name(uri string) string {
	u, err := url.Parse(uri)
	must(e.t, err)
	rel, err := filepath.Rel(e.dir, filepath.FromSlash(u.Path))
	must(e.t, err)
	return filepath.ToSlash(rel)
}

// play plays a session and returns it with what came of it.
func (e *editor) play(session string) string {
	for line := range strings.Lines(session) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			e.printf("%s", line)
		case strings.HasPrefix(line, "> "):
			e.printf("%s", line)
			name, rest, _ := strings.Cut(line[2:], " ")
			do := e.commands()[name]
			if do == nil {
				e.t.Fatalf("unknown command %s", line)
			}
			do(rest, words(e.t, rest))
		}
	}
	e.close()
	return e.out.String()
}

func (e *editor) printf(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	e.out.WriteString(strings.ReplaceAll(s, e.dir, "$WORK") + "\n")
}

var wordRE = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\S+`)

// words splits a line at spaces; words in quotes are Go strings.
func words(t *testing.T, line string) []string {
	var out []string
	for _, w := range wordRE.FindAllString(line, -1) {
		if strings.HasPrefix(w, `"`) {
			var err error
			w, err = strconv.Unquote(w)
			must(t, err)
		}
		out = append(out, w)
	}
	return out
}

func (e *editor) document(name string) map[string]any {
	return map[string]any{"uri": e.uri(name), "version": e.buffers[name].version}
}

func (e *editor) openFile(name string) {
	src, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		src = nil // a new file
	}
	e.buffers[name] = &buffer{string(src), 1}
	e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": e.uri(name), "languageId": "go", "version": 1, "text": string(src)}})
}

func (e *editor) closeFile(name string) {
	delete(e.buffers, name)
	if _, ok := e.pulled[name]; ok && !e.asked {
		delete(e.pulled, name) // nobody asks for it any more
	}
	e.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}})
}

func (e *editor) edit(args []string) {
	b := e.buffers[args[0]]
	b.version++
	var changes []any
	for pair := range slices.Chunk(args[1:], 2) {
		if b.text == "" && pair[0] == "" {
			changes = append(changes, map[string]any{"text": pair[1]})
			b.text = pair[1]
			continue
		}
		if strings.Count(b.text, pair[0]) != 1 {
			e.t.Fatalf("%q is not in %s once:\n%s", pair[0], args[0], b.text)
		}
		i := strings.Index(b.text, pair[0])
		changes = append(changes, map[string]any{
			"range": textRange{positionOf(b.text, i, e.encoding), positionOf(b.text, i+len(pair[0]), e.encoding)},
			"text":  pair[1],
		})
		b.text = b.text[:i] + pair[1] + b.text[i+len(pair[0]):]
	}
	e.notify("textDocument/didChange", map[string]any{"textDocument": e.document(args[0]), "contentChanges": changes})
}

// idle waits until the server has nothing more to do: it must not read a file
// that is being written.
func (e *editor) idle() {
	for e.receive() {
	}
}

func (e *editor) save(args []string) {
	name := args[0]
	if len(args) == 1 {
		e.idle()
	}
	writeFile(e.t, filepath.Join(e.dir, name), e.buffers[name].text)
	e.notify("textDocument/didSave", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}})
}

func (e *editor) show(name string) {
	var text string
	if b := e.buffers[name]; b != nil {
		text = b.text
	} else {
		src, err := os.ReadFile(filepath.Join(e.dir, name))
		must(e.t, err)
		text = string(src)
	}
	for line := range strings.Lines(text) {
		e.printf("| %s", strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\r", "\\r"))
	}
}

func (e *editor) disk(args []string) {
	e.idle()
	name := filepath.Join(e.dir, args[0])
	kind := 1
	if _, err := os.Stat(name); err == nil {
		kind = 2
	}
	if len(args) == 1 {
		kind = 3
		must(e.t, os.Remove(name))
	} else {
		must(e.t, os.MkdirAll(filepath.Dir(name), 0o777))
		writeFile(e.t, name, args[1])
	}
	e.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": e.uri(args[0]), "type": kind}}})
}

func (e *editor) diagnostics(name string) {
	var p published
	raw, ok := e.note("textDocument/publishDiagnostics", func(raw json.RawMessage) bool {
		p = published{}
		must(e.t, json.Unmarshal(raw, &p))
		return e.name(p.URI) == name
	})
	if !ok {
		e.printf("nothing")
		return
	}
	var all struct {
		Diagnostics []json.RawMessage `json:"diagnostics"`
	}
	must(e.t, json.Unmarshal(raw, &all))
	e.known[name] = all.Diagnostics
	e.printf("version %d", p.Version)
	for _, d := range p.Diagnostics {
		if d.Range.Start == d.Range.End {
			e.t.Errorf("the range of %q is empty", d.Message)
		}
		e.printf("%s %s %s/%s: %s", span(d.Range), [...]string{"", "error", "warning", "info", "hint"}[d.Severity], d.Source, d.Code, d.Message)
		if d.CodeDescription != nil {
			e.printf("\tsee %s", d.CodeDescription.Href)
		}
		if d.Data != nil && (d.Data.Rule != d.Code || d.Data.Key == "") {
			e.t.Errorf("the data of %q is %v", d.Message, d.Data)
		}
		for _, r := range d.RelatedInformation {
			e.printf("\t%s:%s: %s", e.name(r.Location.URI), span(r.Location.Range), r.Message)
		}
	}
}

func (e *editor) codeActions(args []string) {
	name, needle := args[0], args[1]
	context := map[string]any{"diagnostics": []any{}, "triggerKind": 1}
	var only []string
	for _, a := range args[2:] {
		switch a {
		case "automatic":
			context["triggerKind"] = 2
		case "diagnosed":
			context["diagnostics"] = e.known[name]
		default:
			only = append(only, a)
		}
	}
	if only != nil {
		context["only"] = only
	}
	i := strings.Index(e.buffers[name].text, needle)
	if i < 0 {
		e.t.Fatalf("%q is not in %s", needle, name)
	}
	at := positionOf(e.buffers[name].text, i, e.encoding)
	raw, err := e.call("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "range": textRange{at, at}, "context": context})
	if err != nil {
		e.printf("%v", err)
		return
	}
	var raws []json.RawMessage
	must(e.t, json.Unmarshal(raw, &raws))
	e.actions, e.at = nil, name
	for _, raw := range raws {
		a := action{raw: raw}
		must(e.t, json.Unmarshal(raw, &a))
		e.actions = append(e.actions, a)
		line := a.Kind + ": " + a.Title
		if a.IsPreferred {
			line += " [preferred]"
		}
		if a.Edit != nil {
			line += " [edit]"
		}
		if a.Disabled != nil {
			line += " [disabled: " + a.Disabled.Reason + "]"
		}
		e.printf("%s", line)
	}
	if len(raws) == 0 {
		e.printf("none")
	}
}

func (e *editor) take(title string) {
	for _, a := range e.actions {
		if a.Title != title || a.Disabled != nil {
			continue
		}
		if a.Edit == nil && a.Command == nil {
			raw, err := e.call("codeAction/resolve", string(a.raw))
			if err != nil {
				e.printf("%v", err)
				return
			}
			a.Edit = nil
			must(e.t, json.Unmarshal(raw, &a))
		}
		if a.Edit != nil {
			e.apply(*a.Edit)
		}
		if a.Command != nil {
			raw, err := e.call("workspace/executeCommand", map[string]any{"command": a.Command.Command, "arguments": a.Command.Arguments})
			if err != nil {
				e.printf("%v", err)
				return
			}
			e.printf("%s", raw)
		}
		return
	}
	e.t.Fatalf("no action %q", title)
}

// apply applies an edit to buffers and files and prints what it touches.
func (e *editor) apply(edit workspaceEdit) {
	for _, c := range edit.DocumentChanges {
		name, version := e.name(c.TextDocument.URI), string(c.TextDocument.Version)
		if b := e.buffers[name]; b != nil && version != strconv.Itoa(b.version) || b == nil && version != "null" {
			e.printf("the edit of %s is for another version", name)
			return
		}
		for _, x := range c.Edits {
			if _, ok := edit.ChangeAnnotations[x.AnnotationID]; ok != (x.AnnotationID != "") || ok != (len(edit.ChangeAnnotations) > 0) {
				e.t.Errorf("the annotation %q is not among %v", x.AnnotationID, edit.ChangeAnnotations)
			}
		}
	}
	for _, a := range edit.ChangeAnnotations {
		e.printf("annotated %q (%s), to be confirmed: %v", a.Label, a.Description, a.NeedsConfirmation)
	}
	for _, c := range edit.DocumentChanges {
		e.change(e.name(c.TextDocument.URI), c.Edits)
	}
	for u, edits := range edit.Changes {
		e.change(e.name(u), edits)
	}
	if len(edit.DocumentChanges)+len(edit.Changes) == 0 {
		e.printf("nothing to do")
	}
}

// expanded returns a snippet as it is when its placeholders are accepted.
func expanded(snippet string) string {
	snippet = regexp.MustCompile(`\$\{\d+:([^}]*)\}`).ReplaceAllString(snippet, "$1")
	return regexp.MustCompile(`\\(.)`).ReplaceAllString(snippet, "$1")
}

// change makes text edits, which all refer to the text before.
func (e *editor) change(name string, edits []textEdit) {
	e.printf("%d edits in %s", len(edits), name)
	b := e.buffers[name]
	text := ""
	if b != nil {
		text = b.text
	} else {
		src, err := os.ReadFile(filepath.Join(e.dir, name))
		must(e.t, err)
		text = string(src)
	}
	before := text
	slices.SortStableFunc(edits, func(x, y textEdit) int { // the last first
		return -cmp.Or(cmp.Compare(x.Range.Start.Line, y.Range.Start.Line), cmp.Compare(x.Range.Start.Character, y.Range.Start.Character))
	})
	for _, x := range edits {
		start, end := offsetOf(before, x.Range.Start, e.encoding), offsetOf(before, x.Range.End, e.encoding)
		if x.Snippet != nil {
			e.printf("%s %q", x.Snippet.Kind, x.Snippet.Value)
			x.NewText = expanded(x.Snippet.Value)
		}
		text = text[:start] + x.NewText + text[end:]
	}
	if b == nil {
		writeFile(e.t, filepath.Join(e.dir, name), text)
		return
	}
	b.text = text
	b.version++
	e.notify("textDocument/didChange", map[string]any{"textDocument": e.document(name), "contentChanges": []any{map[string]any{"text": text}}})
}

func (e *editor) complete(args []string) {
	name, needle := args[0], args[1]
	i := strings.Index(e.buffers[name].text, needle)
	if i < 0 {
		e.t.Fatalf("%q is not in %s", needle, name)
	}
	raw, err := e.call("textDocument/completion", map[string]any{
		"textDocument": map[string]any{"uri": e.uri(name)},
		"position":     positionOf(e.buffers[name].text, i+len(needle), e.encoding),
	})
	if err != nil {
		e.printf("%v", err)
		return
	}
	var list struct {
		Items []item `json:"items"`
	}
	must(e.t, json.Unmarshal(raw, &list))
	e.items, e.at = list.Items, name
	var labels []string
	for _, i := range list.Items {
		labels = append(labels, i.Label)
		if i.InsertTextFormat != 2 {
			e.t.Errorf("%s is no snippet", i.Label)
		}
	}
	e.printf("%s", cmp.Or(strings.Join(labels, " "), "none"))
}

func (e *editor) accept(label string) {
	for _, i := range e.items {
		if i.Label == label {
			// Editors show the defaults of the tab stops at first.
			i.TextEdit.NewText = strings.TrimSuffix(snippets.Expand(strings.Split(i.TextEdit.NewText, "\n")), "\n")
			e.change(e.at, append(i.AdditionalTextEdits, i.TextEdit))
			return
		}
	}
	e.t.Fatalf("no completion %q", label)
}

func (e *editor) command(rest string) {
	name, argument, _ := strings.Cut(rest, " ")
	var arguments []json.RawMessage
	if argument != "" {
		argument = strings.ReplaceAll(argument, "$URI", e.uri(""))
		arguments = append(arguments, json.RawMessage(argument))
	}
	params := map[string]any{"command": name, "arguments": arguments}
	if e.token != "" {
		params["workDoneToken"] = e.token
	}
	raw, err := e.call("workspace/executeCommand", params)
	if err != nil {
		e.printf("%v", err)
		return
	}
	e.printf("%s", raw)
}

// configure changes the settings of the client: it sends them, and answers with
// them if it is asked.
func (e *editor) configure(raw string) {
	e.options.Configuration = json.RawMessage(raw)
	e.notify("workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"handshake": json.RawMessage(raw)}})
}
