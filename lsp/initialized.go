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
			s.task("providers", s.registerProviders)
		})
		s.mu.Lock()
		s.scan.wake(scanAnew)
		s.mu.Unlock()
		s.task("scan", s.scan.run)
	})
	return nil
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
