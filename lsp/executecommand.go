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
	Token     jsontext.Value   `json:"workDoneToken"` // a string or a number; empty if there is none
}

// A command runs on the client's behalf. Its argument is one JSON object.
type command func(*session, context.Context, *snapshot, *executeCommandParams) (any, error)

// commands are what workspace/executeCommand can run.
var commands = map[string]command{
	"handshake.fixAll":          (*session).fixAllCommand,
	"handshake.fixAllWorkspace": (*session).fixAllWorkspaceCommand,
	"handshake.diagram":         (*session).diagramCommand,
	"handshake.explain":         (*session).explainCommand,
	"handshake.reload":          (*session).reloadCommand,
}

func commandNames() []string { return slices.Sorted(maps.Keys(commands)) }

// executeCommand handles workspace/executeCommand.
func (s *session) executeCommand(ctx context.Context, snap *snapshot, p *executeCommandParams) (any, error) {
	c := commands[p.Command]
	if c == nil {
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidParams, unknown("command", p.Command, commandNames()))
	}
	return c(s, ctx, snap, p)
}

// decode decodes the argument of a command.
func (p *executeCommandParams) decode(v any) error {
	var argument jsontext.Value
	if len(p.Arguments) > 0 {
		argument = p.Arguments[0]
	}
	if err := json.Unmarshal(argument, v); err != nil {
		return jsonrpc2.Errorf(jsonrpc2.InvalidParams, "the argument is not as it should be: %v", err)
	}
	return nil
}

var errCannotApply = jsonrpc2.NewError(codeRequestFailed, "the client cannot apply edits")

// fixAllCommand makes all safe fixes in the open file {"uri"} by asking the
// client to apply an edit. The result says whether there was one and it was
// applied.
func (s *session) fixAllCommand(ctx context.Context, snap *snapshot, call *executeCommandParams) (any, error) {
	var p struct {
		URI uri.URI `json:"uri"`
	}
	if err := call.decode(&p); err != nil {
		return nil, err
	}
	if !s.client.Workspace.ApplyEdit {
		return nil, errCannotApply
	}
	a, err := s.fresh(ctx, snap, actionData{URI: p.URI})
	if err != nil {
		return nil, err
	}
	edit, err := s.allSafe(a, snap.docs[p.URI].name)
	if err != nil || edit == nil {
		return false, err
	}
	return s.apply(ctx, fixAllTitle, edit)
}

// apply asks the client to apply an edit, and returns whether it did.
func (s *session) apply(ctx context.Context, label string, edit *protocol.WorkspaceEdit) (bool, error) {
	var result protocol.ApplyWorkspaceEditResult
	_, err := s.conn.Call(ctx, protocol.MethodWorkspaceApplyEdit, &protocol.ApplyWorkspaceEditParams{Label: &label, Edit: *edit}, &result)
	if result.FailureReason != nil && !result.Applied {
		s.log.Printf("the client did not apply an edit: %s", *result.FailureReason)
	}
	return result.Applied, err
}

// reloadCommand asks the go command for the packages again.
func (s *session) reloadCommand(context.Context, *snapshot, *executeCommandParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace()
	for _, v := range s.views {
		v.reload(true)
	}
	s.scan.wake(scanAnew)
	return nil, nil
}
