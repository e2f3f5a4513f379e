import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../support/forwarding.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { seedImage } from '../support/seed-image.ts';

let place: Place;
let gateway: LocalGateway;

beforeAll(async () => {
  place = await createLoopback();
  gateway = await startLocalGateway(place, {
    hosts: {
      localhost: { read: 'hosted', write: 'hosted', web: true },
      'page.test': { web: true },
    },
    repositories: { hosted: { type: 'hosted' } },
    connectors: { [await freePort()]: { repository: 'hosted' } },
  });
});
afterAll(async () => {
  await gateway.stop();
  await place.close();
});

describe('TLS', () => {
  const greet = async (options: tls.ConnectionOptions): Promise<unknown[]> => {
    const { port, ca = '' } = gateway;
    const socket = tls.connect({ host: 'localhost', servername: 'localhost', port, ca, ...options });
    await once(socket, 'secureConnect');
    const facts = [socket.authorized, socket.getProtocol(), socket.alpnProtocol];
    socket.destroy();
    return facts;
  };

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken', async (version) => {
    expect(await greet({ minVersion: version, maxVersion: version })).toEqual([true, version, false]);
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    // OpenSSL itself offers it at its lowest level only.
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(greet(old)).rejects.toThrow(/protocol version/);
  });

  test('HTTP/1.1 is what is agreed on, and nothing else', async () => {
    expect(await greet({ ALPNProtocols: ['h2', 'http/1.1'] })).toEqual([true, 'TLSv1.3', 'http/1.1']);
    await expect(greet({ ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/);
  });
});

describe('the plain port', () => {
  test.each([
    ['GET', '/', 'localhost', '/'],
    ['GET', '/v2/x/manifests/1?a=b&c=%20', 'localhost:80', '/v2/x/manifests/1?a=b&c=%20'],
    ['POST', '/v2/x/blobs/uploads/', 'page.test', '/v2/x/blobs/uploads/'],
    ['PUT', '/', '[::1]:8080', '/'],
    ['GET', '//evil.test/', 'localhost', '//evil.test/'],
  ])('sends %s %s of %s to HTTPS, with its method', async (method, path, host, target) => {
    const { plain, port } = gateway;
    const reply = await plain.ask(`${plain.url}${path}`, { method, headers: { host } });
    expect(reply.status).toBe(308);
    expect(reply.headers.location).toBe(`https://${host.replace(/:\d+$/, '')}:${port}${target}`);
  });

  test('hands out the authority, as HTTPS does', async () => {
    for (const port of [gateway.plain, gateway]) {
      const { status, headers, body } = await port.ask('/ca.crt');
      expect([status, body.toString()]).toEqual([200, gateway.ca]);
      expect(headers['content-disposition']).toContain('ca.crt');
    }
  });

  test('is in the log like every other', async () => {
    const reply = await gateway.plain.ask('/v2/', { headers: { host: 'page.test' } });
    expect(await gateway.logged(reply)).toMatchObject({ host: 'page.test', path: '/v2/', status: 308 });
  });
});

/** The status line and the JSON of a reply as it came over the wire. */
function read(raw: string): { status: number; json: unknown; head: string } {
  const [head = '', body = ''] = raw.split('\r\n\r\n', 2);
  expect(head).toMatch(/^content-type: application\/json/im);
  return { status: Number(head.split(' ')[1]), json: JSON.parse(body), head };
}

const inJson = {
  errors: [{ code: expect.stringMatching(/^[A-Z_]+$/) as string, message: expect.any(String) as string }],
};

