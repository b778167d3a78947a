package lsp

import (
	"encoding/json"

	"go.lsp.dev/protocol"
)

// A provider is a feature that the settings turn on and off. Clients that can
// are told so at any time, the others once and for all by initialize.
type provider struct {
	method  string
	dynamic func(*client) bool
	wanted  func(*client, Settings) bool
}

var hoverProvider = provider{
	method:  protocol.MethodTextDocumentHover,
	dynamic: func(c *client) bool { return c.TextDocument.Hover.DynamicRegistration },
	wanted:  func(c *client, set Settings) bool { return set.Hover.wanted(c) },
}

var completionProvider = provider{
	method:  protocol.MethodTextDocumentCompletion,
	dynamic: func(c *client) bool { return c.TextDocument.Completion.DynamicRegistration },
	wanted: func(c *client, set Settings) bool {
		return set.Snippets && c.TextDocument.Completion.Item.SnippetSupport
	},
}

// announced reports whether the feature is among the capabilities that
// initialize returns.
func (p provider) announced(c *client, set Settings) bool { return !p.dynamic(c) && p.wanted(c, set) }

// registration returns the registration of a method.
func registration(method string, options map[string]any) protocol.Registration {
	raw, _ := json.Marshal(options) // maps and strings only
	return protocol.Registration{ID: registrationID(method), Method: method, RegisterOptions: raw}
}

func registrationID(method string) string { return "handshake " + method }

// register asks the client to tell of changed files and settings.
func (s *session) register() {
	var p protocol.RegistrationParams
	if s.client.Workspace.DidChangeWatchedFiles.DynamicRegistration {
		var watchers []map[string]string
		for _, glob := range []string{"**/*.go", "**/go.mod", "**/go.work", "**/" + configFile} {
			watchers = append(watchers, map[string]string{"globPattern": glob})
		}
		p.Registrations = append(p.Registrations, registration(protocol.MethodWorkspaceDidChangeWatchedFiles, map[string]any{"watchers": watchers}))
	}
	if s.client.Workspace.DidChangeConfiguration.DynamicRegistration {
		p.Registrations = append(p.Registrations, registration(protocol.MethodWorkspaceDidChangeConfiguration, map[string]any{"section": "handshake"}))
	}
	if len(p.Registrations) > 0 {
		s.ask(protocol.MethodClientRegisterCapability, &p)
	}
}

// registerProviders registers the features that the settings ask for by now, and
// unregisters the others.
func (s *session) registerProviders() {
	s.registering.Lock()
	defer s.registering.Unlock()
	s.mu.Lock()
	set := s.settings
	s.mu.Unlock()
	var in protocol.RegistrationParams
	var out protocol.UnregistrationParams
	for _, p := range []provider{hoverProvider, completionProvider} {
		wanted := p.wanted(&s.client, set)
		switch {
		case !p.dynamic(&s.client) || wanted == s.registered[p.method]:
			continue
		case wanted:
			selector := []map[string]string{{"language": "go"}}
			in.Registrations = append(in.Registrations, registration(p.method, map[string]any{"documentSelector": selector}))
		default:
			out.Unregisterations = append(out.Unregisterations, protocol.Unregistration{ID: registrationID(p.method), Method: p.method})
		}
		s.registered[p.method] = wanted
	}
	if len(in.Registrations) > 0 {
		s.ask(protocol.MethodClientRegisterCapability, &in)
	}
	if len(out.Unregisterations) > 0 {
		s.ask(protocol.MethodClientUnregisterCapability, &out)
	}
}

// ask makes a request whose answer says nothing.
func (s *session) ask(method string, params any) {
	if _, err := s.conn.Call(s.ctx, method, params, nil); err != nil && s.ctx.Err() == nil {
		s.log.Printf("%s: %v", method, err)
	}
}
