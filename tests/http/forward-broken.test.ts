import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startBareProxy } from '../support/bare-proxy.ts';
import {
  send,
  startBackend,
  startFront,
  startRawBackend,
  type Backend,
  eventually,
} from '../support/forwarding.ts';

const piece = Buffer.alloc(1_000, 'x');

/** A backend that answers with the first piece of a body and then waits. */
async function startUnfinished(headers: http.OutgoingHttpHeaders = {}): Promise<Backend> {
  return await startBackend((_, res) => {
    res.writeHead(200, headers).write(piece);
  });
}

/** Asks and waits for the first piece. */
async function begin(port: number): Promise<{ sent: http.ClientRequest; reply: http.IncomingMessage }> {
  const sent = http.request({ port, path: '/v2/a/blobs/x', agent: false }).end();
  sent.on('error', () => undefined);
  const [reply] = (await once(sent, 'response')) as [http.IncomingMessage];
  await once(reply, 'readable');
  return { sent, reply };
}

describe('a client that leaves', () => {
  test('in the middle of a download ends the request to the backend', async () => {
    const backend = await startUnfinished();
    const { port, settled, facts } = await startFront(backend.address);
    const { sent } = await begin(port);
    sent.destroy();
    await settled();
    await eventually(() => backend.seen[0]?.socket.destroyed).toBe(true);
    expect(facts[0]).toEqual({ error: 'client gone' });
  });

  test('in the middle of a download leaves the backend sending, in the bare library', async () => {
    const backend = await startUnfinished();
    const { sent } = await begin((await startBareProxy(backend.address)).port);
    sent.destroy();
    await sleep(300);
    expect(backend.seen[0]?.socket.destroyed).toBe(false);
  });

  test('before the answer ends the request to the backend', async () => {
    const backend = await startBackend(() => undefined);
    const { port, settled, facts } = await startFront(backend.address);
    const sent = http.request({ port, agent: false }).on('error', () => undefined);
    sent.end();
    await eventually(() => backend.seen.length).toBe(1);
    sent.destroy();
    await settled();
    await eventually(() => backend.seen[0]?.socket.destroyed).toBe(true);
    expect(facts[0]).toEqual({ error: 'client gone' });
  });

  test.each([{}, { 'content-length': 5_000 }])(
    'in the middle of an upload breaks it for the backend: %o',
    async (headers) => {
      const bodies: Promise<unknown>[] = [];
      const backend = await startBackend((req) => {
        bodies.push(
          buffer(req).then(
            () => 'whole',
            () => 'broken',
          ),
        );
      });
      const { port, settled } = await startFront(backend.address);
      const sent = http
        .request({ port, method: 'PATCH', agent: false, headers })
        .on('error', () => undefined);
      sent.write(piece);
      await eventually(() => bodies.length).toBe(1);
      sent.destroy();
      await settled();
      expect(await bodies[0]).toBe('broken');
    },
  );
});

describe('a backend that dies in the middle of its answer', () => {
  test.each([
    ['of a length', { 'content-length': 5_000 }],
    ['in chunks', {}],
  ])('%s breaks the connection of the client', async (_, headers) => {
    const backend = await startUnfinished(headers);
    const { port, settled, facts } = await startFront(backend.address);
    const { reply } = await begin(port);
    backend.seen[0]?.socket.destroy();
    await expect(buffer(reply)).rejects.toThrow();
    expect(reply.complete).toBe(false);
    await settled();
    expect(facts[0]).toMatchObject({
      error: 'UNAVAILABLE',
      fault: expect.stringContaining(backend.address.host) as string,
    });
  });

  test('leaves the client waiting in the bare library', async () => {
    const backend = await startUnfinished();
    const { reply, sent } = await begin((await startBareProxy(backend.address)).port);
    backend.seen[0]?.socket.destroy();
    const end = buffer(reply).then(
      () => 'ended',
      () => 'ended',
    );
    expect(await Promise.race([end, sleep(300, 'waiting')])).toBe('waiting');
    sent.destroy();
  });

  test('while it says what is wrong, is a 502', async () => {
    const address = await startRawBackend((socket) => {
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n',
          () => {
            socket.destroy();
          },
        );
      });
    });
    expect(await send((await startFront(address)).port, '/v2/a/manifests/x')).toMatchObject({ status: 502 });
  });
});

