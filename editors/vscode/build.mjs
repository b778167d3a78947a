// Builds the extension into dist/. With --package also handshake.vsix; with
// --target PLATFORM (linux-x64, darwin-arm64, win32-x64, …: the names of vsce) the
// package carries the server for that platform.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';

process.chdir(import.meta.dirname);
const { values } = parseArgs({ options: { package: { type: 'boolean' }, target: { type: 'string' }, out: { type: 'string', default: 'handshake.vsix' } } });

rmSync('dist', { recursive: true, force: true });
await esbuild.build({
	entryPoints: ['src/extension.ts'],
	outfile: 'dist/extension.js',
	bundle: true,
	platform: 'node',
	target: 'node20',
	format: 'cjs',
	external: ['vscode'],
	minify: true,
	logLevel: 'warning',
});
cpSync('../../.handshake.schema.json', 'dist/handshake.schema.json');

rmSync('bin', { recursive: true, force: true });
if (values.target) {
	const [platform, arch] = values.target.split('-');
	const GOOS = { win32: 'windows', alpine: 'linux' }[platform] ?? platform;
	const GOARCH = { x64: 'amd64', armhf: 'arm' }[arch] ?? arch;
	execFileSync('go', ['build', '-trimpath', '-o', 'editors/vscode/bin/', './cmd/handshake'], {
		cwd: '../..',
		env: { ...process.env, GOOS, GOARCH, CGO_ENABLED: '0' },
		stdio: 'inherit',
	});
}

if (values.package) {
	const target = values.target ? ['--target', values.target] : [];
	const vsce = ['node_modules/@vscode/vsce/vsce', 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--no-rewrite-relative-links'];
	execFileSync(process.execPath, [...vsce, ...target, '--out', values.out], { stdio: 'inherit' });
}
