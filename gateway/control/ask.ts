import { readdir } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { openSocketFolder, runFolder, type SocketFolder } from './folder.ts';
import { isAlive } from './is-alive.ts';

/** What a running gateway answered; the body is still to be read. */
export interface GatewayReply {
  readonly status: number;
  readonly body: IncomingMessage;
}

/** There is no running gateway on a data folder; the message says what to do. */
export class NoGateway extends Error {
  override readonly name = 'NoGateway';
}

/** What to ask; `body` goes as JSON. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

/** Asks the gateway that runs on a data folder, any of them when there are several. Throws NoGateway. */
export async function askGateway(data: string, wish: GatewayRequest): Promise<GatewayReply> {
  return withSocket(data, (socket) => send(socket, wish));
}

/** Throws NoGateway when none runs on a data folder. */
export async function requireGateway(data: string): Promise<void> {
  await withSocket(data, () => Promise.resolve());
}

async function withSocket<T>(data: string, use: (socket: string) => Promise<T>): Promise<T> {
  const path = runFolder(data);
  const sockets = (await namesIn(path, data)).filter((name) => name.endsWith('.sock'));
  if (sockets.length === 0) throw noGateway(data);
  const folder = await openSocketFolder(path);
  try {
    const socket = await firstAlive(sockets, folder);
    if (socket === undefined) throw noGateway(data);
    return await use(socket);
  } finally {
    await folder.close();
  }
}

async function namesIn(path: string, data: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw noGateway(data);
    if (code === 'EACCES')
      throw new NoGateway(`${data} belongs to another user: run this as the user who runs the gateway`);
    throw fault;
  }
}

function noGateway(data: string): NoGateway {
  return new NoGateway(
    `no gateway runs on ${data}: start one with "dockgate serve", or name the folder of the running one with --data`,
  );
}

async function firstAlive(sockets: readonly string[], folder: SocketFolder): Promise<string | undefined> {
  for (const socket of sockets) {
    const path = folder.pathOf(socket);
    if (await isAlive(path)) return path;
  }
  return undefined;
}

function send(socketPath: string, { method, path, body }: GatewayRequest): Promise<GatewayReply> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const sent = request({ socketPath, method, path, headers, agent: false });
    sent.once('error', reject).once('response', (reply) => {
      resolve({ status: reply.statusCode ?? 0, body: reply });
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
