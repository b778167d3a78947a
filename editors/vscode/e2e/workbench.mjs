// Plays a person who uses VS Code: code-server in Chromium, with the packed
// extension installed and a folder open. Nothing of it reaches the network.
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

/** Where pictures and logs go. */
const out = process.env.HANDSHAKE_OUT ?? mkdtempSync(join(tmpdir(), 'handshake-e2e-'));

/** What a new installation would ask or tell, and what moves on the screen. */
const quiet = {
	'chat.disableAIFeatures': true,
	'editor.cursorBlinking': 'solid',
	'editor.minimap.enabled': false,
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

	/** Starts VS Code with the extensions (paths of .vsix) and settings, in the folder. */
	static async start(name, { folder, settings = {}, trust = true, vsix = [process.env.HANDSHAKE_VSIX], size = { width: 1200, height: 750 } }) {
		const w = new Workbench();
		w.name = name;
		w.folder = folder;
		const data = mkdtempSync(join(tmpdir(), 'code-'));
		mkdirSync(join(data, 'User'), { recursive: true });
		w.settingsFile = join(data, 'User/settings.json');
		w.settings = { ...quiet, ...settings };
		writeFileSync(w.settingsFile, JSON.stringify(w.settings));
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
		w.page.setDefaultTimeout(30_000);
		const console = createWriteStream(join(out, `${name}.console.log`));
		w.page.on('console', (m) => console.write(`[${m.type()}] ${m.text()}\n`));
		return w;
	}

	/** Opens the folder with a file in the editor. */
	async open(file) {
		const remote = `vscode-remote://${new URL(this.url).host}`;
		const payload = JSON.stringify([['openFile', remote + join(this.folder, file)]]);
		await this.page.goto(`${this.url}/?folder=${this.folder}&payload=${encodeURIComponent(payload)}`);
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
		await this.page.locator('.tab.active', { hasText: basename(file) }).waitFor();
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

	/** The wavy lines in the active editor. */
	get squiggles() {
		return this.page.locator('.editor-group-container.active').locator('.squiggly-warning, .squiggly-info');
	}

	/**
	 * Opens the menu of code actions at the cursor, and returns its row with the
	 * title. While VS Code looks for actions for the lightbulb, it forgets that it
	 * was asked for the menu.
	 */
	async menu(title) {
		await this.page.locator('.editor-group-container.active :is(.lightBulbWidget, [class*=codicon-gutter-lightbulb])').waitFor();
		await this.page.keyboard.press('Control+.');
		const row = this.page.locator('.action-widget .monaco-list-row.action', { hasText: title });
		await row.waitFor();
		return row;
	}

	/** Saves the file, and returns what is on disk then. */
	async save(file) {
		await this.page.keyboard.press('Control+s');
		await this.page.locator('.tab.active:not(.dirty)').waitFor();
		return this.read(file);
	}

	read(file) {
		return readFileSync(join(this.folder, file), 'utf8');
	}

	/** Changes settings while VS Code runs, as a person who edits settings.json. */
	configure(settings) {
		Object.assign(this.settings, settings);
		writeFileSync(this.settingsFile, JSON.stringify(this.settings));
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

	/** What is shown in a webview with the title on its tab. */
	async webview(title) {
		await this.page.locator('.tab', { hasText: title }).waitFor();
		return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
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
	}
}
