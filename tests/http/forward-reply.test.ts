import { createHash } from 'node:crypto';
import http from 'node:http';
import { describe, expect, test } from 'vitest';
import { startBareProxy } from '../support/bare-proxy.ts';
import {
  origin,
  send,
  sendRaw,
  startBackend,
  startFront,
  startRawBackend,
  eventually,
} from '../support/forwarding.ts';

const digest = `sha256:${createHash('sha256').update('x').digest('hex')}`;

describe('reply fields', () => {
  const fields = [
    ['Docker-Content-Digest', digest],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['Connection', 'X-Listed'],
    ['X-Listed', 'dropped'],
    ['Keep-Alive', 'timeout=1234'],
    ['Proxy-Authenticate', 'Basic realm="x"'],
    ['Upgrade', 'h2c'],
    ['Content-Length', '2'],
  ].flat();

  test('are those of the backend, in its spelling, without what concerns its connection', async () => {
    const backend = await startBackend((_, res) => res.writeHead(201, fields).end('ok'));
    const { port } = await startFront(backend.address);
    const text = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 201 /);
    expect(text).toContain(`\r\nDocker-Content-Digest: ${digest}\r\n`);
    expect(text).toContain('\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
    expect(text).not.toMatch(/x-listed|1234|proxy-|upgrade|transfer-encoding/i);
    expect(text).toMatch(/\r\n\r\nok$/);
  });

  test('of one connection pass through the bare library', async () => {
    const backend = await startBackend((_, res) => res.writeHead(201, fields).end('ok'));
    const { headers } = await send((await startBareProxy(backend.address)).port, '/');
    expect(headers).toMatchObject({ 'x-listed': 'dropped', 'proxy-authenticate': 'Basic realm="x"' });
  });

  test('of HEAD and 304 keep the length of what they do not send', async () => {
    const backend = await startBackend((req, res) => {
      res.writeHead(req.method === 'HEAD' ? 200 : 304, { 'content-length': 1234, etag: '"e"' }).end();
    });
    const { port } = await startFront(backend.address);
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 304],
    ] as const) {
      const reply = await send(port, '/v2/x/blobs/y', { method });
      expect(reply).toMatchObject({ status, text: '', headers: { 'content-length': '1234', etag: '"e"' } });
    }
  });

  test('come before the first byte of the body', async () => {
    const backend = await startBackend((_, res) => {
      res.flushHeaders();
    });
    const { port } = await startFront(backend.address);
    const sent = http.request({ port, agent: false }).end();
    const status = await new Promise((resolve) =>
      sent.once('response', (reply) => {
        resolve(reply.statusCode);
      }),
    );
    expect(status).toBe(200);
    sent.destroy();
  });

  test('reach a client of HTTP/1.0, whose body ends with the connection', async () => {
    const backend = await startBackend((_, res) => {
      res.write('chun');
      res.end('ked');
    });
    const text = await sendRaw((await startFront(backend.address)).port, 'GET / HTTP/1.0\r\n\r\n');
    expect(text).toMatch(/\r\n\r\nchunked$/);
    expect(text).not.toMatch(/transfer-encoding/i);
  });
});

