package lsp

import (
	"context"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"handshake/refactor/card"
	"handshake/refactor/card/draw"
)

// A diagram is the answer to handshake.diagram.
type diagram struct {
	Mermaid string `json:"mermaid"`
	SVG     string `json:"svg"`
}

// diagramCommand returns the sequence diagram of the goroutines around the line
// of {"uri", "position"} in an open file; null if none meet there.
func (s *session) diagramCommand(ctx context.Context, snap *snapshot, call *executeCommandParams) (any, error) {
	var p struct {
		URI      uri.URI           `json:"uri"`
		Position protocol.Position `json:"position"`
	}
	if err := call.decode(&p); err != nil {
		return nil, err
	}
	a, err := s.fresh(ctx, snap, actionData{URI: p.URI})
	if err != nil {
		return nil, err
	}
	if a.pkg == nil {
		return nil, nil
	}
	seq := card.Around(a.pkg, snap.docs[p.URI].name, int(p.Position.Line)+1)
	if seq == nil {
		return nil, nil
	}
	svg, err := draw.SVG(ctx, seq)
	if err != nil {
		return nil, jsonrpc2.NewError(codeRequestFailed, err.Error())
	}
	return diagram{seq.Mermaid(), string(svg)}, nil
}
