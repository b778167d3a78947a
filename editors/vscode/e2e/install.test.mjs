// A person who has the extension, but not the server, opens a checkout of
// handshake.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before } from 'node:test';
import { Workbench, scenarios } from './workbench.mjs';

const scenario = scenarios(() => w);
const GOBIN = mkdtempSync(join(tmpdir(), 'gobin-'));
let w;

before(async () => {
	const PATH = process.env.PATH.split(delimiter).filter((dir) => !existsSync(join(dir, 'handshake'))).join(delimiter);
	w = await Workbench.start('install', { folder: process.env.HANDSHAKE_SOURCE, env: { PATH, GOBIN }, settings: { 'handshake.scan': false } });
});
after(async () => {
	await w?.stop();
	rmSync(GOBIN, { recursive: true });
});

scenario('without the server nothing is marked, and the person is told', async () => {
	await w.open('testdata/legacy/jobs/jobs_test.go');
	await w.message('The program handshake is not installed').waitFor();
	await w.status.and(w.page.locator('[aria-label*="not installed"]')).waitFor();
	assert.equal(await w.squiggles.count(), 0);
	assert.deepEqual(w.servers(), []);
	await w.picture('missing');
});

scenario('the button installs it', async () => {
	await w.message('The program handshake is not installed').getByRole('button', { name: 'Install' }).click();
	await w.squiggles.first().waitFor({ state: 'attached', timeout: 120_000 });
	assert.ok(existsSync(join(GOBIN, 'handshake')));
	await w.picture('installed');
});

scenario('the doctor finds it', async () => {
	await w.command('handshake: Run Doctor');
	await w.page.locator('.panel .view-line', { hasText: 'found by GOBIN' }).first().waitFor();
	await w.page.locator('.panel .view-line', { hasText: 'doctor: done' }).first().waitFor({ timeout: 60_000 });
	await w.picture('doctor');
});
