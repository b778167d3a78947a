import { spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { command } from './commands';
import { findServer } from './find';
import { Server } from './server';

/** The command that has the server's program look for what is missing on this machine. */
export function registerDoctor(server: Server, log: vscode.LogOutputChannel): vscode.Disposable {
	return command('handshake.doctor', async () => {
		log.show(true);
		const found = await findServer(server.extension);
		if ('missing' in found) {
			log.error(found.missing);
			return;
		}
		log.info(`doctor: ${found.command}, found by ${found.by}`);
		const folders = vscode.workspace.workspaceFolders?.filter((f) => f.uri.scheme === 'file') ?? [];
		for (const folder of folders) {
			log.info(`doctor: ${folder.name}`);
			const code = await run(found.command, ['doctor'], folder.uri.fsPath, log);
			log.info(code === 0 ? 'doctor: done' : `doctor: ended with ${code}`);
		}
		if (folders.length === 0) {
			log.info('doctor: no folder is open');
		}
	});
}

/** Runs a program, writes what it prints to the log, and returns its exit code. */
export function run(program: string, args: string[], cwd: string, log: vscode.LogOutputChannel, token?: vscode.CancellationToken): Promise<number | null> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
		for (const out of [child.stdout, child.stderr]) {
			out.setEncoding('utf8').on('data', (text: string) => text.trimEnd().split('\n').forEach((line) => log.info(line)));
		}
		const cancelled = token?.onCancellationRequested(() => child.kill());
		child.on('error', reject);
		child.on('close', (code) => {
			cancelled?.dispose();
			resolve(code);
		});
	});
}
