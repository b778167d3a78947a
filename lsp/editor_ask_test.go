package lsp

import (
	"encoding/json"
	"strings"
)

func (e *editor) hover(name, needle string) {
	if !e.hovers && e.registered["handshake textDocument/hover"] == "" {
		e.printf("no hovers")
		return
	}
	text := e.buffers[name].text
	i := strings.Index(text, needle)
	if i < 0 {
		e.t.Fatalf("%q is not in %s", needle, name)
	}
	raw, err := e.call("textDocument/hover", map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": positionOf(text, i, e.encoding)})
	if err != nil {
		e.printf("%v", err)
		return
	}
	var h *struct {
		Contents struct {
			Kind  string `json:"kind"`
			Value string `json:"value"`
		} `json:"contents"`
		Range textRange `json:"range"`
	}
	must(e.t, json.Unmarshal(raw, &h))
	if h == nil {
		e.printf("none")
		return
	}
	e.printf("%s %s", span(h.Range), h.Contents.Kind)
	for line := range strings.Lines(h.Contents.Value) {
		e.printf("| %s", strings.TrimSuffix(line, "\n"))
	}
}

func (e *editor) diagram(name, needle string) {
	text := e.buffers[name].text
	i := strings.Index(text, needle)
	if i < 0 {
		e.t.Fatalf("%q is not in %s", needle, name)
	}
	raw, err := e.call("workspace/executeCommand", map[string]any{"command": "handshake.diagram", "arguments": []any{
		map[string]any{"uri": e.uri(name), "position": positionOf(text, i, e.encoding)},
	}})
	if err != nil {
		e.printf("%v", err)
		return
	}
	var d *struct{ Mermaid, SVG string }
	must(e.t, json.Unmarshal(raw, &d))
	if d == nil {
		e.printf("none")
		return
	}
	for line := range strings.Lines(d.Mermaid) {
		e.printf("| %s", strings.TrimSuffix(line, "\n"))
	}
	e.printf("SVG: %v", strings.HasPrefix(d.SVG, "<?xml") && strings.HasSuffix(d.SVG, "</svg>"))
}
