// A person works on testdata/legacy in VS Code.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before } from 'node:test';
import { Workbench, scenarios } from './workbench.mjs';

const folder = process.env.HANDSHAKE_LEGACY;
const scenario = scenarios(() => w);
let w;

before(async () => {
	mkdirSync(join(folder, 'play'));
	writeFileSync(join(folder, 'play/play.go'), 'package play\n\nfunc play() {\n\t\n}\n');
	w = await Workbench.start('legacy', { folder });
});
after(() => w?.stop());

/** What the command line makes of a file of the folder as it is now. */
function fixed(file, ...args) {
	const dir = mkdtempSync(join(tmpdir(), 'fixed-'));
	cpSync(folder, dir, { recursive: true });
	execFileSync('handshake', ['fix', ...args], { cwd: dir, stdio: 'ignore' });
	const text = readFileSync(join(dir, file), 'utf8');
	rmSync(dir, { recursive: true });
	return text;
}

scenario('a wavy line marks the guess, and nothing marks a sleep that paces', async () => {
	await w.open('jobs/jobs_test.go');
	await w.squiggles.first().waitFor({ state: 'attached' });
	await w.status.and(w.page.locator('[aria-label*="findings"]')).waitFor();
	await w.picture('squiggle');
	await w.goTo('feed/client.go:135:1');
	await w.squiggles.first().waitFor({ state: 'attached' });
	assert.equal(await w.marked('time.Sleep(500'), true);
	assert.equal(await w.marked('time.Sleep(2'), false);
});

const fixes = [
	['jobs/jobs_test.go:31:2', 'Replace time.Sleep with started channel'],
	['feed/feed_test.go:131:2', 'Replace time.Sleep with done channel'],
	['stats/stats_test.go:114:2', 'Replace time.Sleep with stopped channel'],
	['feed/poller.go:54:2', 'Add stopped channel and wait for it'],
	['feed/client.go:61:11', 'Buffer reply channel'],
];
for (const [place, title] of fixes) {
	const [file, line] = place.split(':');
	scenario(`${title} in ${file}, and undo it`, async () => {
		const original = w.read(file);
		const want = fixed(file, '-unsafe', `${file}:${line}`);
		assert.notEqual(want, original);
		await w.goTo(place);
		const row = await w.menu(title);
		await w.picture(`menu-${basename(file)}`);
		await row.click();
		await w.dirty.waitFor();
		assert.equal(await w.save(file), want);
		await w.page.keyboard.press('Escape'); // leaves the names that can be chosen
		await w.page.keyboard.press('Control+z');
		await w.dirty.waitFor();
		assert.equal(await w.save(file), original);
	});
}

scenario('the menu says why a fix is withheld', async () => {
	await w.goTo('jobs/pool.go:43:2');
	await (await w.quickFix('Why not: Wait for the goroutines with sync.WaitGroup')).click();
	await w.message('the goroutine runs code from elsewhere (job), which may call (*Pool).Stop').waitFor();
	await w.picture('withheld');
});

scenario('a snippet and its tab stops', async () => {
	await w.goTo('play/play.go:4:2');
	await w.page.keyboard.type('hsstop');
	await w.page.locator('.suggest-widget.visible .monaco-list-row.focused', { hasText: 'hsstop' }).waitFor();
	assert.equal(await w.page.locator('.suggest-widget.visible .monaco-list-row', { hasText: 'hsstop' }).count(), 1, 'offered once');
	await w.picture('snippet');
	await w.page.keyboard.press('Enter');
	await w.line('stopped := make').waitFor();
	for (const name of ['quit', 'gone', 'tick']) {
		await w.page.keyboard.type(name);
		await w.page.keyboard.press('Tab');
	}
	const text = await w.save('play/play.go');
	for (const want of ['quit := make(chan struct{})', 'defer close(gone)', 'tick := time.NewTicker(time.Second)', 'case <-quit:', '<-gone // the goroutine has stopped']) {
		assert.ok(text.includes(want), `${want} is missing in\n${text}`);
	}
});

