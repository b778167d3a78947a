package lsp

import "go.lsp.dev/protocol"

// table returns every method that the server handles; the chain handles
// $/cancelRequest itself.
func (s *server) table() map[string]method {
	inline := func(m method) method { m.inline = true; return m }
	return map[string]method{
		protocol.MethodInitialize:  inline(call(s.initialize)),
		protocol.MethodInitialized: notification(s.initialized),
		protocol.MethodShutdown:    inline(call(s.shutdown)),
		protocol.MethodExit:        notification(s.exit),
		protocol.MethodSetTrace:    notification(s.setTrace),

		protocol.MethodTextDocumentDidOpen:   notification(s.didOpen),
		protocol.MethodTextDocumentDidChange: notification(s.didChange),
		protocol.MethodTextDocumentDidSave:   notification(s.didSave),
		protocol.MethodTextDocumentDidClose:  notification(s.didClose),

		protocol.MethodTextDocumentCodeAction: call(s.codeAction),
		protocol.MethodCodeActionResolve:      call(s.codeActionResolve),
		protocol.MethodTextDocumentCompletion: call(s.completion),
		protocol.MethodTextDocumentHover:      call(s.hover),

		protocol.MethodTextDocumentDiagnostic: call(s.documentDiagnostic),
		protocol.MethodWorkspaceDiagnostic:    call(s.workspaceDiagnostic),

		protocol.MethodWorkspaceDidChangeConfiguration:    notification(s.didChangeConfiguration),
		protocol.MethodWorkspaceDidChangeWatchedFiles:     notification(s.didChangeWatchedFiles),
		protocol.MethodWorkspaceDidChangeWorkspaceFolders: notification(s.didChangeWorkspaceFolders),
		protocol.MethodWorkspaceExecuteCommand:            call(s.executeCommand),

		protocol.MethodWindowWorkDoneProgressCancel: notification(s.workDoneProgressCancel),

		methodTooLarge: s.tooLarge(),
	}
}
