import { once } from 'node:events';
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { acceptHeaders } from '../../gateway/proxy-protocol/accept.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { proxyHeader } from '../support/proxy-header.ts';
import { seedImage } from '../support/seed-image.ts';

const PROXY = '127.0.0.1';
const STRANGER = '127.0.0.2';
const LINE = Buffer.from('PROXY TCP4 198.51.100.7 192.0.2.2 50000 443\r\n');
const BLOCK = proxyHeader(0x21, 0x11, Buffer.from([198, 51, 100, 8, 192, 0, 2, 2, 0xc3, 0x50, 1, 0xbb]));
const LOCAL = proxyHeader(0x20, 0, Buffer.alloc(0));
const ASK = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}Connection: close\r\n\r\n`;

let place: Place;
let gateway: LocalGateway;

beforeAll(async () => {
  place = await createLoopback();
  gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'hosted', write: 'hosted', web: true } },
    repositories: { hosted: { type: 'hosted' } },
    listen: { https: 0, http: 0, proxyProtocol: true },
    connectors: { [await freePort()]: { repository: 'hosted', proxyProtocol: true } },
    trustedProxies: [PROXY],
  });
});
afterAll(async () => {
  await gateway.stop();
  await place.close();
});

/** What came back over a connection from that address on which these bytes were sent first. */
async function say(port: number, from: string, ...pieces: readonly (Buffer | string)[]): Promise<string> {
  const socket = net.connect({ host: PROXY, port, localAddress: from });
  const all: Buffer[] = [];
  const closed = once(
    socket.on('error', () => undefined).on('data', (piece) => all.push(piece)),
    'close',
  );
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(5);
  }
  await closed;
  return Buffer.concat(all).toString('latin1');
}

/** The same over TLS, which begins after `head`; with the head in front of the first bytes of TLS, or alone. */
async function saySecurely(from: string, head: Buffer, words: string): Promise<string> {
  const plain = net.connect({ host: PROXY, port: gateway.port, localAddress: from });
  if (head.length > 0) plain.write(head);
  const socket = tls.connect({ socket: plain, servername: 'localhost', ca: gateway.ca ?? '' });
  await once(socket, 'secureConnect');
  socket.write(words);
  return (await buffer(socket)).toString('latin1');
}

async function clientOf(reply: string): Promise<unknown> {
  const [, id] = /x-request-id: (\S+)/i.exec(reply) ?? [];
  const entry = await gateway.logged({
    status: 0,
    headers: { 'x-request-id': id ?? `nothing: ${reply}` },
    body: Buffer.alloc(0),
  });
  return entry.client;
}

describe('what a trusted proxy says of its client is believed', () => {
  test.each([
    ['version 1', LINE, '198.51.100.7'],
    ['version 2', BLOCK, '198.51.100.8'],
    ['its own connection', LOCAL, PROXY],
  ])('%s, with TLS after it', async (_, head, client) => {
    expect(await clientOf(await saySecurely(PROXY, head, ASK('/v2/')))).toBe(client);
  });

  test.each([
    ['version 1', LINE, '198.51.100.7'],
    ['version 2', BLOCK, '198.51.100.8'],
    ['its own connection', LOCAL, PROXY],
  ])('%s, with plain HTTP after it', async (_, head, client) => {
    const { port } = gateway.connector('hosted');
    expect(await clientOf(await say(port, PROXY, Buffer.concat([head, Buffer.from(ASK('/v2/'))])))).toBe(
      client,
    );
    expect(await clientOf(await say(port, PROXY, head, ASK('/v2/')))).toBe(client);
    expect(await clientOf(await say(gateway.plain.port, PROXY, head, ASK('/x')))).toBe(client);
  });

  test('also when it comes in small pieces', async () => {
    const pieces = [...BLOCK].map((byte) => Buffer.of(byte));
    expect(await clientOf(await say(gateway.connector('hosted').port, PROXY, ...pieces, ASK('/v2/')))).toBe(
      '198.51.100.8',
    );
  });

  test('for every request of the connection', async () => {
    const socket = net.connect({ host: PROXY, port: gateway.connector('hosted').port, localAddress: PROXY });
    socket.write(Buffer.concat([LINE, Buffer.from('GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n')]));
    const [first] = (await once(socket, 'data')) as [Buffer];
    socket.write(ASK('/v2/'));
    const second = await buffer(socket);
    for (const reply of [first, second])
      expect(await clientOf(reply.toString('latin1'))).toBe('198.51.100.7');
  });
});

test('the client behind a proxy is not trusted itself: what it forges is not believed', async () => {
  const forged = 'X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: http\r\n';
  const reply = await saySecurely(PROXY, LINE, ASK('/v2/', forged));
  expect(await clientOf(reply)).toBe('198.51.100.7');
  expect(reply).toContain('realm="https://localhost/v2/token"');
});

test('what only this machine may see is not shown to those for whom a proxy on it speaks', async () => {
  expect(await saySecurely(PROXY, LINE, ASK('/metrics'))).toMatch(/^HTTP\/1.1 401 /);
  expect(await saySecurely(PROXY, LOCAL, ASK('/metrics'))).toMatch(/^HTTP\/1.1 200 /);
});

describe('who may not, must not, and who must, must', () => {
  test('others speak without a header', async () => {
    expect(await clientOf(await saySecurely(STRANGER, Buffer.alloc(0), ASK('/v2/')))).toBe(STRANGER);
    expect(await clientOf(await say(gateway.connector('hosted').port, STRANGER, ASK('/v2/')))).toBe(STRANGER);
  });

  test('a header of others is no HTTP and no TLS', async () => {
    const { port } = gateway.connector('hosted');
    expect(await say(port, STRANGER, LINE, ASK('/v2/'))).toMatch(/^HTTP\/1.1 400 /);
    await expect(saySecurely(STRANGER, LINE, ASK('/v2/'))).rejects.toThrow();
  });

  test('a trusted proxy without one is refused, and the log says so', async () => {
    const before = gateway.entries.length;
    expect(await say(gateway.connector('hosted').port, PROXY, ASK('/v2/'))).toBe('');
    const refused = gateway.entries.slice(before).filter(({ message }) => message === 'connection refused');
    expect(refused).toMatchObject([{ peer: PROXY, reason: 'it did not begin with a PROXY header' }]);
  });

  test('who only looks whether the port is open leaves no word', async () => {
    const before = gateway.entries.length;
    for (const bytes of [Buffer.alloc(0), LINE.subarray(0, 9)]) {
      const socket = net.connect({
        host: PROXY,
        port: gateway.connector('hosted').port,
        localAddress: PROXY,
      });
      socket.end(bytes);
      await once(socket.resume(), 'close');
    }
    expect(gateway.entries.slice(before)).toEqual([]);
  });
});

test('a blob behind a header comes whole, by TLS and without', async () => {
  const name = 'team/large';
  const plain = { ...gateway.connector('hosted') };
  const upstairs = { ...gateway, place: { ...place, connect: introduced } };
  const { layers } = await seedImage(upstairs, name, '1', { layers: [5_000_000] });
  const [layer] = layers;
  const authorization = `Basic ${Buffer.from(`admin:${gateway.admin.password}`).toString('base64')}\r\n`;
  const words = ASK(`/v2/${name}/blobs/${layer?.digest ?? ''}`, `Authorization: ${authorization}`);
  for (const reply of [
    await saySecurely(PROXY, BLOCK, words),
    await say(plain.port, PROXY, Buffer.concat([BLOCK, Buffer.from(words)])),
  ]) {
    expect(reply.slice(reply.indexOf('\r\n\r\n') + 4)).toHaveLength(layer?.bytes.length ?? 0);
  }
});

async function introduced(_host: string, port: number): Promise<net.Socket> {
  const socket = net.connect({ host: PROXY, port, localAddress: PROXY });
  await once(socket, 'connect');
  socket.write(LINE);
  return socket;
}

describe('a proxy that never comes to the end of its header', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is cut off in time, however slowly it goes on', async () => {
    const refused: string[] = [];
    const server = net.createServer();
    acceptHeaders(server, { isTrusted: () => true, onRefused: (_, reason) => refused.push(reason) });
    server.listen(0, PROXY);
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const accepted = once(server, 'connection');
    const socket = net.connect(port, PROXY).on('error', () => undefined);
    const closed = once(socket.resume(), 'close');
    await accepted;
    socket.write(LINE.subarray(0, 10));
    vi.advanceTimersByTime(9_999);
    expect(refused).toEqual([]);
    vi.advanceTimersByTime(1);
    await closed;
    expect(refused).toEqual(['it sent no PROXY header in time']);
    await new Promise((done) => server.close(done));
  });
});
