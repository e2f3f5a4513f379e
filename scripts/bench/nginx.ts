import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import net from 'node:net';
import { freePort } from '../../tests/support/gateway.ts';
import { run } from './program.ts';
import { startServer, type Server } from './server.ts';

/** A running nginx. */
export interface Nginx {
  readonly server: Server;
  readonly port: number;
  readonly logFile: string;
}

/** Starts Debian's nginx with one worker and these lines of the `http` block, in which `$port` is a free port. */
export async function startNginx(folder: string, name: string, core: number, http: string): Promise<Nginx> {
  const home = join(folder, name);
  await mkdir(home);
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${home}/${kind};`,
  );
  const config = `daemon off; worker_processes 1; pid ${home}/pid; error_log ${home}/error.log;
events { worker_connections 1024; }
http {
  access_log ${home}/access.log;
  ${temporary.join('\n  ')}
  ${http.replaceAll('$port', String(port))}
}
`;
  const file = join(home, 'nginx.conf');
  await writeFile(file, config);
  const logFile = join(home, 'output.log');
  const server = startServer({ argv: ['nginx', '-c', file, '-p', home], core, logFile });
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isOpen(port)) return { server, port, logFile };
    await sleep(50);
  }
  await server.stop();
  throw new Error(`nginx does not listen; ${home}/error.log says why`);
}

/** What `nginx -v` says. */
export async function nginxVersion(): Promise<string> {
  // It says so on stderr.
  const said = await run(['sh', '-c', 'nginx -v 2>&1']);
  return /nginx\/(\S+)/.exec(said)?.[1] ?? 'unknown';
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
