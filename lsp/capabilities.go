package lsp

import (
	"slices"

	"go.lsp.dev/protocol"
)

// client is what the server has to know of the client. Only what is asked for
// here is decoded, so that no capability of the future can fail initialize.
type client struct {
	encoding protocol.PositionEncodingKind

	Workspace struct {
		Configuration          bool `json:"configuration"`
		ApplyEdit              bool `json:"applyEdit"`
		DidChangeConfiguration struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeConfiguration"`
		DidChangeWatchedFiles struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeWatchedFiles"`
		WorkspaceEdit struct {
			DocumentChanges bool `json:"documentChanges"`
		} `json:"workspaceEdit"`
	} `json:"workspace"`

	TextDocument struct {
		CodeAction struct {
			LiteralSupport  *struct{} `json:"codeActionLiteralSupport"`
			IsPreferred     bool      `json:"isPreferredSupport"`
			DisabledSupport bool      `json:"disabledSupport"`
			DataSupport     bool      `json:"dataSupport"`
			ResolveSupport  struct {
				Properties []string `json:"properties"`
			} `json:"resolveSupport"`
		} `json:"codeAction"`
		Completion struct {
			Item struct {
				SnippetSupport        bool `json:"snippetSupport"`
				InsertTextModeSupport struct {
					ValueSet []protocol.InsertTextMode `json:"valueSet"`
				} `json:"insertTextModeSupport"`
			} `json:"completionItem"`
		} `json:"completion"`
		PublishDiagnostics struct {
			RelatedInformation     bool `json:"relatedInformation"`
			CodeDescriptionSupport bool `json:"codeDescriptionSupport"`
			VersionSupport         bool `json:"versionSupport"`
			DataSupport            bool `json:"dataSupport"`
		} `json:"publishDiagnostics"`
	} `json:"textDocument"`

	General struct {
		PositionEncodings []protocol.PositionEncodingKind `json:"positionEncodings"`
	} `json:"general"`
}

// negotiate chooses the position encoding: the client's first that the server
// knows, else UTF-16 (LSP 3.17, "PositionEncodingKind").
func (c *client) negotiate() {
	c.encoding = protocol.PositionEncodingKindUTF16
	for _, e := range c.General.PositionEncodings {
		switch e {
		case protocol.PositionEncodingKindUTF8, protocol.PositionEncodingKindUTF16, protocol.PositionEncodingKindUTF32:
			c.encoding = e
			return
		}
	}
}

// lazy reports whether the client asks for the edit of a code action when the
// user has chosen it.
func (c *client) lazy() bool {
	return c.TextDocument.CodeAction.DataSupport && slices.Contains(c.TextDocument.CodeAction.ResolveSupport.Properties, "edit")
}

// capabilities returns what the server offers to the client. snippets says
// whether they are wanted.
func (c *client) capabilities(snippets bool) protocol.ServerCapabilities {
	yes, incremental := true, protocol.TextDocumentSyncKindIncremental
	caps := protocol.ServerCapabilities{
		PositionEncoding: c.encoding,
		TextDocumentSync: &protocol.TextDocumentSyncOptions{OpenClose: &yes, Change: &incremental, Save: protocol.Boolean(true)},
		ExecuteCommandProvider: protocol.ExecuteCommandOptions{
			Commands: commandNames(),
		},
	}
	if c.TextDocument.CodeAction.LiteralSupport != nil {
		lazy := c.lazy()
		caps.CodeActionProvider = &protocol.CodeActionOptions{
			CodeActionKinds: []protocol.CodeActionKind{quickFix, rewrite, fixAll},
			ResolveProvider: &lazy,
		}
	}
	if snippets && c.TextDocument.Completion.Item.SnippetSupport {
		caps.CompletionProvider = &protocol.CompletionOptions{}
	}
	return caps
}
