import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseDigest } from '../../registry/model/index.ts';
import { generateBytes } from '../support/generated-bytes.ts';
import type { Reply } from '../support/http-request.ts';
import { digestOf, makeImage, TYPES, type Image, type Manifest } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import {
  createClient,
  expectStatus,
  findDamage,
  pushBlob,
  pushImage,
  startUpload,
  type RegistryClient,
} from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { startRegistry, type FakeRegistry } from '../unit/repositories/fake-registry.ts';

const MIB = 1024 * 1024;
const DISK = 24 * MIB;
/** What the kernel gives out at a time. */
const PIECE = 4096;

/** A disk of its own below the data folder, which goes with the process. */
function onSmallDisk(data: string): string[] {
  const script = `mount -t tmpfs -o size=${DISK} tmpfs "$0" && exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, data];
}

/** Everything that a client is told of a full disk. */
function expectFull({ status, headers, body }: Reply): void {
  expect(body.toString()).toMatch(/^\{"errors":\[\{"code":"UNAVAILABLE","message":"[^"]*full[^"]*"/);
  expect(status).toBe(507);
  expect(headers['content-type']).toBe('application/json');
}

describeWith(['namespaces'], 'a full disk', () => {
  let place: Place;
  let dockgate: LoopbackDockgate;
  let client: RegistryClient;
  let image: Image;
  let upstream: FakeRegistry;
  beforeEach(async () => {
    place = await createLoopback();
    const data = join(place.folder, 'data');
    upstream = await startRegistry();
    const proxies = { hub: { type: 'proxy', upstream: upstream.url, tagMaxAge: '0s' } };
    dockgate = await startLoopbackDockgate(place, { data, proxies, before: onSmallDisk(data) });
    client = createClient(dockgate);
    image = makeImage({ layers: [2 * MIB] });
    await pushImage(client, 'team/app', 'latest', image);
  });
  afterEach(async () => {
    client.close();
    await place.close();
  });

  const filler = (): string => join(`/proc/${dockgate.pid}/root`, dockgate.data, 'filler');

  /** Takes all the room that there is. */
  async function fillDisk(): Promise<void> {
    const file = await open(filler(), 'w');
    try {
      for (let pieces = 0; pieces <= DISK / PIECE; pieces += 1) await file.write(Buffer.alloc(PIECE));
      throw new Error('the disk does not become full');
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENOSPC') throw fault;
    } finally {
      await file.close();
    }
  }

  /** Nothing is lost, and there is room again for what is new. */
  async function expectSound(): Promise<void> {
    expect(await findDamage(client, 'team/app', 'latest', image)).toEqual([]);
    const next = makeImage({ layers: [8 * MIB] });
    await pushImage(client, 'team/next', 'latest', next);
    expect(await findDamage(client, 'team/next', 'latest', next)).toEqual([]);
    expect(dockgate.server.output()).not.toContain('unhandled');
  }

  test.each([
    [
      'a PATCH in chunks',
      async (path: string) => client.send('PATCH', path, { body: generateBytes(40 * MIB).body }),
    ],
    [
      'a PUT of all at once',
      async (path: string) => {
        const body = Buffer.alloc(40 * MIB, 'x');
        return client.send('PUT', `${path}?digest=${digestOf(body)}`, { body });
      },
    ],
  ])('is told to who pushes by %s, and takes nothing along', { timeout: 60_000 }, async (_, send) => {
    for (let round = 0; round < 3; round += 1) {
      expectFull(await send(await startUpload(client, 'team/big')));
      expect(await findDamage(client, 'team/app', 'latest', image)).toEqual([]);
    }
    await expectSound();
  });

  test('is told to who wants the connection closed and still sends', { timeout: 60_000 }, async () => {
    const path = await startUpload(client, 'team/big');
    const [head, body] = (await sendDeaf(path, 40 * MIB)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 507 /);
    expect(body).toMatch(/^\{"errors":\[\{"code":"UNAVAILABLE","message":"[^"]*full/);
    await expectSound();
  });

  /** Sends a chunk without reading until no more is taken, and then reads the answer. */
  async function sendDeaf(path: string, size: number): Promise<string> {
    const { hostname, port } = new URL(dockgate.url);
    const socket = tls.connect({
      host: hostname,
      port: Number(port),
      ca: dockgate.ca,
      servername: 'localhost',
    });
    const faults: Error[] = [];
    socket.on('error', (fault: Error) => faults.push(fault));
    await once(socket, 'secureConnect');
    const authorization = await dockgate.authorization('');
    const fields = [`Host: localhost`, `Authorization: ${authorization}`, `Content-Length: ${size}`];
    socket.write([`PATCH ${path} HTTP/1.1`, ...fields, 'Connection: close', '', ''].join('\r\n'));
    const piece = Buffer.alloc(MIB, 'x');
    for (let sent = 0, waits = 0; sent < size && waits < 20 && faults.length === 0;) {
      if (socket.writableNeedDrain) waits = await sleep(50, waits + 1);
      else {
        socket.write(piece);
        [sent, waits] = [sent + piece.length, 0];
      }
    }
    expect(faults).toEqual([]);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString();
  }

  test('that strikes the metadata is told to who puts a manifest', { timeout: 60_000 }, async () => {
    await pushBlob(client, 'team/app', image.config);
    const large = manifestOf(image, 3 * MIB);
    await fillDisk();
    const put = (): Promise<Reply> =>
      client.send('PUT', '/v2/team/app/manifests/large', {
        headers: { 'content-type': large.mediaType },
        body: large.bytes,
      });
    expectFull(await put());
    expect((await client.send('GET', '/v2/team/app/manifests/large')).status).toBe(404);
    expect(await findDamage(client, 'team/app', 'latest', image)).toEqual([]);
    expectFull(await client.send('POST', '/v2/team/app/blobs/uploads/'));

    await rm(filler());
    await expectStatus(201, put());
    await expectStatus(200, client.send('GET', '/v2/team/app/manifests/large'));
    await expectSound();
  });

  test('leaves what a proxy holds within reach', { timeout: 60_000 }, async () => {
    const cached = makeImage();
    const { bytes, digest } = cached.manifest;
    upstream.push('cached', 'latest', {
      bytes,
      digest: parseDigest(digest),
      blobs: [...cached.layers, cached.config].map((blob) => blob.bytes),
    });
    expect(await findDamage(client, 'cached', 'latest', cached)).toEqual([]);
    await fillDisk();
    const before = upstream.asked.length;
    expect(await findDamage(client, 'cached', 'latest', cached)).toEqual([]);
    expect(upstream.asked.slice(before)).toEqual(['HEAD /v2/cached/manifests/latest']);
    const large = makeImage({ layers: [2 * MIB] }).layers[0];
    if (!large) throw new Error('an image without layers');
    upstream.pushBlob('other', large.bytes);
    expectFull(await client.send('GET', `/v2/other/blobs/${large.digest}`));
  });
});

/** A manifest of the same parts with so many bytes of annotations, that no room kept by the database is enough. */
function manifestOf({ manifest }: Image, size: number): Manifest {
  const value = JSON.parse(manifest.bytes.toString()) as object;
  const bytes = Buffer.from(JSON.stringify({ ...value, annotations: { note: 'x'.repeat(size) } }));
  return { bytes, digest: digestOf(bytes), mediaType: TYPES.oci.manifest };
}
