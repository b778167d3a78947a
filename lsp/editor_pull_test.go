package lsp

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// A pulledReport is what the client has pulled of a file.
type pulledReport struct {
	Kind     string                  `json:"kind"`
	ResultID string                  `json:"resultId"`
	URI      string                  `json:"uri"`
	Version  *int                    `json:"version"`
	Items    []diagnostic            `json:"items"`
	Related  map[string]pulledReport `json:"relatedDocuments"`
}

// pull asks for the diagnostics of a file, with the ID of those that it has.
func (e *editor) pull(name string) {
	params := map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}}
	if had, ok := e.pulled[name]; ok {
		params["previousResultId"] = had.ResultID
	}
	raw, err := e.call("textDocument/diagnostic", params)
	if err != nil {
		e.printf("%v", err)
		return
	}
	var r pulledReport
	must(e.t, json.Unmarshal(raw, &r))
	e.keep(name, r)
	for _, u := range slices.Sorted(maps.Keys(r.Related)) {
		e.keep(e.name(u), r.Related[u])
	}
}

// keep keeps and prints a report.
func (e *editor) keep(name string, r pulledReport) {
	switch had, ok := e.pulled[name]; r.Kind {
	case "full":
		if ok && had.ResultID == r.ResultID {
			e.t.Errorf("%s is sent again though it is unchanged", name)
		}
		if r.Items == nil {
			e.t.Errorf("%s has no items", name) // an empty list is one
		}
		e.pulled[name] = r
	case "unchanged":
		if !ok || had.ResultID != r.ResultID {
			e.t.Errorf("%s is unchanged, but the client has %q and not %q", name, had.ResultID, r.ResultID)
		}
	default:
		e.t.Errorf("a report of kind %q", r.Kind)
	}
	e.printf("%s: %s, %d diagnostics", name, r.Kind, len(r.Items))
}

// ask asks for the diagnostics of the workspace, and with a token for partial
// results does not wait for the answer.
func (e *editor) ask(token string) {
	e.asked = true
	previous := []any{}
	for _, name := range slices.Sorted(maps.Keys(e.pulled)) {
		previous = append(previous, map[string]any{"uri": e.uri(name), "value": e.pulled[name].ResultID})
	}
	params := map[string]any{"identifier": source, "previousResultIds": previous}
	if token != "" {
		params["partialResultToken"] = token
		e.held = e.send("workspace/diagnostic", params)
		return
	}
	raw, err := e.call("workspace/diagnostic", params)
	if err != nil {
		e.printf("%v", err)
		return
	}
	if e.keepAll(raw) == 0 {
		e.printf("nothing new")
	}
}

// keepAll keeps the reports of a part of an answer, and returns their number.
func (e *editor) keepAll(raw json.RawMessage) int {
	var r struct{ Items []pulledReport }
	must(e.t, json.Unmarshal(raw, &r))
	for _, r := range r.Items {
		if r.Version != nil {
			e.t.Errorf("%s has a version", r.URI)
		}
		e.keep(e.name(r.URI), r)
	}
	return len(r.Items)
}

// printHeld tells what has come of the request for the workspace, in parts and
// at the end; which of it in which part is a matter of chance.
func (e *editor) printHeld() {
	e.idle()
	var parts []json.RawMessage
	e.notes = slices.DeleteFunc(e.notes, func(m message) bool {
		var p struct{ Value json.RawMessage }
		if m.Method != "$/progress" || !strings.Contains(string(m.Params), `"items"`) {
			return false
		}
		must(e.t, json.Unmarshal(m.Params, &p))
		parts = append(parts, p.Value)
		return true
	})
	m, answered := e.answers[e.held]
	delete(e.answers, e.held)
	if answered && m.Error != nil {
		e.printf("%v", m.Error)
	} else if answered {
		parts = append(parts, m.Result)
	}
	for _, raw := range parts {
		e.keepAll(raw)
	}
	if answered {
		e.printf("answered")
	} else {
		e.printf("held")
	}
}

// shown tells what the user sees: what was pushed and what was pulled.
func (e *editor) shown() {
	e.idle()
	seen := make(map[string]string)
	all := make(map[string][]string)
	add := func(how, name string, items []diagnostic) {
		for _, d := range items {
			line := span(d.Range) + " " + d.Code
			if other, ok := seen[name+line]; ok {
				e.t.Errorf("%s: %s is shown twice: %s and %s", name, line, other, how)
			}
			seen[name+line] = how
			all[name] = append(all[name], line+" "+how)
		}
	}
	for name, p := range e.pushed {
		add("pushed", name, p.Diagnostics)
	}
	for name, r := range e.pulled {
		add("pulled", name, r.Items)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e.printf("%s", name)
		for _, line := range all[name] {
			e.printf("\t%s", line)
		}
	}
	if len(all) == 0 {
		e.printf("nothing")
	}
}

// folder adds or removes a workspace folder.
func (e *editor) folder(what, dir string) {
	event := map[string]any{"added": []any{}, "removed": []any{}}
	event[what] = []any{map[string]any{"uri": e.uri(dir), "name": dir}}
	e.notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": event})
}
