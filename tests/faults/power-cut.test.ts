import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeImage, type Blob } from '../support/image.ts';
import { startLoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback } from '../support/place.ts';
import { createClient, pushBlob, pushManifest } from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { firstAfter, readTrace, tracing, type SystemCall } from '../support/system-calls.ts';

const WRITES = ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'];
const CALLS = [...WRITES, 'fsync', 'fdatasync', 'rename', 'sendto', 'sendmsg'];

const writes = (call: SystemCall, path: string): boolean =>
  WRITES.includes(call.name) && call.text.includes(`${path}>`);
const syncs = (call: SystemCall, path: string): boolean =>
  call.name.endsWith('sync') && call.text.includes(`${path}>`) && call.text.endsWith('= 0');
/** A TLS record with data of a connection; what is in it is encrypted. */
const answers = (call: SystemCall): boolean => /\(\d+<socket:\[\d+\]>.*"\\27\\3\\3/.test(call.text);

/** Where the bytes of a blob lie in the end, and the folder of that. */
function placeOf(data: string, { digest }: Blob): { file: string; folder: string } {
  const hex = digest.slice('sha256:'.length);
  const folder = join(data, 'blobs', 'sha256', hex.slice(0, 2));
  return { file: join(folder, hex), folder };
}

/**
 * Pushes with one connection, one request after the other, and gives the calls of the gateway. With `isThere` the
 * folder of the layer is there already, as if another gateway had made it a moment ago.
 */
async function tracePush(isThere: boolean): Promise<{ calls: SystemCall[]; data: string; layer: Blob }> {
  await using place = await createLoopback();
  const image = makeImage({ layers: [3_000_000] });
  const [layer] = image.layers;
  if (!layer) throw new Error('an image without layers');
  const [trace, data] = [join(place.folder, 'trace'), join(place.folder, 'data')];
  if (isThere) await mkdir(placeOf(data, layer).folder, { recursive: true });
  const dockgate = await startLoopbackDockgate(place, { data, before: tracing(trace, CALLS) });
  const client = createClient(dockgate);
  await pushBlob(client, 'team/app', layer);
  await pushBlob(client, 'team/app', image.config);
  await pushManifest(client, 'team/app', 'latest', image);
  client.close();
  await dockgate.stop();
  return { calls: await readTrace(trace), data, layer };
}

describeWith(['strace'], 'the order of a push on the way to the disk', () => {
  test.each([
    ['in new folders', false],
    ['in folders that somebody else has just made', true],
  ])('is bytes, name, row, and only then the answer, %s', { timeout: 60_000 }, async (_, isThere) => {
    const { calls, data, layer } = await tracePush(isThere);
    const { file, folder } = placeOf(data, layer);
    const wal = join(data, 'metadata.db-wal');
    const rename = calls.find((call) => call.name === 'rename' && call.text.includes(`"${file}"`));
    const incoming = /^rename\("([^"]+)"/.exec(rename?.text ?? '')?.[1] ?? 'no rename';

    const lastWrite = calls.findLast((call) => writes(call, incoming));
    const bytes = firstAfter(calls, lastWrite, (call) => syncs(call, incoming));
    expect(bytes?.ended, 'the file is synced before it gets its name').toBeLessThan(rename?.began ?? 0);
    const name = firstAfter(calls, rename, (call) => syncs(call, folder));
    expect(name, 'the folder is synced').toBeDefined();
    const rowWrite = firstAfter(calls, name, (call) => writes(call, wal));
    const row = firstAfter(calls, rowWrite, (call) => syncs(call, wal));
    const answer = firstAfter(calls, rename, answers);
    expect(row, 'the row is synced after it').toBeDefined();
    expect(answer?.began, 'the answer comes after the row').toBeGreaterThan(row?.ended ?? Infinity);

    // Folders that were made for it are worth nothing if they are lost themselves.
    for (const parent of [join(data, 'blobs', 'sha256'), join(data, 'blobs'), data])
      expect(
        calls.some((call) => syncs(call, parent) && call.ended < (answer?.began ?? 0)),
        `${parent} is synced before the first answer`,
      ).toBe(true);
  });

  test('is for a manifest the row, and only then the answer', { timeout: 60_000 }, async () => {
    const { calls, data } = await tracePush(false);
    const wal = join(data, 'metadata.db-wal');
    // The last answer of the connection is that to the manifest; what is sent after it only closes the connection.
    const records = calls.filter(answers);
    const answer = records.findLast((call) => Number(/= (\d+)$/.exec(call.text)?.[1]) > 100);
    const row = calls.findLast((call) => syncs(call, wal) && call.ended < (answer?.began ?? 0));
    const before = records.findLast((call) => call.ended < (answer?.began ?? 0));
    expect(row, 'the log of the database is synced').toBeDefined();
    expect(row?.began, 'after the answer to the blob').toBeGreaterThan(before?.ended ?? Infinity);
    const rowWrite = calls.findLast((call) => writes(call, wal) && call.ended < (answer?.began ?? 0));
    expect(rowWrite?.ended, 'with all that was written').toBeLessThan(row?.began ?? 0);
  });
});
