import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from '../support/http-request.ts';
import { campaign, type Judge, type Tally } from '../support/malformed/campaign.ts';
import { converse } from '../support/malformed/conversation.ts';
import { startTestedGateway, type Memory, type TestedGateway } from '../support/malformed/gateway.ts';
import type { Ingredients } from '../support/malformed/requests.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { mebibytes } from '../support/process-facts.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

const BIG = process.env.DOCKGATE_TEST_BIG === '1';
const COUNT = BIG ? 100_000 : 5_000;
const MIB = 1024 * 1024;
/** Between the first tenth and the end; caches fill and code is compiled, but nothing is kept for each request. */
const HEAP_GROWTH = 24 * MIB;
const RESIDENT_GROWTH = 96 * MIB;
const SECRET = 'what no request may read';

/** What a reply must be, whatever was asked. */
const judge: Judge = ({ status, headers, body }, { head, framed }) => {
  if (status >= 500) return `status ${status}`;
  if (headers.has('x-injected')) return 'a header was injected';
  if (body.includes(SECRET)) return 'the canary was read';
  if (status < 400 || (head && framed)) return undefined;
  if (!headers.get('content-type')?.startsWith('application/json')) return `status ${status} without JSON`;
  return isError(body) ? undefined : `status ${status} with ${body.toString('utf8', 0, 100)}`;
};

/** The errors of the registry, or that of the token service's form. */
function isError(body: Buffer): boolean {
  try {
    const { errors, error } = JSON.parse(body.toString()) as {
      errors?: { code?: unknown; message?: unknown }[];
      error?: unknown;
    };
    const [first] = errors ?? [];
    return (
      typeof error === 'string' || (typeof first?.code === 'string' && typeof first.message === 'string')
    );
  } catch {
    return false;
  }
}

describe(`${COUNT} malformed requests (100,000 with DOCKGATE_TEST_BIG=1)`, () => {
  let place: Place;
  let gateway: TestedGateway;
  let before: Memory;
  let after: Memory;
  const tally: Tally = { statuses: new Map(), complaints: [] };

  async function ingredients(): Promise<Ingredients> {
    const image = await seedImage(gateway, 'fuzz/image', 'latest', { layers: [1000] });
    const headers = { authorization: basic(gateway.account) };
    const uploads: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      const url = `${gateway.url}/v2/fuzz/image/blobs/uploads/`;
      const reply = await request(place, url, { method: 'POST', headers });
      uploads.push(String(reply.headers['docker-upload-uuid']));
    }
    const digests = [image.manifest.digest, image.config.digest, ...image.layers.map(({ digest }) => digest)];
    return { account: gateway.account, digests, uploads };
  }

  beforeAll(
    async () => {
      place = await createLoopback();
      await writeFile(join(place.folder, 'canary'), SECRET);
      gateway = await startTestedGateway(place);
      const from = await ingredients();
      const started = Date.now();
      await campaign(gateway, from, { seed: 1, count: COUNT / 10 }, judge, tally);
      before = await gateway.memory();
      await campaign(gateway, from, { seed: 2, count: (COUNT * 9) / 10 }, judge, tally);
      after = await gateway.memory();
      if (BIG) report(Date.now() - started);
    },
    BIG ? 1_800_000 : 120_000,
  );

  afterAll(async () => {
    await place.close();
  });

  function report(time: number): void {
    const statuses = [...tally.statuses].toSorted().map(([status, count]) => `${status}: ${count}`);
    const memory = [before, after].map(({ heap, resident }) => `${mebibytes(heap)}/${mebibytes(resident)}`);
    process.stdout.write(`${Math.round(time / 1000)} s; ${statuses.join(', ')}\n`);
    process.stdout.write(`heap/resident after a tenth and at the end: ${memory.join(', ')}\n`);
  }

  test('each is answered, none with a fault of the server, each refusal in JSON', () => {
    expect(tally.complaints).toEqual([]);
    const total = [...tally.statuses.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBeGreaterThanOrEqual(COUNT);
  });

  test('they get far enough to be answered in many ways', () => {
    const few = ['200', '304', '400', '401', '404', '405', '416'].filter(
      (status) => (tally.statuses.get(status) ?? 0) < 5,
    );
    expect(few).toEqual([]);
  });

  test('the gateway lives, has logged no fault and still serves', async () => {
    const headers = { authorization: basic(gateway.account) };
    const reply = await request(place, `${gateway.url}/v2/fuzz/image/tags/list`, { headers });
    expect(reply.status).toBe(200);
    expect(gateway.server.output()).not.toContain('request failed');
  });

  test('memory does not grow', () => {
    expect(mebibytes(Math.max(0, after.heap - before.heap - HEAP_GROWTH))).toBe('0 MiB');
    expect(mebibytes(Math.max(0, after.resident - before.resident - RESIDENT_GROWTH))).toBe('0 MiB');
  });

  test('an Expect behind another request leaves the answers whole', async () => {
    const fields = `HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic(gateway.account)}\r\n`;
    const patch = `PATCH /v2/fuzz/image/blobs/uploads/x ${fields}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab`;
    const many = [...Array<string>(5).fill(`GET /v2/fuzz/image/tags/list ${fields}\r\n`), patch].map(
      (text) => ({
        bytes: Buffer.from(text),
        head: false,
        framed: true,
      }),
    );
    const socket = await gateway.connect(false);
    const { replies } = await converse(socket, many);
    socket.destroy();
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 404]);
    expect(isError(replies.at(-1)?.body ?? Buffer.alloc(0))).toBe(true);
  });

  test('nothing was written beside the data, nor in it but blobs, metadata, certificates and the socket', async () => {
    const files = (await readdir(place.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(place.folder.length + 1));
    const expected =
      /^(canary|data\.yaml|data\/(metadata\.db(-\w+)?|certs\/[\w.-]+|run\/\d+\.sock|blobs\/(sha256\/[a-f\d]{2}\/[a-f\d]{64}|sha512\/[a-f\d]{2}\/[a-f\d]{128}|incoming\/[\w-]{1,64})))$/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files).toContain('canary');
    expect(await readFile(join(place.folder, 'canary'), 'utf8')).toBe(SECRET);
  });
});
