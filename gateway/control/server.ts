import { chmod, mkdir, readdir, unlink } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { drain } from '../listener.ts';
import { Traffic } from '../traffic.ts';
import { openSocketFolder, runFolder, type SocketFolder } from './folder.ts';
import { isAlive } from './is-alive.ts';

/** The door of a running gateway for commands on the same machine. */
export interface Control {
  /** Takes no new requests and fulfils when those under way are answered; the socket is gone then. */
  close(): Promise<void>;
}

/** As many gateways of one process, or of several that have the same number each in its container, find a name. */
const mostNames = 100;

/**
 * Listens on `DATA/run/<pid>.sock`: whoever may open the data folder may do everything, so only its owner may enter.
 * Sockets that gateways left behind when they were killed are removed. Throws when there can be no socket.
 */
export async function openControl(data: string, handle: RequestListener): Promise<Control> {
  const path = runFolder(data);
  await mkdir(path, { recursive: true, mode: 0o700 });
  // It may have been there before, with other rights.
  await chmod(path, 0o700);
  const folder = await openSocketFolder(path);
  try {
    await removeStale(path, folder);
    const traffic = new Traffic();
    const server = createServer({ requestTimeout: 0 }, traffic.watched(handle));
    traffic.follow(server);
    const socket = await listenIn(server, folder);
    await chmod(folder.pathOf(socket), 0o600);
    return {
      async close() {
        await drain(server, traffic);
        await folder.close();
      },
    };
  } catch (fault) {
    await folder.close();
    throw fault;
  }
}

async function removeStale(path: string, folder: SocketFolder): Promise<void> {
  for (const socket of await readdir(path)) {
    const pid = Number(/^(\d+)(?:-\d+)?\.sock$/.exec(socket)?.[1]);
    // A gateway that starts just now may have made its socket and not listen on it yet.
    if (!(pid === process.pid || hasEnded(pid)) || (await isAlive(folder.pathOf(socket)))) continue;
    // Another that starts just now may have been faster.
    await unlink(join(path, socket)).catch(() => undefined);
  }
}

async function listenIn(server: Server, folder: SocketFolder): Promise<string> {
  for (let number = 1; ; number += 1) {
    const socket = `${process.pid}${number === 1 ? '' : `-${number}`}.sock`;
    try {
      await listenOn(server, folder.pathOf(socket));
      return socket;
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EADDRINUSE' || number === mostNames) throw fault;
    }
  }
}

function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
