import * as vscode from 'vscode';
import {
	ApplyWorkspaceEditParams,
	CancellationToken,
	ConfigurationParams,
	ExecuteCommandRequest,
	LanguageClient,
	LanguageClientOptions,
	State,
	TransportKind,
} from 'vscode-languageclient/node';
import { findServer } from './find';
import { showWithheld } from './withheld';

/** What has become of the server. */
export type Condition =
	| { kind: 'starting' }
	| { kind: 'running'; version: string; command: string; by: string }
	| { kind: 'stopped' } // it ended by itself, or failed to start
	| { kind: 'missing'; reason: string };

/** Settings of the extension, which the server does not know. */
const ownSettings = ['server', 'trace'];

/** The one server of the window, for all its folders. */
export class Server {
	condition: Condition = { kind: 'starting' };
	/** Whether the user looks at the edits of the command that runs before they are made. */
	preview = false;
	/** Shows the documentation of a rule; set by the explain panel. */
	explain: (rule: string) => Promise<void> = async () => {};

	/** The folder of the extension. */
	readonly extension: vscode.Uri;
	private readonly changed = new vscode.EventEmitter<void>();
	readonly onDidChange = this.changed.event;
	private client: LanguageClient | undefined;
	private last: Promise<void> = Promise.resolve(); // starts and stops take turns

	constructor(
		context: vscode.ExtensionContext,
		private readonly log: vscode.LogOutputChannel,
	) {
		this.extension = context.extensionUri;
	}

	start(): Promise<void> {
		return this.inTurn(() => this.startNow());
	}

	restart(): Promise<void> {
		return this.inTurn(async () => {
			await this.stopNow();
			await this.startNow();
		});
	}

	dispose(): Promise<void> {
		return this.inTurn(async () => {
			await this.stopNow();
			this.changed.dispose();
		});
	}

	/** Runs a command of the server with its one argument. */
	async execute<T>(command: string, argument: object = {}): Promise<T> {
		if (!this.client?.isRunning()) {
			throw new Error('The server of handshake is not running.');
		}
		return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [argument] }) as Promise<T>;
	}

	/** The URI of a document as the server is told it. */
	uriOf(document: vscode.TextDocument): string {
		return this.client ? this.client.code2ProtocolConverter.asUri(document.uri) : document.uri.toString();
	}

	private inTurn(work: () => Promise<void>): Promise<void> {
		this.last = this.last.then(work).catch((err: unknown) => this.log.error(String(err)));
		return this.last;
	}

	private become(condition: Condition): void {
		this.condition = condition;
		void vscode.commands.executeCommand('setContext', 'handshake.running', condition.kind === 'running');
		this.changed.fire();
	}

	private async startNow(): Promise<void> {
		this.become({ kind: 'starting' });
		const found = await findServer(this.extension);
		if ('missing' in found) {
			this.log.warn(found.missing);
			this.become({ kind: 'missing', reason: found.missing });
			void this.offerInstall(found.missing);
			return;
		}
		this.log.info(`starting ${found.command}, found by ${found.by}`);
		const run = { command: found.command, args: ['serve'], transport: TransportKind.stdio };
		const client = new LanguageClient('handshake', 'handshake', { run, debug: run }, this.options());
		this.client = client;
		client.onDidChangeState(({ newState }) => {
			if (this.client !== client) {
				return;
			}
			switch (newState) {
				case State.Running: {
					const version = client.initializeResult?.serverInfo?.version ?? '';
					this.log.info(`running version ${version}`);
					return this.become({ kind: 'running', version, command: found.command, by: found.by });
				}
				case State.Starting:
					return this.become({ kind: 'starting' });
				case State.Stopped:
				case State.StartFailed:
					return this.become({ kind: 'stopped' });
			}
		});
		await client.start(); // shows why, if it fails
	}

	private async stopNow(): Promise<void> {
		const client = this.client;
		this.client = undefined;
		if (client) {
			await client.dispose().catch((err: unknown) => this.log.warn(`stop: ${err}`));
		}
	}

	private options(): LanguageClientOptions {
		return {
			documentSelector: [{ scheme: 'file', language: 'go' }],
			diagnosticCollectionName: 'handshake',
			outputChannel: this.log,
			initializationOptions: forServer(vscode.workspace.getConfiguration().get('handshake')),
			middleware: {
				provideCodeActions: async (document, range, context, token, next) =>
					showWithheld(await next(document, range, context, token), context),
				executeCommand: async (command, args, next) => {
					const argument = args[0] as { rule?: string; show?: boolean } | undefined;
					if (command === 'handshake.explain' && argument?.show && argument.rule !== undefined) {
						return this.explain(argument.rule);
					}
					return next(command, args);
				},
				workspace: {
					configuration: async (params: ConfigurationParams, token, next) => {
						const answers = await next(params, token);
						return Array.isArray(answers) ? answers.map((a, i) => (params.items[i].section === 'handshake' ? forServer(a) : a)) : answers;
					},
					handleApplyEdit: (params, next) => next(this.preview ? confirmed(params) : params, CancellationToken.None),
				},
			},
		};
	}

	private async offerInstall(reason: string): Promise<void> {
		const install = 'Install', settings = 'Open Settings', log = 'Show Log';
		switch (await vscode.window.showWarningMessage(reason, install, settings, log)) {
			case install:
				return vscode.commands.executeCommand('handshake.install');
			case settings:
				return vscode.commands.executeCommand('workbench.action.openSettings', 'handshake.server.path');
			case log:
				return this.log.show();
		}
	}
}

/** The settings as the server knows them. */
function forServer(settings: unknown): unknown {
	if (typeof settings !== 'object' || settings === null) {
		return settings;
	}
	return Object.fromEntries(Object.entries(settings).filter(([key]) => !ownSettings.includes(key)));
}

/** The edit with each of its annotations asking the user to confirm. */
function confirmed(params: ApplyWorkspaceEditParams): ApplyWorkspaceEditParams {
	const annotations = Object.entries(params.edit.changeAnnotations ?? {});
	const changeAnnotations = Object.fromEntries(annotations.map(([id, a]) => [id, { ...a, needsConfirmation: true }]));
	return { ...params, edit: { ...params.edit, changeAnnotations } };
}
