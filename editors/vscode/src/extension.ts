import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { registerDiagram } from './diagram';
import { registerDoctor } from './doctor';
import { registerExplain } from './explain';
import { registerInstall } from './install';
import { Server } from './server';
import { registerStatus } from './status';
import { registerWhy } from './withheld';

let server: Server | undefined;

/** Called by VS Code when a Go file is opened, or a command is used. */
export function activate(context: vscode.ExtensionContext): void {
	const log = vscode.window.createOutputChannel('handshake', { log: true });
	server = new Server(context, log);
	context.subscriptions.push(
		log,
		registerStatus(server),
		registerCommands(server, log),
		registerExplain(server, context),
		registerDiagram(server),
		registerDoctor(server, log),
		registerInstall(server, log),
		registerWhy(),
		vscode.workspace.onDidChangeConfiguration((e) => {
			if (e.affectsConfiguration('handshake.server.path')) {
				void server?.restart();
			}
		}),
	);
	void server.start();
}

/** Called by VS Code, which waits for it, before it ends the extension. */
export async function deactivate(): Promise<void> {
	await server?.dispose();
	server = undefined;
}