describe('addresses in a reply', () => {
  /** What a backend at `base` sends as the field, `B` being its own scheme, host and port; and what arrives. */
  async function pass(
    field: string,
    value: string,
    how: { base?: string; rewriteLocations?: boolean } = {},
  ): Promise<unknown> {
    const backend = await startBackend((_, res) => {
      const text = value.replaceAll('BACKEND', backend.address.host);
      res.writeHead(202, { [field]: text }).end();
    });
    const { rewriteLocations = true, base = '/' } = how;
    const { port } = await startFront(new URL(base, backend.address), { rewriteLocations });
    const { headers } = await send(port, '/v2/a/blobs/uploads/', { method: 'POST' });
    return typeof headers[field] === 'string'
      ? headers[field].replaceAll(backend.address.host, 'BACKEND')
      : headers[field];
  }

  test.each([
    ['http://BACKEND/v2/a/blobs/uploads/1?_state=x%3D', '/v2/a/blobs/uploads/1?_state=x%3D'],
    ['https://BACKEND/v2/a', '/v2/a'],
    ['//BACKEND/v2/a', '/v2/a'],
    ['http://old.example/v2/a', '/v2/a'],
    ['https://old.example:443/v2/a', '/v2/a'],
    ['https://OLD.example', '/'],
    ['https://old.example?x', '/?x'],
    ['/v2/a', '/v2/a'],
    ['uploads/1', 'uploads/1'],
    ['http://BACKEND//v2/a', `${origin}//v2/a`],
    ['http://127.0.0.1:1/bucket/x', 'http://127.0.0.1:1/bucket/x'],
    ['https://cdn.example/x?u=http://BACKEND/', 'https://cdn.example/x?u=http://BACKEND/'],
    ['https://old.example:9000/bucket', 'https://old.example:9000/bucket'],
    ['https://old.example.evil/x', 'https://old.example.evil/x'],
  ])('Location %s becomes %s', async (location, expected) => {
    expect(await pass('location', location)).toBe(expected);
  });

  test.each([
    ['http://BACKEND/repository/docker/v2/a', '/v2/a'],
    ['/repository/docker/v2/a', '/v2/a'],
    ['/repository/docker', '/'],
    ['/repository/docker?x', '/?x'],
    ['/repository/dockerhub/v2', '/repository/dockerhub/v2'],
    ['https://old.example/v2/a', '/v2/a'],
  ])('behind a base path, Location %s becomes %s', async (location, expected) => {
    expect(await pass('location', location, { base: '/repository/docker/' })).toBe(expected);
  });

  test('Link becomes relative, each target for itself', async () => {
    const link = '<http://BACKEND/v2/_catalog?last=a&n=1>; rel="next", <https://other.example/>; rel="help"';
    const expected = '</v2/_catalog?last=a&n=1>; rel="next", <https://other.example/>; rel="help"';
    expect(await pass('link', link)).toBe(expected);
  });

  test('Location and Link stay where they are to stay', async () => {
    const how = { rewriteLocations: false };
    expect(await pass('location', 'http://BACKEND/x', how)).toBe('http://BACKEND/x');
    expect(await pass('link', '<http://BACKEND/x>; rel="next"', how)).toBe('<http://BACKEND/x>; rel="next"');
  });

  test('a token realm at the backend becomes one here, another one stays', async () => {
    const bearer = (realm: string): string => `Bearer realm="${realm}",service="http://BACKEND/"`;
    expect(await pass('www-authenticate', bearer('http://BACKEND/v2/token'))).toBe(
      bearer(`${origin}/v2/token`),
    );
    expect(await pass('www-authenticate', bearer('http://old.example/t?a'))).toBe(bearer(`${origin}/t?a`));
    expect(await pass('www-authenticate', bearer('https://auth.example/t'))).toBe(
      bearer('https://auth.example/t'),
    );
    expect(await pass('www-authenticate', 'Basic realm="Nexus"')).toBe('Basic realm="Nexus"');
  });

  test('the bare library leaves the Location of an upload as it is', async () => {
    const backend = await startBackend((_, res) =>
      res.writeHead(202, { location: `${backend.address.href}v2/a` }).end(),
    );
    const bare = await startBareProxy(backend.address, { autoRewrite: true, protocolRewrite: 'https' });
    const { headers } = await send(bare.port, '/', { method: 'POST' });
    expect(headers.location).toBe(`${backend.address.href}v2/a`);
  });
});

