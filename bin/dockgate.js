#!/usr/bin/env node
// Starts the program with a Node that can run it: the one that runs this if it is new enough, else the one that
// npm installed beside it. A checkout runs its TypeScript, a published package what was built from it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'gateway', 'main.ts');
const main = existsSync(sources) ? sources : join(root, 'dist', 'gateway', 'main.js');
const installed = join(root, 'node_modules', 'node', 'bin', 'node');

if (Number(process.versions.node.split('.')[0]) >= 24) {
  process.argv[1] = main;
  await import(main);
} else if (existsSync(installed)) {
  const child = spawn(installed, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0);
  });
} else {
  console.error(`dockgate: needs Node 24 or newer, this is ${process.version}`);
  process.exitCode = 1;
}
