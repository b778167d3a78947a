import * as vscode from 'vscode';
import { command } from './commands';
import { Server } from './server';

/** The panel that shows the documentation of a rule beside the code. */
export function registerExplain(server: Server, context: vscode.ExtensionContext): vscode.Disposable {
	let panel: vscode.WebviewPanel | undefined;
	server.explain = async (rule) => {
		const [text, styles] = await Promise.all([server.execute<string>('handshake.explain', { rule }), markdownStyles()]);
		const html = await vscode.commands.executeCommand<string>('markdown.api.render', withLinks(text));
		if (!panel) {
			const options = { enableCommandUris: ['handshake.explainRule'], localResourceRoots: styles ? [styles] : [] };
			panel = vscode.window.createWebviewPanel('handshake.explain', '', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, options);
			panel.onDidDispose(() => (panel = undefined));
		} else {
			panel.reveal(undefined, true);
		}
		panel.title = rule;
		panel.webview.html = page(panel.webview, rule, html, styles);
	};
	const explainRule = command('handshake.explainRule', async (rule?: string) => {
		rule ??= ruleAtCursor() ?? (await chooseRule(context));
		if (rule !== undefined) {
			await server.explain(rule);
		}
	});
	return vscode.Disposable.from(explainRule, { dispose: () => panel?.dispose() });
}

/** The style sheets of VS Code's own preview of Markdown; without them the page is plain. */
async function markdownStyles(): Promise<vscode.Uri | undefined> {
	const extension = vscode.extensions.getExtension('vscode.markdown-language-features');
	return extension && vscode.Uri.joinPath(extension.extensionUri, 'media');
}

/**
 * Links to the documentation of other rules become commands. Other relative ones
 * lead to files that are not here.
 */
function withLinks(markdown: string): string {
	return markdown
		.replace(/\]\(\.\.\/(\w+)\/README\.md\)/g, (_, rule) => `](command:handshake.explainRule?${encodeURIComponent(JSON.stringify([rule]))})`)
		.replace(/\[([^\]]*)\]\(\.[^)]*\)/g, '$1');
}

function page(webview: vscode.Webview, title: string, body: string, styles: vscode.Uri | undefined): string {
	const sheets = (styles ? ['markdown.css', 'highlight.css'] : []).map(
		(name) => `<link rel="stylesheet" href="${webview.asWebviewUri(vscode.Uri.joinPath(styles!, name))}">`,
	);
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}">
<title>${title}</title>
${sheets.join('\n')}
</head>
<body class="markdown-body">
${body}
</body>
</html>`;
}

function ruleAtCursor(): string | undefined {
	const editor = vscode.window.activeTextEditor;
	if (!editor) {
		return undefined;
	}
	const here = vscode.languages.getDiagnostics(editor.document.uri).find((d) => d.source === 'handshake' && d.range.contains(editor.selection.active));
	return here && String(typeof here.code === 'object' ? here.code.value : here.code);
}

/** Asks for a rule. The settings name them all. */
async function chooseRule(context: vscode.ExtensionContext): Promise<string | undefined> {
	const server = context.extension.packageJSON.contributes.configuration[1];
	const rules = server.properties['handshake.rules'].properties as Record<string, { description: string }>;
	const items = Object.entries(rules).map(([label, { description }]) => ({ label, detail: description }));
	return (await vscode.window.showQuickPick(items, { title: 'Explain Rule', matchOnDetail: true }))?.label;
}
