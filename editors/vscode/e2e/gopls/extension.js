// Stands in for the Go extension, which no registry of packages has: it starts
// gopls as that does, and nothing else.
import { LanguageClient } from 'vscode-languageclient/node';

let client;

export function activate() {
	client = new LanguageClient('gopls', 'gopls', { command: 'gopls', args: ['serve'] }, {
		documentSelector: [{ scheme: 'file', language: 'go' }],
		initializationOptions: { staticcheck: true },
	});
	return client.start();
}

export function deactivate() {
	return client?.stop();
}
