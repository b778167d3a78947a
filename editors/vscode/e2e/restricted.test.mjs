// A folder that the person does not trust, and then does.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Workbench, scenarios } from './workbench.mjs';

const folder = process.env.HANDSHAKE_SHOP;
const evil = join(folder, 'evil.sh'), ran = join(folder, 'ran');
const scenario = scenarios(() => w);
let w;

before(async () => {
	writeFileSync(evil, `#!/bin/sh\ntouch '${ran}'\n`);
	chmodSync(evil, 0o755);
	w = await Workbench.start('restricted', { folder, trust: false });
	w.configure({ 'handshake.server.path': evil, 'handshake.buildFlags': ['-tags=special'] });
});
after(() => w?.stop());

scenario('findings are shown, and what the folder sets is ignored', async () => {
	await w.open('main.go');
	await w.page.getByRole('button', { name: 'Restricted Mode' }).first().waitFor();
	await w.squiggles.first().waitFor({ state: 'attached' });
	await w.goTo('special.go:13:2');
	await w.until('the file is told to be in no package', async () => (await w.marked('time.Sleep')) === false);
	assert.equal(existsSync(ran), false);
	await w.picture('restricted');
});

scenario('once the folder is trusted, its build flags count, but no program of its own', async () => {
	await w.page.getByRole('button', { name: 'Restricted Mode' }).first().click();
	await w.page.getByRole('button', { name: 'Trust', exact: true }).click();
	await w.goTo('special.go:13:2');
	await w.until('the finding of the tagged file is shown', () => w.marked('time.Sleep'));
	assert.equal(existsSync(ran), false);
	await w.picture('trusted');
});
