package lsp

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

type initializeParams struct {
	ClientInfo            clientInfo     `json:"clientInfo"`
	Capabilities          client         `json:"capabilities"`
	InitializationOptions jsontext.Value `json:"initializationOptions"`
	Trace                 string         `json:"trace"`
	RootURI               uri.URI        `json:"rootUri"` // for clients without workspaceFolders
	WorkspaceFolders      []folder       `json:"workspaceFolders"`
}

// initialize handles initialize, the first call.
func (s *server) initialize(_ context.Context, _ *snapshot, p *initializeParams) (*protocol.InitializeResult, error) {
	if s.state != created {
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the server is initialized already")
	}
	s.client = p.Capabilities
	s.client.info = p.ClientInfo
	s.client.negotiate()
	s.traceAs(p.Trace)
	set := s.read(DefaultSettings(), p.InitializationOptions, "initializationOptions")
	s.mu.Lock()
	s.fromInit, s.settings = set, set
	if s.addFolders(p.WorkspaceFolders); p.WorkspaceFolders == nil {
		s.addFolders([]folder{{p.RootURI}})
	}
	s.mu.Unlock()
	s.state = initialized
	return &protocol.InitializeResult{
		Capabilities: s.client.capabilities(set),
		ServerInfo:   protocol.ServerInfo{Name: "handshake", Version: protocol.NewOptional(s.opts.Version)},
	}, nil
}

// shutdown handles shutdown: nothing but exit is answered from now on.
func (s *server) shutdown(context.Context, *snapshot, *struct{}) (any, error) {
	s.state = shutDown
	s.stopped.Store(true)
	return nil, nil
}

// exit handles exit: the input ends here.
func (s *server) exit(*struct{}) error {
	s.exited.Store(true)
	return nil
}
