// Plays a person who uses VS Code: code-server in Chromium, with the packed
// extension installed and a folder open. Nothing of it reaches the network.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

/** Where pictures and logs go. */
const out = process.env.HANDSHAKE_OUT ?? mkdtempSync(join(tmpdir(), 'handshake-e2e-'));

/** What a new installation would ask or tell, and what moves on the screen. */
const quiet = {
	'chat.disableAIFeatures': true,
	'editor.cursorBlinking': 'solid',
	'editor.minimap.enabled': false,
	'editor.stickyScroll.enabled': false,
	'editor.wordBasedSuggestions': 'off',
	'extensions.ignoreRecommendations': true,
	'files.autoSave': 'off',
	'git.enabled': false,
	'telemetry.telemetryLevel': 'off',
	'update.mode': 'none',
	'window.commandCenter': false,
	'workbench.reduceMotion': 'on',
	'workbench.secondarySideBar.defaultVisibility': 'hidden',
	'workbench.startupEditor': 'none',
	'workbench.tips.enabled': false,
	'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

export class Workbench {
	/** The page of the browser. */
	page;

	/**
	 * Starts VS Code with the extensions (paths of .vsix) and settings, for
	 * the folder, which may be one of a workspace.
	 */
	static async start(name, { folder, workspace, settings = {}, trust = true, vsix = [process.env.HANDSHAKE_VSIX], size = { width: 1200, height: 750 } }) {
		const w = new Workbench();
		w.name = name;
		w.folder = folder;
		w.root = workspace ? `workspace=${workspace}` : `folder=${folder}`;
		const data = (w.data = mkdtempSync(join(tmpdir(), 'code-')));
		mkdirSync(join(data, 'User'), { recursive: true });
		writeFileSync(join(data, 'User/settings.json'), JSON.stringify({ ...quiet, ...settings }));
		writeFileSync(join(data, 'config.yaml'), 'auth: none\ncert: false\n');
		const args = ['--user-data-dir', data, '--extensions-dir', join(data, 'extensions'), '--config', join(data, 'config.yaml'), '--disable-telemetry', '--disable-update-check'];
		const env = {
			...process.env,
			EXTENSIONS_GALLERY: '{"serviceUrl":""}',
			VSCODE_CLI: '1', // started from a terminal: VS Code does not ask the login shell for the PATH
		};
		for (const variable of ['PORT', 'PASSWORD', 'VSCODE_IPC_HOOK_CLI']) {
			delete env[variable];
		}
		await promisify(execFile)('code-server', [...args, ...vsix.flatMap((file) => ['--install-extension', file])], { env });

		w.server = spawn('code-server', [...args, '--auth', 'none', '--bind-addr', '127.0.0.1:0', '--disable-getting-started-override', ...(trust ? ['--disable-workspace-trust'] : [])], {
			env, stdio: ['ignore', 'pipe', 'pipe'], detached: true,
		});
		const log = createWriteStream(join(out, `${name}.log`));
		w.server.stderr.pipe(log);
		w.exited = new Promise((resolve) => w.server.once('exit', resolve));
		w.url = await new Promise((resolve, reject) => {
			let said = '';
			w.server.stdout.setEncoding('utf8').on('data', (text) => {
				log.write(text);
				said += text;
				const m = /HTTP server listening on (http:\S+)/.exec(said);
				if (m) {
					resolve(m[1].replace(/\/$/, ''));
				}
			});
			w.exited.then(() => reject(new Error(`code-server has ended: ${said}`)));
		});
		w.browser = await chromium.launch({
			executablePath: '/usr/bin/chromium',
			args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
				'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
		});
		w.page = await w.browser.newPage({ viewport: size });
		w.page.setDefaultTimeout(60_000);
		const console = createWriteStream(join(out, `${name}.console.log`));
		w.page.on('console', (m) => console.write(`[${m.type()}] ${m.text()}\n`));
		return w;
	}

	/** Opens the folder with a file in the editor. */
	async open(file) {
		const remote = `vscode-remote://${new URL(this.url).host}`;
		const payload = JSON.stringify([['openFile', remote + join(this.folder, file)]]);
		await this.page.goto(`${this.url}/?${this.root}&payload=${encodeURIComponent(payload)}`);
		await this.line('package ').waitFor();
	}

	/** The lines of the active editor with the text. */
	line(text) {
		return this.page.locator('.editor-group-container.active .editor-instance .view-line', { hasText: text });
	}

	/** Goes to FILE:LINE:COLUMN as a person does, with quick open. */
	async goTo(place) {
		const [file, line] = place.split(':');
		await this.page.keyboard.press('Control+p');
		await this.input.fill(place);
		await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: basename(file) }).waitFor();
		await this.page.keyboard.press('Enter');
		await this.page.locator('.editor-group-container.active .tab.active', { hasText: basename(file) }).waitFor();
		await this.page.getByRole('button', { name: `Ln ${line}, ` }).waitFor();
	}

	/** Runs a command of the palette. */
	async command(title) {
		await this.page.keyboard.press('F1');
		await this.input.fill(`>${title}`);
		await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: title }).waitFor();
		await this.page.keyboard.press('Enter');
	}

	get input() {
		return this.page.locator('.quick-input-widget input[type=text]');
	}

	/** The tab of the active editor while it has changes that are not saved. */
	get dirty() {
		return this.page.locator('.editor-group-container.active .tab.active.dirty');
	}

	/** The wavy lines in the active editor. */
	get squiggles() {
		return this.page.locator('.editor-group-container.active').locator('.squiggly-warning, .squiggly-info');
	}

	/** Whether a wavy line is under the line of code with the text; undefined if the editor does not show it. */
	marked(text) {
		return this.page.locator('.editor-group-container.active .editor-instance').evaluate((editor, text) => {
			const line = [...editor.querySelectorAll('.view-line')].find((l) => l.textContent.replaceAll('\u00a0', ' ').includes(text));
			const box = line?.getBoundingClientRect();
			return box && [...editor.querySelectorAll('.squiggly-warning, .squiggly-info')].some((squiggle) => {
				const { y } = squiggle.getBoundingClientRect();
				return y >= box.top && y < box.bottom;
			});
		}, text);
	}

	/** Opens the menu of the lightbulb, and returns its row with the title. */
	async menu(title) {
		await this.page.locator('.editor-group-container.active :is(.lightBulbWidget, [class*=codicon-gutter-lightbulb]):visible').click();
		return this.row(title);
	}

	/**
	 * Opens the menu of all code actions at the cursor with the keyboard, and returns
	 * its row with the title. VS Code forgets that it was asked for the menu if it
	 * decides at that time to look for the lightbulb anew: a person asks again.
	 */
	async quickFix(title) {
		await this.until('the menu opens', async () => {
			await this.page.keyboard.press('Control+.');
			return this.row(title).waitFor({ timeout: 3000 }).then(() => true, () => false);
		});
		return this.row(title);
	}

	row(title) {
		return this.page.locator('.action-widget .monaco-list-row.action', { hasText: title });
	}

	/** Saves the file, and returns what is on disk then. */
	async save(file) {
		await this.page.keyboard.press('Control+s');
		await this.page.locator('.editor-group-container.active .tab.active:not(.dirty)').waitFor();
		return this.read(file);
	}

	read(file) {
		return readFileSync(join(this.folder, file), 'utf8');
	}

	/** Gives the folder these settings, and no others, while it is open. */
	configure(settings) {
		mkdirSync(join(this.folder, '.vscode'), { recursive: true });
		writeFileSync(join(this.folder, '.vscode/settings.json'), JSON.stringify(settings));
	}

	/** The process ids of the servers that this VS Code has started. */
	servers() {
		const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).flatMap((pid) => {
			try {
				const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) . /s, '').split(' ')[0]);
				return [{ pid, parent, line: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
			} catch {
				return []; // it has ended
			}
		});
		const below = (pid) => processes.filter((p) => p.parent === pid).flatMap((p) => [p, ...below(p.pid)]);
		return below(this.server.pid).filter((p) => /handshake\0serve\0/.test(p.line)).map((p) => p.pid);
	}

	/** What is shown in the webview whose title is on its tab. */
	async webview(title) {
		await this.page.locator('.tab.active', { hasText: title }).waitFor();
		return this.page.frameLocator('iframe.webview.ready >> visible=true').frameLocator('#active-frame');
	}

	/** Waits until the condition holds. */
	async until(what, condition) {
		for (const end = Date.now() + 60_000; !(await condition()); ) {
			assert.ok(Date.now() < end, `${what}: never`);
			await this.page.waitForTimeout(50);
		}
	}

	/** The entry of the language status, in the status bar. */
	get status() {
		return this.page.locator('[id="status.languageStatus"]');
	}

	/** A message at the lower right, with the text. */
	message(text) {
		return this.page.locator('.notification-toast', { hasText: text });
	}

	/** Takes a picture. */
	async picture(name, options = {}) {
		const path = join(out, `${this.name}-${name}.png`);
		await this.page.screenshot({ path, ...options });
		return path;
	}

	async stop() {
		await this.browser?.close();
		try {
			process.kill(-this.server.pid, 'SIGTERM');
		} catch {} // it has ended
		await this.exited;
		rmSync(this.data, { recursive: true, force: true, maxRetries: 5 });
	}
}

/** Returns a test() that takes a picture of the workbench when it fails. */
export function scenarios(workbench) {
	return (name, run) =>
		test(name, async () => {
			try {
				await run();
			} catch (err) {
				await workbench()?.picture(`failed-${name.replace(/\W+/g, '-')}`);
				throw err;
			}
		});
}
