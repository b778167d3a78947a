import * as vscode from 'vscode';
import { command } from './commands';

/**
 * Turns the disabled actions among those of the server into some that say why.
 * VS Code's menu of quick fixes leaves disabled actions out; it shows them only
 * where a kind of actions is asked for.
 */
export function showWithheld<T extends vscode.Command | vscode.CodeAction>(
	actions: T[] | null | undefined,
	context: vscode.CodeActionContext,
): (T | vscode.CodeAction)[] | null | undefined {
	if (context.only) {
		return actions;
	}
	return actions?.map((action) => {
		if (!(action instanceof vscode.CodeAction) || !action.disabled) {
			return action;
		}
		const why = new vscode.CodeAction(`Why not: ${action.title}`, action.kind);
		why.diagnostics = action.diagnostics;
		why.command = { command: 'handshake.why', title: why.title, arguments: [action.title, action.disabled.reason] };
		return why;
	});
}

/** The command that tells why a fix is withheld. */
export function registerWhy(): vscode.Disposable {
	return command('handshake.why', async (title: string, reason: string) => {
		void vscode.window.showInformationMessage(`${title} is withheld: ${reason}.`);
	});
}
