import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type http from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFilesystem } from '../../registry/blobs/index.ts';
import { openSqlite } from '../../registry/metadata/index.ts';
import { parseName } from '../../registry/model/index.ts';
import { buildRepositories } from '../../registry/repositories/index.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually, openFiles } from '../support/process-facts.ts';
import { createClient, pullBlob, type Pulled, type RegistryClient } from '../support/registry-client.ts';
import { proxy } from '../unit/repositories/engine.ts';
import { sendBlob, startRegistry, type FakeRegistry } from '../unit/repositories/fake-registry.ts';
import { blobDigest, startScripted } from '../unit/upstream/scripted.ts';

const NAME = 'team/app';
const layer = randomBytes(3_000_000);
const HALF = 1_500_000;

describe('an upstream that fails in the middle', () => {
  let place: Place;
  let upstream: FakeRegistry;
  let dockgate: LoopbackDockgate;
  let clients: RegistryClient[];
  let digest: string;
  beforeEach(async () => {
    place = await createLoopback();
    upstream = await startRegistry();
    digest = upstream.pushBlob(NAME, layer);
    dockgate = await startLoopbackDockgate(place, {
      proxies: { hub: { type: 'proxy', upstream: upstream.url } },
    });
    clients = [1, 2, 3].map(() => createClient(dockgate));
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await place.close();
  });

  /** Only for GET of the blob; everything else is answered as it should be. */
  function behave(script: (request: http.IncomingMessage, response: http.ServerResponse) => void): void {
    upstream.behave((request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/blobs/')) return false;
      script(request, response);
      return true;
    });
  }

  const pull = (): Promise<Pulled>[] => clients.map((client) => pullBlob(client, NAME, digest));

  /** Bytes that are neither a blob nor on their way. */
  async function expectNothingKept(): Promise<void> {
    const blobs = join(dockgate.data, 'blobs');
    const isEmpty = async (): Promise<boolean> => (await readdir(join(blobs, 'incoming'))).length === 0;
    expect(await eventually(isEmpty)).toBe(true);
    expect((await readdir(blobs)).filter((folder) => folder !== 'incoming')).toEqual([]);
    const isClosed = async (): Promise<boolean> =>
      (await openFiles(dockgate.pid)).every((file) => !file.includes('/incoming/'));
    expect(await eventually(isClosed)).toBe(true);
  }

  /** What went wrong is forgotten: the next pull gets it. */
  async function expectRecovery(): Promise<void> {
    upstream.behave(undefined);
    for (const pulled of await Promise.all(pull()))
      expect(pulled).toEqual({ status: 200, digest, size: layer.length, whole: true });
    expect(dockgate.server.output()).not.toContain('unhandled');
  }

  test('and dies each time ends three pulls, none of them whole', async () => {
    behave((_, response) => {
      response.writeHead(200, { 'content-length': layer.length });
      response.write(layer.subarray(0, HALF), () => response.destroy());
    });
    for (const pulled of await Promise.all(pull())) {
      expect(pulled.whole).toBe(false);
      expect(pulled.size).toBeLessThan(layer.length);
    }
    await expectNothingKept();
    await expectRecovery();
  });

  test('and dies once is asked for the rest, and three clients get all', async () => {
    const ranges: (string | undefined)[] = [];
    behave((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length > 1) {
        sendBlob(layer, request.headers.range, response);
        return;
      }
      response.writeHead(200, { 'content-length': layer.length });
      response.write(layer.subarray(0, HALF), () => response.destroy());
    });
    for (const pulled of await Promise.all(pull()))
      expect(pulled).toEqual({ status: 200, digest, size: layer.length, whole: true });
    expect(ranges).toHaveLength(2);
    expect(ranges[1]).toMatch(/^bytes=\d+-$/);
  });

  test.each([
    ['other bytes of the same length', (): Buffer => randomBytes(layer.length)],
    [
      'all but the last byte right',
      (): Buffer => Buffer.concat([layer.subarray(0, -1), Buffer.of(~(layer.at(-1) ?? 0))]),
    ],
    ['bytes that end too early', (): Buffer => layer.subarray(0, HALF)],
  ])('and sends %s gives nobody a whole blob', async (_, wrong) => {
    behave((_request, response) => {
      const bytes = wrong();
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    });
    for (const pulled of await Promise.all(pull())) expect(pulled.whole).toBe(false);
    await expectNothingKept();
    await expectRecovery();
  });

  test('and answers with a web page is refused before anything is sent', async () => {
    behave((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Please log in</h1>');
    });
    for (const client of clients) {
      const reply = await client.send('GET', `/v2/${NAME}/blobs/${digest}`);
      expect(reply.status).toBe(502);
      expect(reply.headers['content-type']).toBe('application/json');
      expect(reply.body.toString()).toMatch(/"code":"UNAVAILABLE","message":"hub: .* sent a web page/);
    }
    await expectNothingKept();
    await expectRecovery();
  });

  test('and answers a tag with a web page is refused', async () => {
    upstream.behave((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>');
      return true;
    });
    const [client] = clients;
    const reply = await client?.send('GET', `/v2/${NAME}/manifests/latest`);
    expect(reply?.status).toBe(502);
    expect(reply?.headers['content-type']).toBe('application/json');
    expect(reply?.body.toString()).toContain('"code":"UNAVAILABLE"');
  });

  test('and stalls keeps neither a client that leaves nor those that come after', async () => {
    behave((_, response) => {
      response.writeHead(200, { 'content-length': layer.length });
      response.write(layer.subarray(0, HALF));
    });
    const [client] = clients;
    const answer = await client?.open('GET', `/v2/${NAME}/blobs/${digest}`);
    let got = 0;
    answer?.on('data', (piece: Buffer) => (got += piece.length)).on('error', () => undefined);
    expect(await eventually(() => got >= HALF / 2)).toBe(true);
    const sockets = async (): Promise<number> =>
      (await openFiles(dockgate.pid)).filter((file) => file.startsWith('socket:')).length;
    const before = await sockets();
    answer?.destroy();
    expect(await eventually(async () => (await sockets()) < before)).toBe(true);
    expect(await eventually(() => dockgate.server.output().includes('"complete":false'))).toBe(true);
    // The download goes on without it, and whoever comes now joins.
    const next = await clients[1]?.open('GET', `/v2/${NAME}/blobs/${digest}`);
    expect(next?.statusCode).toBe(200);
    expect(upstream.count('GET ')).toBe(1);
    next?.destroy();
  });
});

test('a download that stalls is given up, and its connection and its file with it', async () => {
  await using place = await createLoopback();
  const server = await startScripted((_, response) => {
    response.writeHead(200, { 'content-length': 200_000 }).write(Buffer.alloc(100_000));
  });
  const metadata = await openSqlite(join(place.folder, 'metadata.db'));
  const blobs = await openFilesystem(join(place.folder, 'blobs'));
  const faults: unknown[] = [];
  const repositories = buildRepositories(
    // In the gateway it is a minute.
    new Map([['hub', proxy(server.url, { bodyTimeout: 300 })]]),
    { metadata, blobs },
    { me: 'this process', onFault: (fault) => faults.push(fault) },
  );
  const opened = await repositories.get('hub')?.openBlob(parseName(NAME), blobDigest, 'anywhere');
  expect(await server.open()).toBe(1);
  await opened?.reader.close();
  expect(await eventually(() => faults.length === 1)).toBe(true);
  expect(faults[0]).toMatchObject({ name: 'UpstreamFailure', kind: 'timeout' });
  expect(await eventually(async () => (await server.open()) === 0)).toBe(true);
  expect(await readdir(join(place.folder, 'blobs', 'incoming'))).toEqual([]);
  await repositories.close();
  await metadata.close();
});
