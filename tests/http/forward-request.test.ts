import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../support/authority.ts';
import { client, send, sendRaw, startBackend, startFront } from '../support/forwarding.ts';
import { startBareProxy } from '../support/bare-proxy.ts';
import { createLoopback, type Place } from '../support/place.ts';

describe('the path', () => {
  const odd = '/v2//a/%2F%7e/..%2f/b;c/./tags/list?n=1&&last=a%20b?//x=//';

  test('arrives byte for byte, behind the base path', async () => {
    const backend = await startBackend((_, res) => res.end());
    await send((await startFront(backend.address)).port, odd);
    await send((await startFront(new URL('/repository/docker/', backend.address))).port, odd);
    expect(backend.seen.map(({ url }) => url)).toEqual([odd, `/repository/docker${odd}`]);
  });

  test('of an absolute request target is passed on alone', async () => {
    const backend = await startBackend((_, res) => res.end());
    const { port } = await startFront(new URL('/base', backend.address));
    await send(port, 'http://old.example:80/v2//x?y');
    await send(port, 'http://old.example?y');
    await send(port, '*', { method: 'OPTIONS' });
    expect(backend.seen.map(({ url }) => url)).toEqual(['/base/v2//x?y', '/base/?y', '*']);
  });

  test('is changed by the bare library', async () => {
    const backend = await startBackend((_, res) => res.end());
    await send((await startBareProxy(backend.address)).port, odd);
    expect(backend.seen[0]?.url).not.toBe(odd);
  });
});

describe('request fields', () => {
  const sent = {
    host: 'spoofed.example',
    authorization: 'Bearer abc',
    accept: 'a, b',
    'x-own': 'kept',
    'x-listed': 'dropped',
    connection: 'close, X-Listed, Content-Length, Host',
    'keep-alive': 'timeout=9',
    te: 'trailers',
    'proxy-authorization': 'Basic secret',
    'proxy-connection': 'keep-alive',
    forwarded: 'for=1.2.3.4;host=evil.example',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-port': '81',
    'x-forwarded-proto': 'gopher',
    'x-real-ip': '1.2.3.4',
  };

  test('are those of the client without what concerns its connection, and with what we know of it', async () => {
    const backend = await startBackend((_, res) => res.end());
    const { port } = await startFront(backend.address, { origin: 'https://old.example:8443' });
    await send(port, '/v2/', { headers: sent });
    expect(backend.seen[0]?.headers).toEqual({
      host: 'old.example:8443',
      authorization: 'Bearer abc',
      accept: 'a, b',
      'x-own': 'kept',
      'x-forwarded-for': client,
      'x-forwarded-host': 'old.example:8443',
      'x-forwarded-proto': 'https',
      connection: 'keep-alive',
    });
  });

  test('pass through the bare library', async () => {
    const backend = await startBackend((_, res) => res.end());
    await send((await startBareProxy(backend.address)).port, '/v2/', { headers: sent });
    expect(backend.seen[0]?.headers).toMatchObject({ 'proxy-authorization': 'Basic secret', te: 'trailers' });
  });

  test('are still as the client sent them for whoever writes the log', async () => {
    const backend = await startBackend((_, res) => res.end());
    const { port, requests } = await startFront(backend.address);
    await send(port, '/v2/', { headers: sent });
    expect(requests[0]?.headers).toMatchObject({ host: 'spoofed.example', 'x-real-ip': '1.2.3.4' });
  });
});

