package lsp

import (
	"encoding/json"
	"slices"
	"strings"
)

// commands are what a user can do in a session.
func (e *editor) commands() map[string]func(rest string, args []string) {
	return map[string]func(string, []string){
		"open":        func(_ string, a []string) { e.openFile(a[0]) },      // open FILE
		"close":       func(_ string, a []string) { e.closeFile(a[0]) },     // close FILE
		"edit":        func(_ string, a []string) { e.edit(a) },             // edit FILE OLD NEW [OLD NEW …]: in one notification
		"save":        func(_ string, a []string) { e.save(a) },             // save FILE [now]: or when the server is idle
		"show":        func(_ string, a []string) { e.show(a[0]) },          // show FILE: the buffer, or the file
		"disk":        func(_ string, a []string) { e.disk(a) },             // disk FILE [TEXT]: another program writes or removes the file
		"diagnostics": func(_ string, a []string) { e.diagnostics(a[0]) },   // diagnostics FILE: waits for them
		"actions":     func(_ string, a []string) { e.codeActions(a) },      // actions FILE TEXT [automatic] [diagnosed] [KIND …]: at the beginning of TEXT, with the diagnostics
		"take":        func(_ string, a []string) { e.take(a[0]) },          // take TITLE: of the actions
		"complete":    func(_ string, a []string) { e.complete(a) },         // complete FILE TEXT: at the end of TEXT
		"accept":      func(_ string, a []string) { e.accept(a[0]) },        // accept LABEL: of the completions
		"hover":       func(_ string, a []string) { e.hover(a[0], a[1]) },   // hover FILE TEXT: at the beginning of TEXT
		"diagram":     func(_ string, a []string) { e.diagram(a[0], a[1]) }, // diagram FILE TEXT: of the line of TEXT
		"command":     func(rest string, a []string) { e.command(rest) },    // command NAME JSON
		"token":       func(rest string, _ []string) { e.token = rest },     // token TOKEN: goes with commands
		"configure":   func(rest string, _ []string) { e.configure(rest) },
		"registered":  func(string, []string) { e.printRegistered() },                                          // registered: with the server, when it is idle
		"trace":       func(rest string, _ []string) { e.notify("$/setTrace", map[string]any{"value": rest}) }, // trace off|messages|verbose
		"quiet":       func(string, []string) { e.quiet() },                                                    // prints what else the server has to say
		"pull":        func(_ string, a []string) { e.pull(a[0]) },                                             // pull FILE: its diagnostics
		"ask":         func(rest string, _ []string) { e.ask(rest) },                                           // ask [TOKEN]: for the diagnostics of the workspace
		"answer":      func(string, []string) { e.printHeld() },                                                // answer: to ask TOKEN
		"shown":       func(string, []string) { e.shown() },                                                    // shown: what the user sees; never anything twice
		"cancel": func(rest string, _ []string) {
			e.notify("window/workDoneProgress/cancel", map[string]any{"token": rest})
		},
		"folder": func(_ string, a []string) { e.folder(a[0], a[1]) }, // folder added|removed DIRECTORY
		"log":    func(string, []string) { e.printLog() },
	}
}

func (e *editor) quiet() {
	e.idle()
	var files []string // in no order: packages are looked at independently
	flush := func() {
		slices.Sort(files)
		for _, line := range files {
			e.printf("%s", line)
		}
		files = nil
	}
	for _, m := range e.notes {
		var p struct {
			Message string `json:"message"`
			Verbose string `json:"verbose"`
			URI     string `json:"uri"`
		}
		must(e.t, json.Unmarshal(m.Params, &p))
		if p.URI != "" && p.Message == "" {
			files = append(files, m.Method+": "+e.name(p.URI))
			continue
		}
		flush()
		switch {
		case p.Verbose != "":
			e.printf("%s: %s: %s", m.Method, p.Message, p.Verbose)
		case m.Method == "$/progress":
			e.printf("progress %s", m.Params)
		case p.Message != "":
			e.printf("%s: %s", m.Method, p.Message)
		default:
			e.printf("%s", m.Method)
		}
	}
	flush()
	if len(e.notes) == 0 {
		e.printf("nothing")
	}
	e.notes = nil
}

func (e *editor) printLog() {
	for line := range strings.Lines(e.log.String()) {
		if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "goroutine ") && strings.Contains(line, "panicked") {
			e.printf("%s", strings.TrimSpace(line))
		}
	}
}
