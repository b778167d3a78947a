import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { command } from './commands';
import { run } from './doctor';
import { Server } from './server';

/** The command that builds the server with go install, from a checkout: it is not published yet. */
export function registerInstall(server: Server, log: vscode.LogOutputChannel): vscode.Disposable {
	return command('handshake.install', async () => {
		const dir = await checkout();
		if (dir === undefined) {
			return;
		}
		const options = { location: vscode.ProgressLocation.Notification, title: 'go install ./cmd/handshake', cancellable: true };
		const code = await vscode.window.withProgress(options, (_, token) => {
			log.info(`go install ./cmd/handshake in ${dir}`);
			return run('go', ['install', './cmd/handshake'], dir, log, token);
		});
		if (code !== 0) {
			log.show(true);
			throw new Error('go install has failed; the log says why.');
		}
		await server.restart();
	});
}

/** The folder of handshake's sources: one that is open and trusted, else the user names it. */
async function checkout(): Promise<string | undefined> {
	if (vscode.workspace.isTrusted) {
		for (const folder of vscode.workspace.workspaceFolders ?? []) {
			if (await isCheckout(folder.uri.fsPath)) {
				return folder.uri.fsPath;
			}
		}
	}
	const chosen = await vscode.window.showOpenDialog({
		title: 'The folder of the sources of handshake', openLabel: 'Install', canSelectFolders: true, canSelectFiles: false,
	});
	if (!chosen) {
		return undefined;
	}
	if (!(await isCheckout(chosen[0].fsPath))) {
		throw new Error(`${chosen[0].fsPath} is not the module handshake.`);
	}
	return chosen[0].fsPath;
}

async function isCheckout(dir: string): Promise<boolean> {
	try {
		const mod = await fs.readFile(path.join(dir, 'go.mod'), 'utf8');
		await fs.access(path.join(dir, 'cmd', 'handshake'));
		return /^module handshake\s*$/m.test(mod);
	} catch {
		return false;
	}
}
