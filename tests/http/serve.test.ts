import { once } from 'node:events';
import { access, readdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { request } from '../support/http-request.ts';
import { digestOf } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import type { Outcome } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';

const main = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
const serve = [process.execPath, main, 'serve'];

let place: Place;
beforeEach(async () => {
  place = await createLoopback();
});
afterEach(async () => {
  await place.close();
});

describe('a signal to stop', () => {
  const blob = Buffer.alloc(40_000_000, 'blob');

  /** A request on a connection of its own, whose reply is read when somebody asks for it. */
  async function send(
    { url, ca, authorization }: LoopbackDockgate,
    method: string,
    path: string,
    length = 0,
  ) {
    const headers = { authorization: await authorization('team/x'), 'content-length': length };
    const sent = https.request(new URL(path, url), { method, ca, headers, agent: false });
    return { sent, reply: once(sent, 'response') as Promise<[IncomingMessage]> };
  }

  /** Waits until nobody can connect any more. */
  async function untilClosed({ url }: LoopbackDockgate): Promise<void> {
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const socket = net.connect(Number(new URL(url).port), 'localhost');
      const open = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (!open) return;
      await new Promise((done) => setTimeout(done, 10));
    }
    throw new Error('it still takes connections');
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('%s lets pushes and pulls finish', async (signal) => {
    const dockgate = await startLoopbackDockgate(place);
    const { layers } = await seedImage(dockgate, 'team/x', '1', { layers: [blob] });
    const [layer] = layers;
    if (layer === undefined) throw new Error('no layer');
    const uploads = `/v2/team/x/blobs/uploads/?digest=${digestOf(blob)}`;
    const push = await send(dockgate, 'POST', uploads, blob.length);
    push.sent.write(blob.subarray(0, 1_000_000));
    const random = await seedImage(dockgate, 'team/x', '2', { layers: [30_000_000] });
    const [large] = random.layers;
    const pull = await send(dockgate, 'GET', `/v2/team/x/blobs/${large?.digest ?? ''}`);
    pull.sent.end();
    const [slow] = await pull.reply; // and nobody reads it yet
    const silent = net.connect(Number(new URL(dockgate.url).port), 'localhost').on('error', () => undefined);
    await once(silent, 'connect');

    await dockgate.server.signal(signal);
    await dockgate.server.waitFor(/"message":"stopping"/);
    await untilClosed(dockgate);
    push.sent.end(blob.subarray(1_000_000));
    const [pushed] = await push.reply;
    pushed.resume();
    expect(pushed.statusCode).toBe(201);
    expect(large?.bytes.equals(await buffer(slow))).toBe(true);
    // A connection on which nothing was asked is not waited for.
    expect(await dockgate.server.ended).toMatchObject({ code: 0, signal: null });
    silent.destroy();
    // What was acknowledged is there.
    await dockgate.start();
    const stored = await send(dockgate, 'GET', `/v2/team/x/blobs/${digestOf(blob)}`);
    stored.sent.end();
    const [answer] = await stored.reply;
    expect([answer.statusCode, blob.equals(await buffer(answer))]).toEqual([200, true]);
  });

  test('given twice ends what is still going on', async () => {
    const dockgate = await startLoopbackDockgate(place);
    const push = await send(
      dockgate,
      'POST',
      `/v2/team/x/blobs/uploads/?digest=${digestOf(blob)}`,
      blob.length,
    );
    push.sent.on('error', () => undefined).write(blob.subarray(0, 1_000_000));
    push.reply.catch(() => undefined);
    // Were it not there yet, nothing would be going on, and the first signal would end it.
    const incoming = join(dockgate.data, 'blobs', 'incoming');
    await vi.waitFor(async () => {
      expect(await readdir(incoming)).not.toEqual([]);
    }, 10_000);
    await dockgate.server.signal('SIGTERM');
    await dockgate.server.waitFor(/"message":"stopping"/);
    await dockgate.server.signal('SIGTERM');
    expect(await dockgate.server.ended).toMatchObject({ code: 1 });
  });
});

describe('a start that cannot be', () => {
  /** Runs `serve` to its end; its configuration has no hosts of the machine. */
  const run = (argv: readonly string[], ...options: string[]): Promise<Outcome> =>
    place.run([...argv, '--data', join(place.folder, 'data'), ...options], { folder: place.folder });
  const exists = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );

  test('a port that is taken: one sentence, and exit code 1', async () => {
    const other = net.createServer().listen(0);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const ports of [
      ['--https', String(port), '--http', '0'],
      ['--https', '0', '--http', String(port)],
    ]) {
      const { code, stderr } = await run(serve, ...ports);
      expect(code).toBe(1);
      const lines = stderr
        .trim()
        .split('\n')
        .filter((line) => !line.includes('password') && line !== '');
      expect(lines).toEqual([
        expect.stringContaining(`dockgate: port ${port} is taken by another program: `),
      ]);
    }
    other.close();
  });

  describeWith(['namespaces'], 'without the right to port 443', () => {
    test('one sentence with the ways out, exit code 1, and no other port instead', async () => {
      const weak = ['unshare', '--net', 'setpriv', '--bounding-set', '-net_bind_service', ...serve];
      const { code, stderr, stdout } = await run(weak);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^dockgate: no right to listen on port 443: start as root, or .*setcap.*, or .*--https 8443 --http 8080$/m,
      );
      expect(stderr).not.toContain('    at ');
      expect(stdout).not.toContain('"listening"');
    });
  });

  test('five mistakes: five lines, exit code 2, nothing listens and nothing is written', async () => {
    const file = join(place.folder, 'dockgate.yaml');
    await writeFile(
      file,
      `hosts:
  localhost: { read: docker-gruop, write: docker-hosted }
listen: { https: 99999, http: 0 }
repositories:
  docker-hosted: { type: hosted, deploymnt: once }
  quay: { type: proxy, upstream: https://quay.io, tagMaxAge: soon }
  docker-group: { type: group, members: [docker-hosted, ghcr] }
`,
    );
    const { code, stderr, stdout } = await run(serve);
    const lines = stderr.trim().split('\n');
    const places = lines
      .map((line) => /dockgate\.yaml:(\d+)(?::\d+)?: /.exec(line)?.[1])
      .filter((each) => each !== undefined);
    expect([code, places, stdout]).toEqual([2, ['2', '3', '5', '6', '7'], '']);
    expect(lines).toHaveLength(6); // one that says what the others are
    expect(await exists(join(place.folder, 'data'))).toBe(false);
  });

  test('a PEM file of a proxy that is none: exit code 2, and nothing is written', async () => {
    const file = join(place.folder, 'dockgate.yaml');
    await writeFile(
      file,
      'repositories:\n  q: { type: proxy, upstream: https://quay.io, ca: dockgate.yaml }\n',
    );
    const { code, stderr, stdout } = await run(serve, '--https', '0', '--http', '0', '--host', 'localhost');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/repositories\.q\.ca: .*dockgate\.yaml is not a PEM certificate: /);
    expect(await exists(join(place.folder, 'data'))).toBe(false);
  });

  test.each([
    ['an option that there is not', ['--prot', '1']],
    ['a port that is none', ['--https', 'x']],
    ['a file that is not there', ['--config', 'none.yaml']],
    ['a host that is none', ['--host', 'a b']],
  ])('%s: exit code 2', async (_, options) => {
    const { code, stderr, stdout } = await run(serve, ...options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain('    at ');
    expect(await exists(join(place.folder, 'data'))).toBe(false);
  });

  test('a data folder that is a file: a sentence, and exit code 1', async () => {
    await writeFile(join(place.folder, 'data'), '');
    const { code, stderr } = await run(serve, '--https', '0', '--http', '0');
    expect(code).toBe(1);
    expect(stderr).toContain(join(place.folder, 'data'));
    expect(stderr).not.toContain('    at ');
  });
});

