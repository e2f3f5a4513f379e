import { once } from 'node:events';
import type http from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeImage, type Image } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually, mebibytes, memoryOf, openFiles } from '../support/process-facts.ts';
import {
  createClient,
  expectStatus,
  findDamage,
  pushImage,
  startUpload,
  type RegistryClient,
} from '../support/registry-client.ts';

const TIMES = 100;
const MIB = 1024 * 1024;

interface Logged {
  readonly operation?: string;
  readonly complete?: boolean;
  readonly status: number;
  readonly error?: string;
  readonly level: string;
}

describe('a client that leaves', () => {
  let place: Place;
  let dockgate: LoopbackDockgate;
  let client: RegistryClient;
  let image: Image;
  beforeAll(async () => {
    place = await createLoopback();
    dockgate = await startLoopbackDockgate(place);
    client = createClient(dockgate);
    image = makeImage({ layers: [8 * MIB] });
    await pushImage(client, 'team/app', 'latest', image);
  });
  afterAll(async () => {
    client.close();
    await place.close();
  });

  /** Sends the headers, waits until the gateway wants the body, sends part of it, and is gone. */
  async function leaveWhileSending(method: string, path: string, part: Buffer): Promise<void> {
    const headers = { expect: '100-continue', 'content-length': 4 * MIB, 'content-type': 'application/json' };
    const request = await client.begin(method, path, headers);
    request.on('error', () => undefined);
    request.flushHeaders();
    await once(request, 'continue');
    await new Promise((sent) => request.write(part, sent));
    request.destroy();
    await closed(request);
  }

  /** `once` would take the error that says so for a failure. */
  async function closed(stream: http.ClientRequest | http.IncomingMessage): Promise<void> {
    if (!stream.closed) await new Promise((done) => stream.once('close', done));
  }

  const ways: Record<string, { operation: string; status: number; leave: () => Promise<void> }> = {
    'in the middle of a PATCH': {
      operation: 'upload-append',
      status: 499,
      leave: async () =>
        leaveWhileSending('PATCH', await startUpload(client, 'team/app'), Buffer.alloc(3 * MIB)),
    },
    'in the middle of a GET': {
      operation: 'blob-get',
      status: 200,
      leave: async () => {
        const answer = await client.open('GET', `/v2/team/app/blobs/${image.layers[0]?.digest ?? ''}`);
        await once(answer, 'readable');
        answer.destroy();
        await closed(answer);
      },
    },
    'in the middle of a manifest': {
      operation: 'manifest-put',
      status: 499,
      leave: () => leaveWhileSending('PUT', '/v2/team/app/manifests/next', Buffer.alloc(2 * MIB, '{')),
    },
  };

  async function leaveOften(leave: () => Promise<void>, times: number): Promise<void> {
    for (let done = 0; done < times; done += 10) await Promise.all(Array.from({ length: 10 }, () => leave()));
  }

  function logged(): Logged[] {
    const lines = dockgate.server.stdout().split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Logged);
  }

  test.each(Object.entries(ways))('%s takes nothing along', { timeout: 60_000 }, async (_, way) => {
    const { operation, status, leave } = way;
    const left = (): Logged[] =>
      logged().filter((line) => line.operation === operation && line.complete === false);
    // What is made once and kept, such as threads, pools and prepared statements, is no leak.
    await leaveOften(leave, TIMES);
    expect(await eventually(() => left().length === TIMES)).toBe(true);
    client.close();
    await eventually(async () => (await openFiles(dockgate.pid)).every((file) => !file.includes('/blobs/')));
    const [files, before] = [(await openFiles(dockgate.pid)).length, await memoryOf(dockgate.pid)];

    await leaveOften(leave, TIMES);
    expect(await eventually(() => left().length === 2 * TIMES)).toBe(true);
    client.close();
    const isBack = await eventually(async () => (await openFiles(dockgate.pid)).length <= files);
    expect(isBack, (await openFiles(dockgate.pid)).join('\n')).toBe(true);
    const grown = (await memoryOf(dockgate.pid)).resident - before.resident;
    // Each that were kept with its two pieces would be 200 MiB.
    expect(grown, `grown by ${mebibytes(grown)}`).toBeLessThan(64 * MIB);

    expect(new Set(left().map((line) => `${line.level} ${line.status}`))).toEqual(
      new Set([`info ${status}`]),
    );
    // Node closes files that were forgotten when it finds them, and says so.
    expect(dockgate.server.output()).not.toMatch(/unhandled|garbage collection/);
    await expectStatus(200, client.send('GET', '/v2/'));
    expect(await findDamage(client, 'team/app', 'latest', image)).toEqual([]);
  });
});