describe('what is no good request is told so in JSON', () => {
  const close = 'Connection: close\r\n\r\n';
  const cases = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['an unknown method', `BREW /v2/ HTTP/1.1\r\nHost: localhost\r\n${close}`, 400],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a space in the path', `GET /v2/ x HTTP/1.1\r\nHost: localhost\r\n${close}`, 400],
    [
      'too large headers',
      `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n${close}`,
      431,
    ],
    [
      'two lengths',
      `PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n${close}`,
      400,
    ],
    [
      'a length and chunks',
      `PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n${close}`,
      400,
    ],
    ['no Host', `GET /v2/ HTTP/1.1\r\n${close}`, 400],
    ['no Host, by HTTP/1.0', `GET /v2/ HTTP/1.0\r\n${close}`, 400],
    ['a malformed Host', `GET /v2/ HTTP/1.1\r\nHost: a b\r\n${close}`, 400],
    ['a Host that no URL can have', `GET / HTTP/1.1\r\nHost: 1.2.3.4.5\r\n${close}`, 400],
  ] as const;

  test.each(cases)('%s', async (_, bytes, status) => {
    const reply = read(await sendRaw(gateway.connector('hosted').port, bytes));
    expect(reply).toMatchObject({ status, json: inJson });
    // On the port that redirects, too.
    expect(read(await sendRaw(gateway.plain.port, bytes))).toMatchObject({ status, json: inJson });
  });

  test('an expectation that nobody has heard of is left aside', async () => {
    const bytes = `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nExpect: 200-maybe\r\n${close}`;
    const reply = read(await sendRaw(gateway.connector('hosted').port, bytes));
    expect(reply).toMatchObject({ status: 401, json: inJson });
  });

  test('an absolute URL means the same as its path', async () => {
    const bytes = `GET http://localhost/v2/ HTTP/1.1\r\nHost: localhost\r\n${close}`;
    const reply = read(await sendRaw(gateway.connector('hosted').port, bytes));
    expect(reply).toMatchObject({ status: 401, json: inJson });
  });

  test('what breaks off in the middle of an answer is not put into that answer', async () => {
    const { layers } = await seedImage(gateway, 'team/large', '1', { layers: [30_000_000] });
    const connector = gateway.connector('hosted');
    const authorization = await connector.token(['repository:team/large:pull']);
    const socket = net.connect(connector.port, 'localhost').on('error', () => undefined);
    socket.write(
      `GET /v2/team/large/blobs/${layers[0]?.digest ?? ''} HTTP/1.1\r\n` +
        `Host: localhost\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    const [begun] = (await once(socket, 'data')) as [Buffer];
    socket.pause().write('hello\r\n\r\n');
    const pieces = [begun];
    socket.on('data', (piece: Buffer) => pieces.push(piece)).resume();
    await once(socket, 'close');
    const raw = Buffer.concat(pieces).toString('latin1');
    expect(raw).toMatch(/^HTTP\/1\.1 200 /);
    expect(raw).not.toContain('malformed HTTP request');
  });
});

describe('where there is nothing, JSON says so', () => {
  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/v3', 404],
    ['GET', '/v2x/', 404],
    ['GET', '/%ff', 404],
    ['GET', '/..%2f..%2fetc/passwd', 404],
    ['POST', '/', 404],
    ['DELETE', '/healthz', 404],
    ['PUT', '/ca.crt', 404],
    ['OPTIONS', '/', 404],
    ['GET', '/v2/foo', 404],
    ['GET', '/v2/x/manifests', 404],
    ['GET', '/v2/x/manifests/', 404],
    ['GET', '/v1/repositories', 404],
    ['GET', '/v1', 404],
    ['GET', '/v2?x', 401],
    ['GET', '/v2/UPPER/manifests/1', 400],
    ['GET', '/v2/%ff/manifests/1', 400],
    ['POST', '/v2/', 405],
    ['PUT', '/v2/_catalog', 405],
    ['DELETE', '/v2/token', 405],
    ['PATCH', '/v2/x/manifests/1', 405],
    ['GET', '/v2/x/blobs/uploads/', 405],
    ['POST', '/v1/search', 405],
  ])('%s %s: %i', async (method, path, status) => {
    const reply = await gateway.ask(`${gateway.url}${path}`, { method });
    expect([reply.status, reply.headers['content-type']?.split(';')[0]]).toEqual([
      status,
      'application/json',
    ]);
    expect(JSON.parse(reply.body.toString())).toMatchObject(inJson);
    if (status === 405) expect(reply.headers.allow).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  });

  test('also at a host that has the page only', async () => {
    const headers = { host: 'page.test' };
    expect((await gateway.ask('/', { headers })).headers['content-type']).toContain('text/html');
    for (const path of ['/v2/', '/v2/x/manifests/1', '/v1/_ping'])
      expect(JSON.parse((await gateway.ask(path, { headers })).body.toString())).toMatchObject(inJson);
  });

  test('at a connector, which has no page', async () => {
    expect((await gateway.connector('hosted').ask('/healthz')).status).toBe(200);
  });
});

/** Sends all before anything is read, as some clients do; gives what went wrong, then and later. */
async function sendAll(
  socket: net.Socket,
  pieces: readonly (string | Buffer)[],
): Promise<readonly unknown[]> {
  const faults: unknown[] = [];
  socket.on('error', (fault) => faults.push(fault));
  for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
  return faults;
}

async function firstReply(socket: net.Socket): Promise<unknown> {
  const [reply] = (await once(socket, 'data')) as [Buffer];
  return read(reply.toString());
}

describe('a body', () => {
  const put = (session: string, headers: http.OutgoingHttpHeaders): http.ClientRequest =>
    http.request({
      port: gateway.connector('hosted').port,
      path: session,
      method: 'PATCH',
      agent: false,
      headers,
    });

  test('is asked for when its sender may send it', async () => {
    const connector = gateway.connector('hosted');
    const authorization = await connector.token(['repository:team/x:pull,push']);
    const begun = await connector.ask('/v2/team/x/blobs/uploads/', {
      method: 'POST',
      headers: { authorization },
    });
    const sent = put(begun.headers.location ?? '', { authorization, expect: '100-continue' });
    let asked = false;
    sent.once('continue', () => {
      asked = true;
      sent.end('12345');
    });
    sent.flushHeaders();
    const [reply] = (await once(sent, 'response')) as [http.IncomingMessage];
    reply.resume();
    expect([asked, reply.statusCode, reply.headers.range]).toEqual([true, 202, '0-4']);
  });

  test('is not asked for when its sender may not', async () => {
    const sent = put('/v2/team/x/blobs/uploads/1', { expect: '100-continue', 'content-length': 10_000_000 });
    let asked = false;
    sent.once('continue', () => (asked = true));
    sent.flushHeaders();
    const [reply] = (await once(sent, 'response')) as [http.IncomingMessage];
    expect(JSON.parse((await buffer(reply)).toString())).toMatchObject(inJson);
    // It may or may not send its body now: this connection cannot be used again.
    expect([asked, reply.statusCode, reply.headers.connection]).toEqual([false, 401, 'close']);
    sent.destroy();
  });

  test('of a token request is asked for', async () => {
    const form = 'grant_type=password&username=admin&password=x';
    const options = {
      port: gateway.connector('hosted').port,
      path: '/v2/token',
      method: 'POST',
      agent: false,
    };
    const sent = http.request({ ...options, headers: { expect: '100-continue' } });
    sent.once('continue', () => sent.end(form));
    sent.flushHeaders();
    const [reply] = (await once(sent, 'response')) as [http.IncomingMessage];
    reply.resume();
    expect(reply.statusCode).toBe(401);
  });

  test.each([
    ['http', 'keep-alive'],
    ['http', 'close'],
    ['https', 'keep-alive'],
    ['https', 'close'],
  ])('that is refused early is read on, so that the refusal is read: %s, %s', async (scheme, connection) => {
    const target = scheme === 'http' ? gateway.connector('hosted') : gateway;
    const trust = { servername: 'localhost', ca: gateway.ca ?? '' };
    const plain = await place.connect('localhost', target.port);
    const socket = scheme === 'http' ? plain : tls.connect({ socket: plain, ...trust });
    const size = 20_000_000;
    const head =
      `PATCH /v2/team/x/blobs/uploads/1 HTTP/1.1\r\nHost: localhost\r\n` +
      `Content-Length: ${size}\r\nConnection: ${connection}\r\n\r\n`;
    const faults = await sendAll(socket, [head, Buffer.alloc(size)]);
    expect([await firstReply(socket), faults]).toMatchObject([{ status: 401, json: inJson }, []]);
    socket.destroy();
  });
});

test.each(['Content-Length: 20000000', 'Transfer-Encoding: chunked'])(
  'a manifest over the limit, sent with %s, is refused in JSON',
  async (length) => {
    const connector = gateway.connector('hosted');
    const authorization = await connector.token(['repository:team/x:pull,push']);
    const socket = await place.connect('localhost', connector.port);
    const head = `PUT /v2/team/x/manifests/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n`;
    const bytes = Buffer.alloc(20_000_000);
    const chunked = [`${bytes.length.toString(16)}\r\n`, bytes, '\r\n0\r\n\r\n'];
    const body = length.startsWith('Content') ? [bytes] : chunked;
    const faults = await sendAll(socket, [`${head}${length}\r\n\r\n`, ...body]);
    expect([await firstReply(socket), faults]).toMatchObject([{ status: 413, json: inJson }, []]);
    socket.destroy();
  },
);

describe('/readyz', () => {
  const statusOf = async (): Promise<unknown> => {
    const { status, body } = await gateway.ask('/readyz');
    return [status, (JSON.parse(body.toString()) as { status: string }).status];
  };

  test('says when blobs cannot be stored, and when they can again', async () => {
    expect(await statusOf()).toEqual([200, 'ready']);
    const incoming = join(gateway.data, 'blobs', 'incoming');
    await rename(incoming, `${incoming}-away`);
    await writeFile(incoming, 'a file where the folder was');
    try {
      expect(await statusOf()).toEqual([503, 'not ready']);
      expect((await gateway.ask('/healthz')).status).toBe(200);
    } finally {
      await rm(incoming);
      await rename(`${incoming}-away`, incoming);
    }
    expect(await statusOf()).toEqual([200, 'ready']);
    expect(gateway.entries).toContainEqual(expect.objectContaining({ message: 'not ready' }));
  });
});

test('the authority that is handed out is the file', async () => {
  expect(await readFile(join(gateway.data, 'certs', 'ca.crt'), 'utf8')).toBe(gateway.ca);
});