describe('the log', () => {
  test('has one line of JSON for each request, and no credential', async () => {
    const dockgate = await startLoopbackDockgate(place);
    const { url, ca, server } = dockgate;
    const password = 'admin of the test';
    const basic = await dockgate.authorization('x');
    const ask = (path: string, headers: Record<string, string>, body?: string) =>
      request(place, `${url}${path}`, { ca, headers, ...(body !== undefined && { method: 'POST', body }) });
    const granted = await ask('/v2/token?scope=repository:team/x:pull,push&account=secret-account', {
      authorization: basic,
    });
    const { token } = JSON.parse(granted.body.toString()) as { token: string };
    const form = `grant_type=password&username=admin&password=${encodeURIComponent(password)}`;
    const replies = [
      granted,
      await ask('/v2/token', {}, form),
      await ask('/v2/', { authorization: basic }),
      await ask('/v2/', { authorization: `Bearer ${token}` }),
      await ask('/v2/', { authorization: `Bearer ${token}x` }),
      await ask('/v2/team/x/manifests/1', { authorization: `Bearer ${token}` }),
      await ask('/v2/team/x/manifests/1?secret-query=1', { authorization: basic, cookie: 'secret-cookie' }),
      await ask('/healthz', { authorization: basic }),
      await ask('/nothing', {}),
      await ask('/v2/token', {
        authorization: `Basic ${Buffer.from('admin:secret-wrong').toString('base64')}`,
      }),
      await ask('/', { host: 'a b' }),
    ];
    await dockgate.stop();
    const lines = server.stdout().trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const requests = entries.filter(({ message }) => message === 'request');
    expect(requests.map(({ id }) => id)).toEqual(replies.map(({ headers }) => headers['x-request-id']));
    expect(requests.map(({ status }) => status)).toEqual(replies.map(({ status }) => status));
    for (const each of requests)
      expect(each).toMatchObject({
        level: 'info',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        method: expect.any(String) as string,
        path: expect.stringMatching(/^\//) as string,
        ms: expect.any(Number) as number,
        client: expect.any(String) as string,
      });
    expect(requests[5]).toMatchObject({
      operation: 'manifest-get',
      name: 'team/x',
      user: 'admin',
      repository: 'docker-group',
      error: 'MANIFEST_UNKNOWN',
    });
    const secrets = [password, encodeURIComponent(password), basic.slice(6), token, 'secret-'];
    for (const secret of secrets) expect(server.output()).not.toContain(secret);
    for (const secret of ['secret-wrong'])
      expect(server.output()).not.toContain(Buffer.from(`admin:${secret}`).toString('base64'));
  });
});
