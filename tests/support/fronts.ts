import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Dockgate } from './dockgate.ts';
import type { Machine } from './machine.ts';
import { mainFile } from './nginx-conf.ts';
import { succeeded } from './process.ts';
import type { Need } from './require-programs.ts';
import type { Server } from './server.ts';

/** Another server in front of a Dockgate, on port 443 of the machine, as docs/fronts.md says. */
export interface Front {
  readonly name: string;
  readonly needs: readonly Need[];
  /** Whether it speaks HTTP itself, or passes on TCP. */
  readonly kind: 'http' | 'tcp';
  /** Starts it; port 443 is open when it fulfils. */
  start(machine: Machine, dockgate: Dockgate): Promise<Server>;
}

const PROGRAM = fileURLToPath(new URL('../../bin/dockgate.js', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/fronts.md', import.meta.url));

/** Runs a command of Dockgate in that machine. */
export function dockgateCommand(
  machine: Machine,
  argv: readonly string[],
  stdin = '',
): ReturnType<Machine['run']> {
  return machine.run([process.execPath, PROGRAM, ...argv], { stdin, folder: machine.folder });
}

/** A piece of docs/fronts.md, by its language and its place among those; the paths in it are those of the test. */
async function piece(
  language: string,
  index: number,
  replaced: Readonly<Record<string, string>>,
): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const pieces = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))];
  let text = pieces[index]?.[1];
  if (text === undefined) throw new Error(`docs/fronts.md has no ${language} number ${index}`);
  for (const [from, to] of Object.entries(replaced)) {
    if (!text.includes(from))
      throw new Error(`${from} is not in ${language} number ${index} of docs/fronts.md`);
    text = text.replaceAll(from, to);
  }
  return text;
}

async function open(machine: Machine, argv: readonly string[], env = {}): Promise<Server> {
  const server = machine.spawn(argv, { env });
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await Promise.race([sleep(50, false), server.ended.then(() => true)])) break;
    const socket = await machine.connect(machine.address, 443).catch(() => undefined);
    // Where the port is closed the relay of a machine accepts, and closes again.
    if (socket && (await staysOpen(socket))) return server;
  }
  throw new Error(`${argv[0] ?? ''} did not start; it printed:\n${server.output()}`);
}

async function staysOpen(socket: Awaited<ReturnType<Machine['connect']>>): Promise<boolean> {
  socket.on('error', () => undefined).resume();
  const closed = new Promise((resolve) =>
    socket.once('close', () => {
      resolve(true);
    }),
  );
  const isClosed = await Promise.race([closed, sleep(50, false)]);
  socket.destroy();
  return !isClosed;
}

async function fresh(machine: Machine, name: string): Promise<string> {
  const folder = join(machine.folder, name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** nginx with what `dockgate nginx export` writes. */
export function nginx(name: string, ...options: readonly string[]): Front {
  return {
    name,
    needs: ['nginx'],
    kind: 'http',
    async start(machine, { data }) {
      const folder = await fresh(machine, name.replaceAll(' ', '-'));
      const [site, main] = [join(folder, 'dockgate.conf'), join(folder, 'nginx.conf')];
      const config = ['--config', `${data}.yaml`, '--data', data];
      succeeded(await dockgateCommand(machine, ['nginx', 'export', ...options, ...config, '--out', site]));
      // Workers of another user, as Debian has them.
      const text = mainFile({ ...machine, folder }, `include ${site};`).replace(
        'master_process off;',
        'user www-data;',
      );
      await writeFile(main, text);
      succeeded(await machine.run(['nginx', '-t', '-c', main]));
      return open(machine, ['nginx', '-c', main]);
    },
  };
}

export const caddy: Front = {
  name: 'Caddy',
  needs: ['caddy'],
  kind: 'http',
  async start(machine, { data }) {
    const folder = await fresh(machine, 'caddy');
    const path = join(folder, 'Caddyfile');
    await writeFile(path, await piece('caddyfile', 0, { '/var/lib/dockgate': data }));
    return open(machine, ['caddy', 'run', '--config', path], { HOME: folder });
  },
};

export const haproxy: Front = {
  name: 'HAProxy',
  needs: ['haproxy'],
  kind: 'http',
  async start(machine, { data }) {
    const folder = await fresh(machine, 'haproxy');
    const [path, pem] = [join(folder, 'haproxy.cfg'), join(folder, 'idocker.io.pem')];
    succeeded(await dockgateCommand(machine, ['certs', 'export', '--data', data, '--pem', pem]));
    await writeFile(path, await piece('haproxy', 0, { '/etc/haproxy/idocker.io.pem': pem }));
    return open(machine, ['haproxy', '-db', '-f', path]);
  },
};

/** With a PROXY header for the connector `port`. */
export function haproxyTcp(port: number): Front {
  return {
    name: 'HAProxy with PROXY headers',
    needs: ['haproxy'],
    kind: 'tcp',
    async start(machine) {
      const path = join(await fresh(machine, 'haproxy-tcp'), 'haproxy.cfg');
      await writeFile(path, await piece('haproxy', 1, { '127.0.0.1:8443': `127.0.0.1:${port}` }));
      return open(machine, ['haproxy', '-db', '-f', path]);
    },
  };
}
