import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdir, readdir, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openFilesystem } from '../../../registry/blobs/index.ts';
import { hexOf } from '../../../registry/model/index.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';
import { runProgram, succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { bodyOf, digestOf, readAll, sha256, someBytes, store } from './bytes.ts';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  await removeFolder(folder);
});

async function filesBelow(root: string): Promise<string[]> {
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  return all
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(root.length + 1));
}

test('a blob is a file by its digest, and nothing else is left', async () => {
  const blobs = await openFilesystem(join(folder, 'new', 'store'));
  const bytes = someBytes(10);
  const hex = hexOf(await store(blobs, 'one', bytes));
  await blobs.incoming.create('two');
  await blobs.incoming.commit('two', digestOf(Buffer.alloc(0), 'sha512'));
  const none = hexOf(digestOf(Buffer.alloc(0), 'sha512'));
  const expected = [`sha256/${hex.slice(0, 2)}/${hex}`, `sha512/${none.slice(0, 2)}/${none}`];
  expect((await filesBelow(join(folder, 'new', 'store'))).sort()).toEqual(expected);
});

test('files and folders are for their owner alone', async () => {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const root = join(folder, 'store');
  const blobs = await openFilesystem(root);
  await store(blobs, 'one', someBytes(10));
  await blobs.incoming.create('two');
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  for (const each of all) {
    const { mode } = await stat(join(each.parentPath, each.name));
    expect((mode & 0o777).toString(8), each.name).toBe(each.isFile() ? '600' : '700');
  }
  expect(all.filter((each) => each.isFile())).toHaveLength(2);
  expect(((await stat(root)).mode & 0o777).toString(8)).toBe('700');
});

test('64 MiB are taken no faster than they are written, so few are in memory', async () => {
  const mebibyte = 1024 * 1024;
  const { incoming } = await openFilesystem(folder);
  await incoming.create('one');
  let produced = 0;
  let most = 0;
  function* pieces(): Generator<Buffer> {
    for (; produced < 64 * mebibyte; produced += 65_536) {
      most = Math.max(most, produced - statSync(join(folder, 'incoming', 'one')).size);
      yield Buffer.alloc(65_536, produced / 65_536);
    }
  }
  const body = Readable.from(pieces(), { objectMode: false });
  expect(await incoming.append('one', body, sha256)).toBe(64 * mebibyte);
  expect(most).toBeLessThan(6 * mebibyte);
});

test('a blob that is removed leaves no file', async () => {
  const blobs = await openFilesystem(folder);
  await blobs.remove(await store(blobs, 'one', someBytes(10)));
  await expect.poll(() => filesBelow(folder)).toEqual([]);
});

test('a damaged file is healed when its blob comes again', async () => {
  const blobs = await openFilesystem(folder);
  const bytes = someBytes(1000);
  const digest = await store(blobs, 'one', bytes);
  await truncate(join(folder, 'sha256', hexOf(digest).slice(0, 2), hexOf(digest)), 10);
  await store(blobs, 'two', bytes);
  expect((await readAll(await blobs.open(digest))).equals(bytes)).toBe(true);
});

test('bytes that were changed behind its back are no blob', async () => {
  const blobs = await openFilesystem(folder);
  const bytes = someBytes(1000);
  await blobs.incoming.create('one');
  await blobs.incoming.append('one', bodyOf(bytes), sha256);
  await truncate(join(folder, 'incoming', 'one'), 999);
  await expect(blobs.incoming.commit('one', digestOf(bytes))).rejects.toMatchObject({
    kind: 'digestInvalid',
  });
});

test("what is in the folder and is not ours is nobody's upload", async () => {
  const blobs = await openFilesystem(folder);
  await writeFile(join(folder, 'incoming', '.nfs0001'), '');
  await writeFile(join(folder, 'incoming', 'notes.txt'), '');
  await mkdir(join(folder, 'incoming', 'lost'));
  await blobs.incoming.create('one');
  await utimes(join(folder, 'incoming', 'lost'), 1, 1);
  expect(await blobs.incoming.idleSince(Date.now() + 60_000)).toEqual(['one']);
});

test('a folder that cannot be used is said at once', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(openFilesystem(join(folder, 'file'))).rejects.toThrow();
});

test('a process that is killed leaves bytes that another goes on with or sweeps', async () => {
  const blobs = await openFilesystem(folder);
  const bytes = Buffer.alloc(100_000, 'dockgate');
  await blobs.incoming.create('one');
  const program = `import { openFilesystem } from ${JSON.stringify(path('../../../registry/blobs/index.ts'))};
    const { incoming } = await openFilesystem(${JSON.stringify(folder)});
    await incoming.create('probe-1');
    await incoming.append('one', process.stdin, { algorithm: 'sha256', onGrowth: () => console.log('grown') });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.write(bytes.subarray(0, 60_000));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');

  const size = (await blobs.incoming.size('one')) ?? 0;
  expect(size).toBeGreaterThan(0);
  await blobs.incoming.append('one', bodyOf(bytes.subarray(size)), sha256);
  await blobs.incoming.commit('one', digestOf(bytes));
  expect((await readAll(await blobs.open(digestOf(bytes)))).equals(bytes)).toBe(true);
  const left = await blobs.incoming.idleSince(Date.now() + 60_000);
  expect(left).toEqual(['probe-1']);
  for (const id of left) await blobs.incoming.drop(id);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

describeWith(['namespaces'], 'a full disk', () => {
  const run = async (options: string) => {
    const script = `mount -t tmpfs -o ${options} tmpfs "$1" && exec "$2" "$3" "$1"`;
    const inner = ['sh', '-c', script, 'sh', folder, process.execPath, path('full-disk.ts')];
    const ended = await runProgram({ argv: [], forks: false }, ['unshare', '--mount', ...inner], folder);
    return JSON.parse(succeeded(ended).stdout) as unknown;
  };

  test('is said, loses nothing that was stored before, and leaves the way free when there is room again', async () => {
    expect(await run('size=4m')).toEqual({
      large: 'storageFull',
      streamed: 'storageFull',
      check: expect.stringContaining('ENOSPC') as string,
      probes: [],
      kept: true,
      after: 'fine',
    });
  });
});
