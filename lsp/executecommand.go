package lsp

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"
)

type executeCommandParams struct {
	Command   string           `json:"command"`
	Arguments []jsontext.Value `json:"arguments"`
}

// A command runs on the client's behalf. Its argument is one JSON object.
type command func(*session, context.Context, *snapshot, jsontext.Value) (any, error)

// commands are what workspace/executeCommand can run.
var commands = map[string]command{
	"handshake.fixAll":  (*session).fixAllCommand,
	"handshake.diagram": (*session).diagramCommand,
	"handshake.explain": (*session).explainCommand,
	"handshake.reload":  (*session).reloadCommand,
}

func commandNames() []string { return slices.Sorted(maps.Keys(commands)) }

// executeCommand handles workspace/executeCommand.
func (s *session) executeCommand(ctx context.Context, snap *snapshot, p *executeCommandParams) (any, error) {
	c := commands[p.Command]
	if c == nil {
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidParams, unknown("command", p.Command, commandNames()))
	}
	var argument jsontext.Value
	if len(p.Arguments) > 0 {
		argument = p.Arguments[0]
	}
	return c(s, ctx, snap, argument)
}

// decode decodes the argument of a command.
func decode(argument jsontext.Value, v any) error {
	if err := json.Unmarshal(argument, v); err != nil {
		return jsonrpc2.Errorf(jsonrpc2.InvalidParams, "the argument is not as it should be: %v", err)
	}
	return nil
}

// fixAllCommand makes all safe fixes in the open file {"uri"} by asking the
// client to apply an edit. The result says whether there was one and it was
// applied.
func (s *session) fixAllCommand(ctx context.Context, snap *snapshot, argument jsontext.Value) (any, error) {
	var p struct {
		URI uri.URI `json:"uri"`
	}
	if err := decode(argument, &p); err != nil {
		return nil, err
	}
	if !s.client.Workspace.ApplyEdit {
		return nil, jsonrpc2.NewError(codeRequestFailed, "the client cannot apply edits")
	}
	a, err := s.fresh(ctx, snap, actionData{URI: p.URI})
	if err != nil {
		return nil, err
	}
	edit, err := s.allSafe(a, snap.docs[p.URI].name)
	if err != nil || edit == nil {
		return false, err
	}
	label := fixAllTitle
	var result protocol.ApplyWorkspaceEditResult
	_, err = s.conn.Call(ctx, protocol.MethodWorkspaceApplyEdit, &protocol.ApplyWorkspaceEditParams{Label: &label, Edit: *edit}, &result)
	return result.Applied, err
}

// reloadCommand asks the go command for the packages again.
func (s *session) reloadCommand(context.Context, *snapshot, jsontext.Value) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace()
	for _, v := range s.views {
		v.reload(true)
	}
	return nil, nil
}
