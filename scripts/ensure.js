// Runs before `npm start`, `npm test` and `npm run dev`, on any Node: installs what package-lock.json
// names when it is not there yet, and makes sure that a Node that runs TypeScript is in node_modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.dockgate-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(
      `dockgate: '${command} ${args.join(' ')}' failed${error ? `: ${error.message}` : ''}; see above`,
    );
    process.exit(1);
  }
}

function nodeRunsTypeScript() {
  const binary = join(root, 'node_modules', 'node', 'bin', 'node');
  const candidate = existsSync(binary) ? binary : process.execPath;
  const version = spawnSync(candidate, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  return Number(/^v(\d+)/.exec(version)?.[1]) >= 24;
}

const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
if (!installed) {
  console.error('dockgate: installing what package-lock.json names (once)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (!nodeRunsTypeScript()) {
  // npm 12 runs no install script that it cannot match to its allow list; the node package needs its own.
  run(process.execPath, ['installArchSpecificPackage.js'], join(root, 'node_modules', 'node'));
}
if (!installed) writeFileSync(stamp, lock);
