import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { runProgram, type Outcome, type RunOptions } from './process.ts';
import { startServer, type Server } from './server.ts';

/** Where programs of a test run: this machine's loopback, or a private machine. */
export interface Place extends AsyncDisposable {
  /** A temporary folder, at the same path inside and outside; removed by `close`. */
  readonly folder: string;
  /** The address that servers should listen on. */
  readonly address: string;
  /** Runs a program to its end; a code other than 0 is a value, not an exception. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Starts a server; `close` ends those that are still there. */
  spawn(argv: readonly string[], options?: RunOptions): Server;
  /** Opens a TCP connection to a server at this place from the test's own process. */
  connect(host: string, port: number): Promise<Socket>;
  /** Ends everything that was started here and removes the folder. */
  close(): Promise<void>;
}

/** The most that removing a folder is repeated while a dying process still writes to it. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** Makes a temporary folder; its short name leaves room for unix sockets (108 bytes at most). */
export async function makeFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'dg-'));
}

/** Removes a temporary folder and all in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, REMOVAL);
}

/** Opens a socket and waits until it is connected. */
export async function openSocket(to: net.NetConnectOpts): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = net.connect(to, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Makes a place on this machine's loopback: nothing is private but the folder and the environment. */
export async function createLoopback(): Promise<Place> {
  const folder = await makeFolder();
  const entry = { argv: [], forks: false };
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    await removeFolder(folder);
  };
  return {
    folder,
    address: '127.0.0.1',
    run: (argv, options) => runProgram(entry, argv, folder, options),
    spawn(argv, options) {
      const server = startServer(entry, argv, folder, options);
      servers.push(server);
      return server;
    },
    connect: (host, port) => openSocket({ host, port }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