describe('a backend that does not answer', () => {
  test('because nothing listens is a 502, JSON for registry paths and text for others', async () => {
    const closed = net.createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port: free } = closed.address() as net.AddressInfo;
    closed.close();
    const { port, facts } = await startFront(new URL(`http://127.0.0.1:${free}`));
    const registry = await send(port, '/v2/a/manifests/1');
    expect(registry).toMatchObject({ status: 502, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(registry.text)).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
    const page = await send(port, '/');
    expect(page).toMatchObject({ status: 502, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    expect(page.text).toContain('cannot be reached');
    expect(page.text).not.toContain(String(free));
    expect(facts.map(({ fault }) => fault)).toEqual(Array(2).fill(expect.stringContaining('ECONNREFUSED')));
    expect(await send(port, '/v2/', { method: 'HEAD' })).toMatchObject({ status: 502, text: '' });
  });

  test('lets the client of a large upload read the refusal', async () => {
    const backend = await startBackend((req) => req.socket.destroy());
    const { port } = await startFront(backend.address);
    const agent = new http.Agent({ keepAlive: true });
    const body = 'x'.repeat(5_000_000);
    const reply = await send(port, '/v2/a/blobs/uploads/1', { method: 'PUT', body, agent });
    expect(reply).toMatchObject({ status: 502 });
    agent.destroy();
  });

  test('in time is a 504', async () => {
    const backend = await startBackend(() => undefined);
    const { port, facts } = await startFront(backend.address, {}, { idleTimeout: 50 });
    const { status, text } = await send(port, '/v2/');
    expect([status, JSON.parse(text)]).toMatchObject([504, { errors: [{ code: 'UNAVAILABLE' }] }]);
    expect(facts[0]?.fault).toContain('nothing moved');
    await eventually(() => backend.seen[0]?.socket.destroyed).toBe(true);
  });

  test('to the start of TLS is a 504', async () => {
    const { port: silent } = await startRawBackend((socket) => socket.resume());
    const { port, facts } = await startFront(new URL(`https://127.0.0.1:${silent}`), {}, { idleTimeout: 50 });
    expect(await send(port, '/')).toMatchObject({ status: 504 });
    expect(facts[0]?.fault).toContain('did not accept');
  });

  test('any further, in the middle of a body, breaks the connection of the client', async () => {
    const backend = await startUnfinished();
    const { port } = await startFront(backend.address, {}, { idleTimeout: 50 });
    const { reply } = await begin(port);
    await expect(buffer(reply)).rejects.toThrow();
  });

  test('is asked once what may have had its effect', async () => {
    const backend = await startBackend((req, res) => {
      if (backend.seen.length === 1) res.end('kept');
      else req.socket.destroy();
    });
    const { port } = await startFront(backend.address);
    await send(port, '/v2/');
    // On a connection that was kept, where a client might try again.
    expect(await send(port, '/v2/', { method: 'DELETE' })).toMatchObject({ status: 502 });
    expect([backend.seen.length, backend.connections()]).toEqual([2, 1]);
  });
});

test('a transfer that moves is not cut, however slow', async () => {
  const pieces = 20;
  const backend = await startBackend((_, res) => {
    void (async () => {
      for (let count = 0; count < pieces; count += 1) {
        res.write(piece);
        await sleep(50);
      }
      res.end();
    })();
  });
  const { port } = await startFront(backend.address, {}, { idleTimeout: 400 });
  expect((await send(port, '/v2/a/blobs/x')).text).toHaveLength(pieces * piece.length);
});

test('a backend may answer before it has the whole body, and the client sends the rest into nothing', async () => {
  const backend = await startBackend((_, res) => {
    res.writeHead(401, { 'content-type': 'application/json' }).end('{"errors":[]}');
  });
  const { port } = await startFront(backend.address);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let count = 0; count < 2; count += 1) {
    const body = 'x'.repeat(3_000_000);
    expect(await send(port, '/v2/a/blobs/uploads/1', { method: 'PUT', body, agent })).toMatchObject({
      status: 401,
    });
  }
  agent.destroy();
});

test('close ends what is still open', async () => {
  const backend = await startUnfinished();
  const { port, settled, close } = await startFront(backend.address);
  const { reply } = await begin(port);
  close();
  await expect(buffer(reply)).rejects.toThrow();
  await settled();
});
