// Takes the pictures of the README and the walkthrough, light and dark:
// HANDSHAKE_E2E=1 go test ./editors/vscode -update
import { join } from 'node:path';
import { Workbench } from './workbench.mjs';

const media = join(import.meta.dirname, '../media');

for (const theme of ['Light', 'Dark']) {
	const w = await Workbench.start(`pictures-${theme}`, {
		folder: process.env.HANDSHAKE_SHOP,
		settings: { 'workbench.colorTheme': `${theme} 2026`, 'workbench.sideBar.location': 'right', 'workbench.activityBar.location': 'hidden', 'breadcrumbs.enabled': false },
		size: { width: 1000, height: 560 },
	});
	const picture = (name, clip) => w.page.screenshot({ path: join(media, `${name}-${theme.toLowerCase()}.png`), clip });
	try {
		await w.open('main.go');
		await w.goTo('main.go:19:2');
		await w.page.keyboard.press('Control+b'); // the side bar goes
		await w.squiggles.first().waitFor({ state: 'attached' });

		await w.status.click();
		await w.page.locator('.monaco-hover', { hasText: 'handshake' }).waitFor();
		await picture('status', { x: 500, y: 340, width: 500, height: 220 });
		await w.page.keyboard.press('Escape');
		await w.goTo('main.go:19:2');

		await w.quickFix('Replace time.Sleep with started channel');
		await picture('menu');
		await w.page.keyboard.press('Escape');

		await w.command('handshake: Show Handshake Diagram');
		const image = (await w.webview('Diagram of main.go')).getByAltText('sequenceDiagram');
		await w.until('the picture is drawn', () => image.evaluate((img) => img.complete && img.naturalWidth > 0));
		await w.page.mouse.move(10, 500);
		await picture('diagram');
	} finally {
		await w.stop();
	}
}
