// handshake beside gopls on one file.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import esbuild from 'esbuild';
import { Workbench, scenarios } from './workbench.mjs';

const folder = process.env.HANDSHAKE_SHOP;
const scenario = scenarios(() => w);
let w;

before(async () => {
	w = await Workbench.start('gopls', { folder, vsix: [process.env.HANDSHAKE_VSIX, await packGopls()] });
});
after(() => w?.stop());

async function packGopls() {
	const dir = join(import.meta.dirname, 'gopls');
	await esbuild.build({ entryPoints: [join(dir, 'extension.js')], outfile: join(dir, 'dist/extension.js'), bundle: true, platform: 'node', format: 'cjs', external: ['vscode'], logLevel: 'warning' });
	const vsix = join(dir, 'dist/gopls.vsix');
	const vsce = join(import.meta.dirname, '../node_modules/@vscode/vsce/vsce');
	execFileSync(process.execPath, [vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix], { cwd: dir });
	return vsix;
}

scenario('one menu has the actions of both, and each finding is told once', async () => {
	await w.open('main.go');
	await w.goTo('main.go:19:2');
	await w.page.keyboard.press('Shift+End'); // gopls extracts what is selected
	await w.quickFix('Replace time.Sleep with started channel');
	await w.row('Extract function').waitFor();
	await w.picture('menu');
	await w.page.keyboard.press('Escape');
	await w.command('View: Focus Problems');
	await w.page.locator('.markers-panel .monaco-list-row', { hasText: '(sleepstart)' }).or(w.page.locator('.markers-panel .monaco-list-row', { hasText: 'sleepstart' })).first().waitFor();
	assert.equal(await w.page.locator('.markers-panel .monaco-list-row', { hasText: 'time.Sleep' }).count(), 1);
	await w.picture('problems');
	await w.page.keyboard.press('Control+j');
});

scenario('on save, both mend the file and gopls orders the imports', async () => {
	w.configure({ 'handshake.diagnostics': false }); // and back: then the settings are known
	await w.goTo('main.go:1:1');
	await w.until('the findings go', async () => (await w.marked('time.Sleep')) === false);
	w.configure({ 'editor.codeActionsOnSave': { 'source.fixAll': 'explicit', 'source.organizeImports': 'explicit' } });
	await w.until('the findings come back', () => w.marked('time.Sleep'));
	await w.page.keyboard.press('Control+Home');
	await w.page.keyboard.type(' ');
	await w.page.keyboard.press('Backspace');
	assert.equal(await w.save('main.go'), readFileSync(join(folder, 'main.go.golden'), 'utf8'));
	await w.picture('saved');
});
