package lsp

import "github.com/go-json-experiment/json/jsontext"

type didChangeConfigurationParams struct {
	Settings struct {
		Handshake jsontext.Value `json:"handshake"`
	} `json:"settings"`
}

// didChangeConfiguration handles workspace/didChangeConfiguration. Clients that
// can be asked for their settings are asked, others send them.
func (s *session) didChangeConfiguration(p *didChangeConfigurationParams) error {
	if s.client.Workspace.Configuration {
		s.task("configuration", func() { s.pull(s.ctx) })
		return nil
	}
	s.configured(p.Settings.Handshake)
	return nil
}
