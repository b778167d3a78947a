package lsp

import (
	"slices"
	"strconv"
	"strings"

	"go.lsp.dev/protocol"
	"golang.org/x/mod/semver"
)

// client is what the server has to know of the client. Only what is asked for
// here is decoded, so that no capability of the future can fail initialize.
type client struct {
	encoding protocol.PositionEncodingKind
	info     clientInfo

	Workspace struct {
		Configuration bool `json:"configuration"`
		ApplyEdit     bool `json:"applyEdit"`
		Diagnostics   struct {
			RefreshSupport bool `json:"refreshSupport"`
		} `json:"diagnostics"`
		DidChangeConfiguration struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeConfiguration"`
		DidChangeWatchedFiles struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeWatchedFiles"`
		WorkspaceEdit struct {
			DocumentChanges         bool      `json:"documentChanges"`
			SnippetEditSupport      bool      `json:"snippetEditSupport"`
			ChangeAnnotationSupport *struct{} `json:"changeAnnotationSupport"`
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
		Hover struct {
			DynamicRegistration bool                  `json:"dynamicRegistration"`
			ContentFormat       []protocol.MarkupKind `json:"contentFormat"`
		} `json:"hover"`
		Completion struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
			Item                struct {
				SnippetSupport        bool `json:"snippetSupport"`
				InsertTextModeSupport struct {
					ValueSet []protocol.InsertTextMode `json:"valueSet"`
				} `json:"insertTextModeSupport"`
			} `json:"completionItem"`
		} `json:"completion"`
		Diagnostic *struct {
			RelatedDocumentSupport bool `json:"relatedDocumentSupport"`
		} `json:"diagnostic"`
		PublishDiagnostics struct {
			RelatedInformation     bool `json:"relatedInformation"`
			CodeDescriptionSupport bool `json:"codeDescriptionSupport"`
			VersionSupport         bool `json:"versionSupport"`
			DataSupport            bool `json:"dataSupport"`
		} `json:"publishDiagnostics"`
	} `json:"textDocument"`

	Window struct {
		WorkDoneProgress bool `json:"workDoneProgress"`
		ShowDocument     struct {
			Support bool `json:"support"`
		} `json:"showDocument"`
	} `json:"window"`

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
// user has chosen it. lsp-mode, which calls itself emacs, would ask each server
// of the buffer, and make nothing of it if one does not know the action.
func (c *client) lazy() bool {
	return c.info.Name != "emacs" && c.TextDocument.CodeAction.DataSupport && slices.Contains(c.TextDocument.CodeAction.ResolveSupport.Properties, "edit")
}

// pulls reports whether the client asks for diagnostics.
func (c *client) pulls() bool { return c.TextDocument.Diagnostic != nil }

// clientInfo is what the client calls itself.
type clientInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// merging are the clients that show the hovers of all servers of a document,
// with the version from which on they do, by the beginning of their name:
// VS Code and its kin merge all providers; Neovim neovim/neovim#30935, and Helix
// helix-editor/helix#10122. Eglot has one server, and vim-lsp asks one.
var merging = map[string]string{
	"Visual Studio Code": "", "VSCodium": "", "Code - OSS": "", "code-server": "", "Cursor": "", "Windsurf": "",
	"Neovim": "v0.11",
	"helix":  "v25.7",
}

// merges reports whether the client is known to show the hovers of all servers.
func (i clientInfo) merges() bool {
	for name, since := range merging {
		if strings.HasPrefix(i.Name, name) {
			return since == "" || semver.Compare(numbers(i.Version), since) >= 0
		}
	}
	return false
}

// numbers returns the numbers at the beginning of a version as a semantic one:
// editors write "0.11.0-dev+12" and "25.07.1 (a1b2c3d4)". It is not valid, and
// so older than all others, if there are none.
func numbers(version string) string {
	var parts []string
	for _, part := range strings.Split(strings.TrimPrefix(version, "v"), ".") {
		digits := part
		if i := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			digits = part[:i]
		}
		if n, err := strconv.Atoi(digits); err == nil {
			parts = append(parts, strconv.Itoa(n))
		}
		if digits != part || len(parts) == 3 {
			break
		}
	}
	return "v" + strings.Join(parts, ".")
}

// capabilities returns what the server offers to the client with the settings.
func (c *client) capabilities(set Settings) protocol.ServerCapabilities {
	yes, incremental := true, protocol.TextDocumentSyncKindIncremental
	caps := protocol.ServerCapabilities{
		PositionEncoding: c.encoding,
		TextDocumentSync: &protocol.TextDocumentSyncOptions{OpenClose: &yes, Change: &incremental, Save: protocol.Boolean(true)},
		ExecuteCommandProvider: protocol.ExecuteCommandOptions{
			Commands:                commandNames(),
			WorkDoneProgressOptions: protocol.WorkDoneProgressOptions{WorkDoneProgress: &yes},
		},
	}
	caps.Workspace = &protocol.WorkspaceOptions{WorkspaceFolders: &protocol.WorkspaceFoldersServerCapabilities{Supported: &yes, ChangeNotifications: protocol.Boolean(true)}}
	if c.pulls() {
		name := source
		caps.DiagnosticProvider = &protocol.DiagnosticOptions{Identifier: &name, InterFileDependencies: true, WorkspaceDiagnostics: set.Scan}
	}
	if c.TextDocument.CodeAction.LiteralSupport != nil {
		lazy := c.lazy()
		caps.CodeActionProvider = &protocol.CodeActionOptions{
			CodeActionKinds: []protocol.CodeActionKind{quickFix, rewrite, fixAll},
			ResolveProvider: &lazy,
		}
	}
	if hoverProvider.announced(c, set) {
		caps.HoverProvider = protocol.Boolean(true)
	}
	if completionProvider.announced(c, set) {
		caps.CompletionProvider = &protocol.CompletionOptions{}
	}
	return caps
}
