import * as vscode from 'vscode';
import { Server } from './server';

/** Runs a command and shows the user why it failed, if it did. */
export function command<T extends unknown[]>(name: string, run: (...args: T) => Promise<void>): vscode.Disposable {
	return vscode.commands.registerCommand(name, async (...args: T) => {
		try {
			await run(...args);
		} catch (err) {
			void vscode.window.showErrorMessage(`handshake: ${err instanceof Error ? err.message : err}`);
		}
	});
}

/** The editor if it shows a Go file; tells the user if not. */
export function goEditor(): vscode.TextEditor | undefined {
	const editor = vscode.window.activeTextEditor;
	if (editor?.document.languageId === 'go' && editor.document.uri.scheme === 'file') {
		return editor;
	}
	void vscode.window.showInformationMessage('Open a Go file first.');
	return undefined;
}

export function registerCommands(server: Server, log: vscode.LogOutputChannel): vscode.Disposable {
	return vscode.Disposable.from(
		command('handshake.fixFile', () => fixFile(server)),
		command('handshake.fixWorkspace', () => fixWorkspace(server, false)),
		command('handshake.previewWorkspace', () => fixWorkspace(server, true)),
		command('handshake.restart', () => server.restart()),
		command('handshake.showLog', async () => log.show()),
		command('handshake.menu', () => menu(server)),
	);
}

async function fixFile(server: Server): Promise<void> {
	const editor = goEditor();
	if (editor && !(await server.execute<boolean>('handshake.fixAll', { uri: server.uriOf(editor.document) }))) {
		void vscode.window.showInformationMessage('There is no safe fix to make in this file.');
	}
}

/** What the server returns: lsp/fixallworkspace.go, type fixedWorkspace. */
type Fixed = { applied: boolean; fixes: number; files: number; left: number };

async function fixWorkspace(server: Server, preview: boolean): Promise<void> {
	server.preview = preview;
	let done: Fixed;
	try {
		done = await server.execute<Fixed>('handshake.fixAllWorkspace');
	} finally {
		server.preview = false;
	}
	if (done.files === 0) {
		void vscode.window.showInformationMessage(`There is no safe fix to make. ${left(done)}`);
		return;
	}
	if (!done.applied) {
		return; // the user has discarded it
	}
	const save = 'Save All';
	const made = `Made ${count(done.fixes, 'fix', 'fixes')} in ${count(done.files, 'file', 'files')}. ${left(done)}`;
	if ((await vscode.window.showInformationMessage(made, save)) === save) {
		// Not workspace.saveAll: it leaves out files that have not got an editor yet.
		await Promise.all(vscode.workspace.textDocuments.filter((d) => d.isDirty && !d.isUntitled).map((d) => d.save()));
	}
}

function left(done: Fixed): string {
	return done.left === 0 ? 'No findings are left.' : `${count(done.left, 'finding is', 'findings are')} left for you to look at.`;
}

function count(n: number, one: string, many: string): string {
	return `${n} ${n === 1 ? one : many}`;
}

async function menu(server: Server): Promise<void> {
	const c = server.condition;
	const items = [
		{ label: '$(output) Show Log', command: 'handshake.showLog' },
		{ label: '$(debug-restart) Restart Server', command: 'handshake.restart', description: c.kind === 'running' ? `${c.command}, found by ${c.by}` : c.kind },
		{ label: '$(pulse) Run Doctor', command: 'handshake.doctor' },
		{ label: '$(settings-gear) Settings', command: 'workbench.action.openSettings', arguments: ['@ext:handshake.handshake'] },
	];
	if (c.kind === 'missing') {
		items.unshift({ label: '$(cloud-download) Install Server', command: 'handshake.install', description: c.reason });
	}
	const chosen = await vscode.window.showQuickPick(items, { title: 'handshake' });
	if (chosen) {
		await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
	}
}
