import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBareProxy } from '../support/bare-proxy.ts';
import { send, sendRaw, startBackend, startFront, startRawBackend } from '../support/forwarding.ts';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';

// What else http-proxy gets wrong by itself is shown beside what it concerns, in the other forward-*.test.ts.

describe('Expect: 100-continue', () => {
  const upload = (port: number): Promise<string> =>
    sendRaw(
      port,
      'PUT //v2/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );

  test('is answered here, and the request goes as any other', async () => {
    const backend = await startBackend((_, res) => res.end('done'));
    const front = await startFront(backend.address);
    expect(await upload(front.port)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(backend.seen.map(({ url, headers }) => [url, headers.expect])).toEqual([['//v2/x', undefined]]);
  });

  test('goes to the backend through the bare library, which then lets nobody change the request', async () => {
    const backend = await startBackend((_, res) => res.end('done'));
    const proxy = await startBareProxy(backend.address);
    await upload(proxy.port);
    expect(backend.seen.map(({ url, headers }) => [url, headers.expect])).toEqual([
      ['/v2/x', '100-continue'],
    ]);
  });

  test('of a request behind another one is not answered in the middle of that one', async () => {
    const backend = await startBackend((req, res) => {
      res.writeHead(200, { 'content-length': 6 });
      res.write('abc');
      setTimeout(() => res.end('def'), req.method === 'GET' ? 300 : 0);
    });
    const front = await startFront(backend.address);
    const said = await sendRaw(
      front.port,
      'GET /first HTTP/1.1\r\nHost: a\r\n\r\n' +
        'PUT /second HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*?\r\n\r\nabcdefHTTP\/1\.1 (?:100|200) /);
    // A body that is here already need not be asked for.
    expect(said.slice(0, said.indexOf('abcdef'))).not.toContain('100 Continue');
  });
});

describe('a backend that ends its connection', () => {
  /** Two requests of one client that keeps its connection; gives how many connections it took. */
  const connections = async (port: number): Promise<number> => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const used = new Set<unknown>();
    for (let turn = 0; turn < 2; turn += 1) {
      const sent = http.get({ host: '127.0.0.1', port, path: '/', agent });
      const [reply] = (await once(sent, 'response')) as [http.IncomingMessage];
      used.add(`${reply.socket.localPort ?? 0}`);
      reply.resume();
      await once(reply, 'end');
      await new Promise((done) => setImmediate(done));
    }
    agent.destroy();
    return used.size;
  };
  const ending = () =>
    startBackend((_, res) => res.writeHead(200, { connection: 'close', 'content-length': 2 }).end('ok'));

  test('leaves that of the client open', async () => {
    const front = await startFront((await ending()).address);
    expect(await connections(front.port)).toBe(1);
  });

  test('ends that of the client in the bare library', async () => {
    const proxy = await startBareProxy((await ending()).address);
    expect(await connections(proxy.port)).toBe(2);
  });
});

describe('a backend that closes a kept connection just as it is used', () => {
  const backend = () =>
    startRawBackend((socket) => {
      let count = 0;
      socket.on('data', () => {
        count += 1;
        if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.destroy();
      });
    });

  test('is asked once more what changes nothing', async () => {
    const front = await startFront(await backend());
    for (const path of ['/1', '/2', '/3']) expect((await send(front.port, path)).status).toBe(200);
  });

  test('is not asked a second time what may have had its effect', async () => {
    const front = await startFront(await backend());
    const post = () => send(front.port, '/', { method: 'POST', body: 'x', headers: { 'content-length': 1 } });
    expect([(await post()).status, (await post()).status]).toEqual([200, 502]);
  });
});

describe('through a forwarded host', () => {
  let place: Place;
  let gateway: LocalGateway;
  let backend: http.Server;
  const seen: string[] = [];

  beforeAll(async () => {
    place = await createLoopback();
    backend = http.createServer((req, res) => {
      seen.push(`${req.method ?? ''} ${req.url ?? ''}`);
      req.resume();
      if (req.url === '/events') {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write('data: 1\n\n');
        return;
      }
      req.once('end', () => res.end(JSON.stringify(req.headers)));
    });
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    gateway = await startLocalGateway(place, {
      hosts: {
        localhost: { forward: `http://127.0.0.1:${(backend.address() as AddressInfo).port}` },
      },
      repositories: { 'docker-hosted': { type: 'hosted' } },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    backend.closeAllConnections();
    backend.close();
    await place.close();
  });

  const connect = async (): Promise<tls.TLSSocket> => {
    const trust = gateway.ca === undefined ? {} : { ca: gateway.ca };
    const socket = tls.connect({ host: '127.0.0.1', port: gateway.port, servername: 'localhost', ...trust });
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    return socket;
  };
  const raw = async (text: string): Promise<string> => {
    const socket = await connect();
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part)).write(text, 'latin1');
    await once(socket, 'close');
    return Buffer.concat(parts).toString('latin1');
  };
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';

  test.each([
    ['a length beside chunks', `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks beside a length', `Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`],
    ['two lengths', `Content-Length: 2\r\nContent-Length: 44\r\n\r\nok${smuggled}`],
    ['a list of lengths', `Content-Length: 2, 44\r\n\r\nok${smuggled}`],
    ['a folded field', `X-A: b\r\n Content-Length: 2\r\n\r\nok${smuggled}`],
    ['a folded length', `Content-Length:\r\n 2\r\n\r\nok${smuggled}`],
    ['a space before a colon', `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['an unknown coding', `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks that are not last', `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a bare line feed in a chunk size', `Transfer-Encoding: chunked\r\n\r\n0\n\n${smuggled}`],
  ])('a request with %s is refused, and nothing of it is passed on', async (_, rest) => {
    seen.length = 0;
    const said = await raw(`POST /first HTTP/1.1\r\nHost: localhost\r\n${rest}`);
    expect(said).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(said.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(seen.filter((each) => each.includes('smuggled'))).toEqual([]);
  });

  test('events come as they happen', async () => {
    const socket = await connect();
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let said = '';
    socket.on('data', (part: Buffer) => (said += part.toString()));
    await expect.poll(() => said, { timeout: 20_000 }).toContain('data: 1\n\n');
    socket.destroy();
  });

  test('the backend learns who asks for what, and not what the client says of itself', async () => {
    const said = await raw(
      'GET /who HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.9.9\r\nX-Forwarded-Proto: http\r\n' +
        'X-Real-IP: 10.9.9.9\r\nForwarded: for=10.9.9.9\r\nConnection: close\r\n\r\n',
    );
    const headers = JSON.parse(said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1)) as Record<
      string,
      string
    >;
    expect(headers).toMatchObject({
      host: 'localhost',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'localhost',
      'x-forwarded-proto': 'https',
    });
    expect(JSON.stringify(headers)).not.toContain('10.9.9.9');
  });

  test('a body of any size passes', async () => {
    const body = Buffer.alloc(20_000_000, 'x');
    const reply = await gateway.ask('/large', { method: 'POST', body });
    expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([
      200,
      { 'content-length': String(body.length) },
    ]);
  });
});