scenario('a rule is explained beside the code', async () => {
	await w.goTo('feed/client.go:61:11');
	await (await w.menu('Explain replybuf')).click();
	const panel = await w.webview('replybuf');
	await panel.getByRole('heading', { name: 'Fix safety' }).waitFor();
	assert.equal(await ranScript(panel), false);
	await w.picture('explain');
	await w.page.getByRole('tab', { name: 'replybuf' }).getByRole('button', { name: 'Close' }).click();
});

scenario('a diagram follows the theme', async () => {
	await w.goTo('cache/cache.go:90:2');
	await w.command('handshake: Show Handshake Diagram');
	const panel = await w.webview('Diagram of cache.go:90');
	const image = panel.getByAltText('sequenceDiagram');
	await w.until('the picture is drawn', () => image.evaluate((img) => img.complete && img.naturalWidth > 0));
	assert.match(await image.getAttribute('alt'), /missing: the receiver can go this/);
	assert.equal(await ranScript(panel), false);
	const light = await image.getAttribute('src');
	await w.picture('diagram-light');
	w.configure({ 'workbench.colorTheme': 'Dark 2026' });
	await w.until('the picture is drawn anew', async () => (await image.getAttribute('src')) !== light);
	await w.picture('diagram-dark');
	await w.page.getByRole('tab', { name: 'Diagram of' }).getByRole('button', { name: 'Close' }).click();
});

scenario('settings change while it runs, and files are mended on save', async () => {
	const file = 'jobs/jobs_test.go';
	await w.goTo(`${file}:1:1`);
	await w.squiggles.first().waitFor({ state: 'attached' });
	w.configure({ 'handshake.diagnostics': false });
	await w.squiggles.first().waitFor({ state: 'detached' });
	w.configure({ 'editor.codeActionsOnSave': { 'source.fixAll.handshake': 'explicit' } });
	await w.squiggles.first().waitFor({ state: 'attached' });
	const want = fixed(file, './jobs');
	await w.page.keyboard.press('Control+Home');
	await w.page.keyboard.type(' ');
	await w.page.keyboard.press('Backspace');
	assert.equal(await w.save(file), want);
});

scenario('the fixes of the workspace are looked at, and then made', async () => {
	const before = w.read('feed/client.go');
	await w.command('handshake: Preview All Safe Fixes in Workspace');
	await w.page.getByRole('button', { name: 'Apply' }).waitFor();
	await w.picture('preview');
	await w.page.getByRole('button', { name: 'Discard' }).click();
	assert.equal(w.read('feed/client.go'), before);
	const want = fixed('feed/client.go', './...');
	assert.notEqual(want, before);
	await w.command('handshake: Make All Safe Fixes in Workspace');
	await w.message('Made').getByRole('button', { name: 'Save All' }).click();
	await w.page.locator('.activitybar .badge[aria-label*=unsaved]').waitFor({ state: 'detached' });
	assert.equal(w.read('feed/client.go'), want);
});

scenario('a killed server comes back', async () => {
	const [pid] = w.servers();
	process.kill(pid, 'SIGKILL');
	await w.until('another server runs', () => w.servers().some((other) => other !== pid));
	await w.until('it has findings', async () => /\d finding/.test(await w.status.getAttribute('aria-label')));
	await w.goTo('cache/cache.go:90:11');
	await (await w.menu('Buffer reply channel')).click();
	await w.dirty.waitFor();
	assert.match(await w.save('cache/cache.go'), /make\(chan result, 1\)/);
});

scenario('no server is left behind', async () => {
	const [pid] = w.servers();
	await w.page.reload();
	await w.until('the server ends', () => !existsSync(`/proc/${pid}`));
	await w.until('the next one runs', () => w.servers().length === 1);
});

/** Whether a script can be added to the page. It must not. */
function ranScript(panel) {
	return panel.locator('body').evaluate((body) => {
		const script = document.createElement('script');
		script.textContent = 'window.ran = true';
		body.append(script);
		return window.ran === true;
	});
}
