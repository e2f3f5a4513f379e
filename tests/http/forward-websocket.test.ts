import { once } from 'node:events';
import type http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  client,
  sendRaw,
  startBackend,
  startFront,
  startRawBackend,
  type Backend,
  eventually,
} from '../support/forwarding.ts';
import { startBareProxy } from '../support/bare-proxy.ts';

const ask = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: 1.2.3.4\r\n${more}\r\n`;

/** A backend that switches and then sends back what it gets. */
async function startEcho(): Promise<{ backend: Backend; asked: http.IncomingMessage[]; sockets: Duplex[] }> {
  const backend = await startBackend((_, res) => res.end());
  const [asked, sockets]: [http.IncomingMessage[], Duplex[]] = [[], []];
  backend.server.on('upgrade', (req: http.IncomingMessage, socket: Duplex) => {
    asked.push(req);
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ',
    );
    socket.pipe(socket);
  });
  return { backend, asked, sockets };
}

async function open(
  port: number,
  path: string,
  allowHalfOpen = false,
): Promise<{ socket: net.Socket; text: () => string }> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen }).on('error', () => undefined);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  socket.write(ask(path));
  await eventually(() => text).toContain('hello ');
  return { socket, text: () => text };
}

describe('a WebSocket', () => {
  test('is joined to the backend, both ways', async () => {
    const { backend, asked } = await startEcho();
    const { port } = await startFront(new URL('/base', backend.address));
    const { socket, text } = await open(port, '/ui//x%2F?a=1');
    expect(text()).toMatch(/^HTTP\/1.1 101 /);
    socket.write('there');
    await eventually(text).toContain('hello there');
    expect(asked[0]?.url).toBe('/base/ui//x%2F?a=1');
    expect(asked[0]?.headers).toMatchObject({
      connection: 'Upgrade',
      upgrade: 'websocket',
      host: 'old.example',
      'x-forwarded-for': client,
    });
    socket.end();
    await once(socket, 'close');
  });

  test('whose client is cut ends at the backend', async () => {
    const { backend, sockets } = await startEcho();
    const { socket } = await open((await startFront(backend.address)).port, '/');
    socket.resetAndDestroy();
    await eventually(() => sockets[0]?.destroyed).toBe(true);
  });

  test.each(['the backend', 'the forwarder'])('ends at the client when %s ends it', async (who) => {
    const { backend, sockets } = await startEcho();
    const { port, close } = await startFront(backend.address);
    const { socket } = await open(port, '/');
    const closed = once(socket, 'close');
    if (who === 'the backend') sockets[0]?.destroy();
    else close();
    await closed;
  });

  test('that the backend has ended is over, also for a client that would go on sending', async () => {
    const { backend, sockets } = await startEcho();
    const { socket } = await open((await startFront(backend.address)).port, '/', true);
    sockets[0]?.destroy();
    await once(socket, 'end');
    await eventually(() => socket.destroyed || (socket.write('more'), false)).toBe(true);
  });

  test('that the backend refuses gets the refusal, whole', async () => {
    const backend = await startBackend((_, res) => {
      res.writeHead(403, { 'x-why': 'no' }).write('for');
      res.end('bidden');
    });
    const text = await sendRaw((await startFront(backend.address)).port, ask('/'));
    expect(text).toMatch(/^HTTP\/1.1 403 /);
    expect(text).toMatch(/x-why: no/);
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(text).toMatch(/\r\n\r\nforbidden$/);
  });

  test('that the backend refuses is broken in the bare library: the body is not as its fields say', async () => {
    const backend = await startBackend((_, res) => {
      res.writeHead(403).write('for');
      res.end('bidden');
    });
    const text = await sendRaw((await startBareProxy(backend.address)).port, ask('/', 'X: y\r\n'));
    expect(text).toMatch(/transfer-encoding: chunked/i);
    expect(text).toMatch(/\r\n\r\nforbidden$/);
  });

  test('without a backend is a 502', async () => {
    const address = await startRawBackend((socket) => socket.destroy());
    expect(await sendRaw((await startFront(address)).port, ask('/'))).toMatch(/^HTTP\/1.1 502 /);
  });

  test('that the backend does not answer is a 504', async () => {
    const address = await startRawBackend((socket) => socket.resume());
    const { port } = await startFront(address, {}, { idleTimeout: 50 });
    expect(await sendRaw(port, ask('/'))).toMatch(/^HTTP\/1.1 504 /);
  });

  test('whose client leaves before the answer ends the request, and nothing else', async () => {
    let upstream: net.Socket | undefined;
    const address = await startRawBackend((socket) => {
      upstream = socket.resume();
    });
    const { port } = await startFront(address);
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.write(ask('/'));
    await eventually(() => upstream).toBeDefined();
    socket.resetAndDestroy();
    await eventually(() => upstream?.destroyed).toBe(true);
  });
});
