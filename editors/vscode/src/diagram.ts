import { randomUUID } from 'node:crypto';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { command, goEditor } from './commands';
import { Server } from './server';

/** What the server returns: lsp/diagram.go. */
type Diagram = { mermaid: string; svg: string };

/** How much the picture is made smaller to fit into the panel; its text must stay readable. */
const smallest = 0.6;

/** The panel that shows what the goroutines around a line do to each other. */
export function registerDiagram(server: Server): vscode.Disposable {
	let panel: vscode.WebviewPanel | undefined;
	let diagram: Diagram;
	const draw = () => {
		if (panel) {
			panel.webview.html = page(diagram, vscode.window.activeColorTheme.kind);
		}
	};
	const show = command('handshake.showDiagram', async () => {
		const editor = goEditor();
		if (!editor) {
			return;
		}
		const position = editor.selection.active;
		const found = await server.execute<Diagram | null>('handshake.diagram', { uri: server.uriOf(editor.document), position });
		if (!found) {
			void vscode.window.showInformationMessage('No goroutines meet at this line.');
			return;
		}
		diagram = found;
		if (!panel) {
			panel = vscode.window.createWebviewPanel('handshake.diagram', '', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, { localResourceRoots: [] });
			panel.onDidDispose(() => (panel = undefined));
		} else {
			panel.reveal(undefined, true);
		}
		panel.title = `Diagram of ${path.basename(editor.document.fileName)}:${position.line + 1}`;
		draw();
	});
	return vscode.Disposable.from(show, vscode.window.onDidChangeActiveColorTheme(draw), { dispose: () => panel?.dispose() });
}

/** The picture is shown as an image: nothing in it can run, or fetch anything. */
function page(diagram: Diagram, kind: vscode.ColorThemeKind): string {
	const dark = kind === vscode.ColorThemeKind.Dark || kind === vscode.ColorThemeKind.HighContrast;
	const image = Buffer.from(inTheme(diagram.svg, dark ? 'dark' : 'light')).toString('base64');
	const width = Number(/viewBox="\S+ \S+ (\S+) \S+"/.exec(diagram.svg)?.[1]);
	const nonce = randomUUID();
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'nonce-${nonce}'">
<style nonce="${nonce}">img { width: clamp(${smallest * width}px, 100%, ${width}px); max-width: none; max-height: none; }</style>
<title>Handshake diagram</title>
</head>
<body>
<img alt="${escape(diagram.mermaid)}" src="data:image/svg+xml;base64,${image}">
</body>
</html>`;
}

/** The picture follows the colours that the system prefers; VS Code may have others. */
function inTheme(svg: string, theme: 'dark' | 'light'): string {
	return svg.replace(/\(prefers-color-scheme: ?(dark|light)\)/g, (_, scheme) => (scheme === theme ? '(min-width: 0px)' : '(max-width: 0px)'));
}

function escape(text: string): string {
	return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