describe('the body', () => {
  const echo: http.RequestListener = (req, res) => {
    void buffer(req).then((body) => res.end(`${req.method ?? ''} ${body.toString()}`));
  };
  const chunked = '5\r\nhello\r\n0\r\n\r\n';

  test.each(['GET', 'DELETE', 'OPTIONS', 'PUT', 'PATCH', 'POST'])(
    'of a chunked %s is chunked',
    async (method) => {
      const backend = await startBackend(echo);
      const { port } = await startFront(backend.address);
      const head = `${method} /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
      expect(await sendRaw(port, head + chunked)).toContain(`${method} hello`);
      expect(backend.seen).toHaveLength(1);
    },
  );

  test('of a counted one keeps its count, also when Connection names the count', async () => {
    const backend = await startBackend(echo);
    const { port } = await startFront(backend.address);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const head = `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close, content-length\r\nContent-Length: 5\r\n\r\n`;
      expect(await sendRaw(port, `${head}hello`)).toContain(`${method} hello`);
    }
    expect(backend.seen.map(({ headers }) => headers['content-length'])).toEqual(['5', '5', '5']);
  });

  // The body of one client's DELETE is the next request on a connection that other clients use.
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';
  const smuggle =
    'DELETE /v2/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
    `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n` +
    'GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

  test('of a DELETE does not become a request', async () => {
    const backend = await startBackend(echo);
    const { port } = await startFront(backend.address);
    expect(await sendRaw(port, smuggle)).toContain('DELETE GET /hidden');
    expect(backend.seen.map(({ url }) => url)).toEqual(['/v2/a', '/after']);
  });

  test('of a DELETE becomes a request in the bare library', async () => {
    const backend = await startBackend(echo);
    const { port } = await startBareProxy(backend.address, { agent: new http.Agent({ keepAlive: true }) });
    await sendRaw(port, smuggle);
    expect(backend.seen.map(({ url }) => url)).toContain('/hidden');
  });

  test('is asked for when the client waits to be asked', async () => {
    const backend = await startBackend(echo);
    const { port } = await startFront(backend.address);
    const sent = http.request({ port, method: 'PUT', agent: false, headers: { expect: '100-continue' } });
    sent.once('continue', () => sent.end('late'));
    sent.flushHeaders();
    const text = await new Promise<string>((resolve, reject) => {
      sent.once('error', reject).once('response', (reply) => {
        buffer(reply).then((body) => {
          resolve(body.toString());
        }, reject);
      });
    });
    expect(text).toBe('PUT late');
    expect(backend.seen[0]?.headers.expect).toBeUndefined();
  });
});

describe('connections', () => {
  test('to the backend are kept, whether or not the client keeps its own', async () => {
    const backend = await startBackend((_, res) => res.end('ok'));
    const { port } = await startFront(backend.address);
    for (let count = 0; count < 3; count += 1) await send(port, '/', { headers: { connection: 'close' } });
    expect([backend.seen.length, backend.connections()]).toEqual([3, 1]);
  });

  test('of the client are kept or ended as it asked, whatever the backend does', async () => {
    const backend = await startBackend((_, res) => res.setHeader('connection', 'close').end('ok'));
    const { port } = await startFront(backend.address);
    const asking = (connection: string): string =>
      `GET / HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`;
    const both = await sendRaw(port, asking('keep-alive') + asking('close'));
    expect(both.match(/^Connection: .*/gim)).toEqual(['Connection: keep-alive', 'Connection: close']);
  });

  test('say which server they want by its own name, not by the public one', async () => {
    const names: (string | false | null)[] = [];
    const { cert, key } = pair;
    const backend = await startBackend((_, res) => res.end('ok'), { cert, key });
    backend.server.on('secureConnection', ({ servername }: { servername: string | false }) =>
      names.push(servername),
    );
    const address = new URL(`https://localhost:${backend.address.port}`);
    const trusting = await startFront(address, {}, { ca: authority.ca });
    expect(await send(trusting.port, '/')).toMatchObject({ status: 200, text: 'ok' });
    expect(names).toEqual(['localhost']);
    const byAddress = await startFront(backend.address, {}, { ca: authority.ca });
    expect(await send(byAddress.port, '/')).toMatchObject({ status: 200 });
    const strict = await startFront(address);
    expect(await send(strict.port, '/v2/')).toMatchObject({ status: 502 });
    expect(strict.facts[0]?.fault).toContain('certificate');
  });

  test('ask for the public name in the bare library', async () => {
    const { cert, key } = pair;
    const backend = await startBackend((_, res) => res.end('ok'), { cert, key });
    const agent = new https.Agent({ ca: authority.ca });
    const bare = await startBareProxy(new URL(`https://localhost:${backend.address.port}`), { agent });
    await send(bare.port, '/', { headers: { host: 'old.example' } });
    expect(bare.faults[0]?.message).toContain('old.example');
  });

  let place: Place;
  let authority: Authority;
  let pair: { cert: string; key: string };
  beforeAll(async () => {
    place = await createLoopback();
    authority = await createAuthority(place);
    const files = await authority.issue('localhost', '127.0.0.1');
    pair = { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') };
  });
  afterAll(async () => {
    await place.close();
  });
});

describe('the deprecated function that the library uses', () => {
  const run = async (script: string): Promise<string> => {
    const folder = new URL('../../', import.meta.url);
    const arguments_ = ['--input-type=module', '--eval', script];
    return (await promisify(execFile)(process.execPath, arguments_, { cwd: folder })).stderr;
  };
  const use = `library.createProxyServer({}).web({ headers: {}, url: '/' }, {}, {}, () => {})`;

  test('warns in the bare library', async () => {
    expect(await run(`import library from 'http-proxy'; try { ${use} } catch {}`)).toContain('DEP0060');
  });

  test('is replaced for the library, and for nobody else', async () => {
    const own = `import * as library from './gateway/forward/library.ts'; try { ${use} } catch {}`;
    expect(await run(own)).not.toContain('DEP0060');
    expect(await run(`${own}; (await import('node:util'))._extend({}, {})`)).toContain('DEP0060');
  });
});
