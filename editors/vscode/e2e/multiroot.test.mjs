// A workspace of two folders, each a module, which one server looks after.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Workbench, scenarios } from './workbench.mjs';

const shop = process.env.HANDSHAKE_SHOP, legacy = process.env.HANDSHAKE_LEGACY;
const scenario = scenarios(() => w);
let w;

before(async () => {
	const workspace = join(shop, 'both.code-workspace');
	writeFileSync(workspace, JSON.stringify({ folders: [{ path: shop }, { path: legacy }] }));
	w = await Workbench.start('multiroot', { folder: shop, workspace });
});
after(() => w?.stop());

scenario('one server has the findings of both folders', async () => {
	await w.open('main.go');
	await w.until('the sleep in one is marked', () => w.marked('time.Sleep'));
	await w.goTo('bus.go:77:2');
	await w.until('the sleep in the other is marked', () => w.marked('time.Sleep'));
	assert.equal(w.servers().length, 1);
	await w.picture('findings');
});

scenario('the fixes of the workspace are those of both folders', async () => {
	await w.command('handshake: Make All Safe Fixes in Workspace');
	await w.message('Made').getByRole('button', { name: 'Save All' }).click();
	await w.page.locator('.activitybar .badge[aria-label*=unsaved]').waitFor({ state: 'detached' });
	assert.match(w.read('main.go'), /<-started/);
	assert.match(readFileSync(join(legacy, 'feed/client.go'), 'utf8'), /make\(chan answer, 1\)/);
});
