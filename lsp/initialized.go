package lsp

import (
	"context"
	"encoding/json"

	"go.lsp.dev/protocol"
)

// initialized handles initialized: from now on the server may ask the client.
func (s *session) initialized(*struct{}) error {
	s.initializedOnce.Do(func() {
		s.task("register", s.register)
		s.task("configuration", func() {
			defer close(s.configuredOnce)
			ctx, cancel := context.WithTimeout(s.ctx, configurationPatience)
			defer cancel()
			s.pull(ctx)
		})
	})
	return nil
}

// register asks the client to tell of changed files and settings.
func (s *session) register() {
	var p protocol.RegistrationParams
	add := func(method string, options any) {
		raw, _ := json.Marshal(options) // maps and strings only
		p.Registrations = append(p.Registrations, protocol.Registration{ID: "handshake " + method, Method: method, RegisterOptions: raw})
	}
	if s.client.Workspace.DidChangeWatchedFiles.DynamicRegistration {
		var watchers []map[string]string
		for _, glob := range []string{"**/*.go", "**/go.mod", "**/go.work", "**/" + configFile} {
			watchers = append(watchers, map[string]string{"globPattern": glob})
		}
		add(protocol.MethodWorkspaceDidChangeWatchedFiles, map[string]any{"watchers": watchers})
	}
	if s.client.Workspace.DidChangeConfiguration.DynamicRegistration {
		add(protocol.MethodWorkspaceDidChangeConfiguration, map[string]any{"section": "handshake"})
	}
	if len(p.Registrations) == 0 {
		return
	}
	if _, err := s.conn.Call(s.ctx, protocol.MethodClientRegisterCapability, &p, nil); err != nil && s.ctx.Err() == nil {
		s.log.Printf("register: %v", err)
	}
}

// pull asks the client for the settings.
func (s *session) pull(ctx context.Context) {
	if !s.client.Workspace.Configuration {
		return
	}
	section := "handshake"
	p := &protocol.ConfigurationParams{Items: []protocol.ConfigurationItem{{Section: &section}}}
	var answer []json.RawMessage
	var raw protocol.LSPAny
	_, err := s.conn.Call(ctx, protocol.MethodWorkspaceConfiguration, p, &raw)
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	if err != nil {
		if s.ctx.Err() == nil {
			s.log.Printf("configuration: %v", err)
		}
		return
	}
	if len(answer) > 0 {
		s.configured(answer[0])
	}
}