describe('errors of a backend', () => {
  const page = '<html><body><h1>Not found</h1></body></html>';
  const html = { 'content-type': 'text/html', etag: '"page"', 'content-encoding': 'identity' };

  test.each([
    ['GET', '/v2/a/manifests/latest', 404, 'MANIFEST_UNKNOWN'],
    ['HEAD', '/v2/a/manifests/latest', 404, undefined],
    ['PUT', '/v2/a/manifests/latest', 404, 'NAME_UNKNOWN'],
    ['GET', `/v2/a/blobs/${digest}`, 404, 'BLOB_UNKNOWN'],
    ['POST', '/v2/a/blobs/uploads/', 404, 'NAME_UNKNOWN'],
    ['PATCH', '/v2/a/blobs/uploads/1', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['GET', '/v2/a/tags/list', 404, 'NAME_UNKNOWN'],
    ['GET', '/v2/NOT-A-NAME/manifests/x', 404, 'NAME_UNKNOWN'],
    ['GET', '/v2/', 401, 'UNAUTHORIZED'],
    ['GET', '/v2', 403, 'DENIED'],
    ['PUT', '/v2/a/manifests/1', 400, 'UNSUPPORTED'],
    ['PUT', '/v2/a/manifests/1', 405, 'UNSUPPORTED'],
    ['PATCH', '/v2/a/blobs/uploads/1', 413, 'SIZE_INVALID'],
    ['GET', '/v2/', 429, 'TOOMANYREQUESTS'],
    ['GET', '/v2/', 500, 'UNAVAILABLE'],
    ['GET', '/v2/', 503, 'UNAVAILABLE'],
  ])('%s %s, a page with %d, becomes JSON with %s', async (method, path, status, code) => {
    const backend = await startBackend((_, res) =>
      res.writeHead(status, { ...html, 'retry-after': '9' }).end(page),
    );
    const { port } = await startFront(backend.address);
    const reply = await send(port, path, { method });
    expect(reply.status).toBe(status);
    expect(reply.headers).toMatchObject({ 'content-type': 'application/json', 'retry-after': '9' });
    expect(reply.headers).not.toHaveProperty('etag');
    expect(reply.headers).not.toHaveProperty('content-encoding');
    if (code === undefined) expect(reply.text).toBe('');
    else
      expect(JSON.parse(reply.text)).toEqual({ errors: [{ code, message: expect.any(String) as string }] });
  });

  test('say "manifest unknown" word for word', async () => {
    const backend = await startBackend((_, res) => res.writeHead(404, html).end(page));
    const { text } = await send((await startFront(backend.address)).port, '/v2/a/manifests/x');
    expect(text).toBe('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
  });

  test.each([
    ['nothing at all', {}],
    ['nothing, of length 0', { 'content-length': '0' }],
    ['nothing, called JSON', { 'content-type': 'application/json' }],
    ['nothing, called JSON of length 0', { 'content-type': 'application/json', 'content-length': '0' }],
  ])('with %s become JSON', async (_, headers) => {
    const backend = await startBackend((_, res) => {
      res.writeHead(404, headers).flushHeaders();
      setImmediate(() => res.end());
    });
    const { port } = await startFront(backend.address);
    for (let count = 0; count < 2; count += 1) {
      const reply = await send(port, '/v2/a/manifests/x');
      expect([reply.status, JSON.parse(reply.text)]).toMatchObject([
        404,
        { errors: [{ code: 'MANIFEST_UNKNOWN' }] },
      ]);
    }
  });

  test.each(['application/json; charset=utf-8', 'application/problem+json'])(
    'in %s pass as they are',
    async (type) => {
      const body = '{"errors":[{"code":"OWN","message":"own","detail":{"x":1}}]}';
      const backend = await startBackend((_, res) => res.writeHead(404, { 'content-type': type }).end(body));
      const reply = await send((await startFront(backend.address)).port, '/v2/a/manifests/x');
      expect(reply).toMatchObject({ status: 404, text: body, headers: { 'content-type': type } });
    },
  );

  test('outside of /v2 pass as they are', async () => {
    const backend = await startBackend((_, res) => res.writeHead(404, html).end(page));
    const { port } = await startFront(backend.address);
    for (const path of ['/', '/v2x', '/ui/v2/'])
      expect(await send(port, path)).toMatchObject({ status: 404, text: page });
  });

  test('keep their challenge, with its realm made public', async () => {
    const backend = await startBackend((_, res) => {
      const realm = `Bearer realm="${backend.address.href}token",service="x"`;
      res.writeHead(401, { ...html, 'www-authenticate': realm }).end(page);
    });
    const { headers } = await send((await startFront(backend.address)).port, '/v2/');
    expect(headers['www-authenticate']).toBe(`Bearer realm="${origin}/token",service="x"`);
  });

  test('whose page never ends are answered, and the page is dropped', async () => {
    const backend = await startBackend((req, res) => {
      res.writeHead(500, html).write(page);
    });
    const { port, settled } = await startFront(backend.address);
    expect(await send(port, '/v2/')).toMatchObject({ status: 500 });
    await settled();
    await eventually(() => backend.seen[0]?.socket.destroyed).toBe(true);
  });

  test('that are not HTTP are a 502', async () => {
    const address = await startRawBackend((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const { port, facts } = await startFront(address);
    const { status, text } = await send(port, '/v2/');
    expect([status, JSON.parse(text)]).toMatchObject([502, { errors: [{ code: 'UNAVAILABLE' }] }]);
    expect(facts[0]).toMatchObject({
      error: 'UNAVAILABLE',
      fault: expect.stringContaining(address.host) as string,
    });
    expect(text).not.toContain('127.0.0.1');
  });

  test('that switch protocols unasked are a 502', async () => {
    const address = await startRawBackend((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      );
    });
    expect(await send((await startFront(address)).port, '/v2/')).toMatchObject({ status: 502 });
  });
});
