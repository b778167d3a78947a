// A person works on testdata/legacy in VS Code.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Workbench } from './workbench.mjs';

const folder = process.env.HANDSHAKE_LEGACY;
let w;

before(async () => {
	mkdirSync(join(folder, 'play'));
	writeFileSync(join(folder, 'play/play.go'), 'package play\n\nfunc play() {\n\t\n}\n');
	w = await Workbench.start('legacy', { folder });
});
after(() => w?.stop());

/** Names the picture of what went wrong after the test. */
function scenario(name, run) {
	test(name, async (t) => {
		try {
			await run(t);
		} catch (err) {
			await w.picture(`failed-${name.replace(/\W+/g, '-')}`);
			throw err;
		}
	});
}

/** What the command line makes of a file of the folder as it is now. */
function fixed(file, ...args) {
	const dir = mkdtempSync(join(tmpdir(), 'fixed-'));
	cpSync(folder, dir, { recursive: true });
	execFileSync('handshake', ['fix', ...args], { cwd: dir });
	return readFileSync(join(dir, file), 'utf8');
}

scenario('a wavy line marks the guess', async () => {
	await w.open('jobs/jobs_test.go');
	await w.squiggles.first().waitFor({ state: 'attached' });
	await w.picture('squiggle');
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
	scenario(`${title} in ${file}`, async () => {
		const original = w.read(file);
		await w.goTo(place);
		await w.squiggles.first().waitFor({ state: 'attached' });
		const row = await w.menu(title);
		await w.picture(`menu-${dirname(file)}`);
		await row.click();
		await w.page.locator('.tab.active.dirty').waitFor();
		assert.equal(await w.save(file), fixed(file, '-unsafe', `${file}:${line}`));
		await w.page.keyboard.press('Escape'); // leaves the names that can be chosen
		await w.page.keyboard.press('Control+z');
		await w.page.locator('.tab.active.dirty').waitFor();
		assert.equal(await w.save(file), original);
	});
}
