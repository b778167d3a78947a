package lsp

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// reply answers the server's requests.
func (e *editor) reply(method string, params json.RawMessage) any {
	switch method {
	case "workspace/configuration":
		return []any{e.options.Configuration}
	case "client/registerCapability", "client/unregisterCapability":
		var p struct {
			Registrations, Unregisterations []struct {
				ID, Method      string
				RegisterOptions json.RawMessage
			}
		}
		must(e.t, json.Unmarshal(params, &p))
		for _, r := range p.Registrations {
			if e.registered[r.ID] != "" {
				e.t.Errorf("%s is registered twice", r.ID)
			}
			e.registered[r.ID] = r.Method + " " + string(r.RegisterOptions)
		}
		for _, r := range p.Unregisterations {
			if !strings.HasPrefix(e.registered[r.ID], r.Method+" ") {
				e.t.Errorf("%s is not registered", r.ID)
			}
			delete(e.registered, r.ID)
		}
	case "workspace/diagnostic/refresh":
		e.printf("refresh")
	case "window/workDoneProgress/create":
		e.printf("progress %s", params)
	case "window/showDocument":
		var p struct {
			URI                 string
			External, TakeFocus bool
		}
		must(e.t, json.Unmarshal(params, &p))
		shown := p.URI
		if name, ok := strings.CutPrefix(p.URI, "file://"); ok {
			doc, err := os.ReadFile(filepath.FromSlash(name))
			must(e.t, err)
			title, _, _ := strings.Cut(string(doc), "\n")
			shown = filepath.Base(name) + ": " + title
		}
		e.printf("show %s, external: %v, focus: %v", shown, p.External, p.TakeFocus)
		return map[string]any{"success": true}
	case "workspace/applyEdit":
		var p struct {
			Edit workspaceEdit `json:"edit"`
		}
		must(e.t, json.Unmarshal(params, &p))
		e.apply(p.Edit)
		return map[string]any{"applied": true}
	}
	return nil
}

func (e *editor) printRegistered() {
	e.idle()
	for _, id := range slices.Sorted(maps.Keys(e.registered)) {
		e.printf("%s", e.registered[id])
	}
	if len(e.registered) == 0 {
		e.printf("none")
	}
}
