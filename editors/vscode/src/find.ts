import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

const program = process.platform === 'win32' ? 'handshake.exe' : 'handshake';

/** Where the server is, and in which way it was found; or why there is none. */
export type Found = { command: string; by: string } | { missing: string };

/**
 * Looks for the server: where the setting says, in the extension, where go install
 * puts programs, on the PATH.
 */
export async function findServer(extension: vscode.Uri): Promise<Found> {
	const setting = vscode.workspace.getConfiguration('handshake').get<string>('server.path', '').trim();
	if (setting !== '') {
		const command = setting.replace(/^~(?=[/\\]|$)/, os.homedir());
		if (!path.isAbsolute(command)) {
			return { missing: `The setting handshake.server.path is not absolute: ${setting}` };
		}
		return (await executable(command))
			? { command, by: 'the setting handshake.server.path' }
			: { missing: `The setting handshake.server.path names no program: ${setting}` };
	}
	const bundled = vscode.Uri.joinPath(extension, 'bin', program).fsPath;
	if (await executable(bundled)) {
		return { command: bundled, by: 'the extension' };
	}
	for (const [dir, by] of [...(await goBin()), ...searchPath()]) {
		const command = path.join(dir, program);
		if (await executable(command)) {
			return { command, by };
		}
	}
	return { missing: 'The program handshake is not installed: it is neither where go install puts programs nor on the PATH.' };
}

/** The folder into which go install puts programs; none without the go command. */
async function goBin(): Promise<[dir: string, by: string][]> {
	try {
		// In the home folder, so that no folder that is open has a say.
		const { stdout } = await promisify(execFile)('go', ['env', '-json', 'GOBIN', 'GOPATH'], {
			cwd: os.homedir(),
			env: { ...process.env, GOTOOLCHAIN: 'local' },
		});
		const env = JSON.parse(stdout) as { GOBIN: string; GOPATH: string };
		if (env.GOBIN !== '') {
			return [[env.GOBIN, 'GOBIN']];
		}
		return env.GOPATH.split(path.delimiter).filter(path.isAbsolute).map((dir) => [path.join(dir, 'bin'), 'GOPATH']);
	} catch {
		return [];
	}
}

/** The folders of the PATH, but for relative ones: they depend on what is open. */
function searchPath(): [dir: string, by: string][] {
	const dirs = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
	return dirs.map((dir) => [dir, 'PATH']);
}

async function executable(file: string): Promise<boolean> {
	try {
		await fs.access(file, fs.constants.X_OK);
		return (await fs.stat(file)).isFile();
	} catch {
		return false;
	}
}
