import * as vscode from 'vscode';
import { Server } from './server';

/** Shows how the server is in the language status of Go files. */
export function registerStatus(server: Server): vscode.Disposable {
	const item = vscode.languages.createLanguageStatusItem('handshake', { language: 'go' });
	item.name = 'handshake';
	item.command = { command: 'handshake.menu', title: 'Menu', tooltip: 'Log, restart, doctor' };
	const show = () => {
		const c = server.condition;
		item.busy = c.kind === 'starting';
		item.severity = vscode.LanguageStatusSeverity.Information;
		switch (c.kind) {
			case 'starting':
				item.text = 'handshake';
				item.detail = 'starting';
				break;
			case 'running':
				item.text = `handshake ${c.version}`;
				item.detail = findings();
				break;
			case 'stopped':
				item.text = 'handshake';
				item.detail = 'stopped';
				item.severity = vscode.LanguageStatusSeverity.Error;
				break;
			case 'missing':
				item.text = 'handshake';
				item.detail = 'not installed';
				item.severity = vscode.LanguageStatusSeverity.Warning;
				break;
		}
	};
	show();
	return vscode.Disposable.from(item, server.onDidChange(show), vscode.languages.onDidChangeDiagnostics(show));
}

function findings(): string {
	let n = 0;
	for (const [, diagnostics] of vscode.languages.getDiagnostics()) {
		n += diagnostics.filter((d) => d.source === 'handshake').length;
	}
	return n === 0 ? 'no findings' : n === 1 ? '1 finding' : `${n} findings`;
}
