import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseHtpasswd } from '../../../registry/access/htpasswd-lines.ts';
import { createHtpasswd, type Htpasswd } from '../../../registry/access/htpasswd.ts';
import { describeWith } from '../../support/require-programs.ts';
import { htpasswd as runHtpasswd } from './htpasswd-program.ts';
import { clock } from './stores.ts';
import { hashAs } from './hash-as.ts';

const first = await hashAs('2y', 'first', 4);
const second = await hashAs('2y', 'second', 4);

test('reads bcrypt lines, skips comments and blank lines, takes CRLF and further fields', () => {
  const text = `# users\r\n\r\nalice:${first}\r\n  \nbob:${second}:Bob B.\n#carol:${first}\ndora:${first}`;
  const { hashes, problems } = parseHtpasswd(text);
  expect([...hashes]).toEqual([
    ['alice', first],
    ['bob', second],
    ['dora', first],
  ]);
  expect(problems).toEqual([]);
});

test.each([
  ['u:$apr1$Zx1$abc', /MD5/],
  ['u:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /SHA-1/],
  ['u:$6$salt$hash', /SHA-512/],
  ['u:$5$salt$hash', /SHA-256/],
  ['u:$1$salt$hash', /MD5/],
  ['u:rqXexS6ZhobKA', /not bcrypt/],
  [`u:${first.slice(0, -3)}`, /damaged/],
  ['u', /user:hash/],
  ['u:', /user:hash/],
  [`:${first}`, /user:hash/],
])('%s is skipped and said so, and the next line works', (line, message) => {
  const { hashes, problems } = parseHtpasswd(`# comment\n${line}\nalice:${first}\n`);
  expect([...hashes.keys()]).toEqual(['alice']);
  expect(problems).toEqual([{ line: 2, message: expect.stringMatching(message) as string }]);
});

test('a problem never shows the hash', () => {
  expect(JSON.stringify(parseHtpasswd('u:rqXexS6ZhobKA').problems)).not.toContain('rqXexS6ZhobKA');
});

test('the first line of a user counts, as in Apache, even when it is of no use', () => {
  const twice = parseHtpasswd(`alice:${first}\nalice:${second}\n`);
  expect(twice.hashes.get('alice')).toBe(first);
  expect(twice.problems).toMatchObject([{ line: 2 }]);
  expect(parseHtpasswd(`alice:{SHA}x\nalice:${second}\n`).hashes.size).toBe(0);
});

let folder: string;
let file: string;
let reports: { message: string; line: number | undefined }[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dg-'));
  file = join(folder, 'htpasswd');
  reports = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function open(now?: () => number): Htpasswd {
  return createHtpasswd(file, (message, { line }) => reports.push({ message, line }), now);
}

/** A file that was written a while ago, so that nobody waits for it to settle. */
async function write(text: string, path = file): Promise<void> {
  await writeFile(path, text);
  const before = new Date(Date.now() - 5000);
  await utimes(path, before, before);
}

test('finds users, and reports each problem once with its line', async () => {
  await write(`alice:${first}\nbob:{SHA}x\n`);
  const htpasswd = open();
  expect(await htpasswd.find('alice')).toBe(first);
  expect(await htpasswd.find('bob')).toBeUndefined();
  expect(reports).toMatchObject([{ line: 2 }]);
});

test('a missing file is reported once and has no users; made later, it works at once', async () => {
  const htpasswd = open();
  expect(await htpasswd.find('alice')).toBeUndefined();
  await htpasswd.find('alice');
  expect(reports).toMatchObject([{ message: expect.stringContaining('not there') as string }]);
  await writeFile(file, `alice:${first}\n`);
  expect(await htpasswd.find('alice')).toBe(first);
});

describeWith(['htpasswd'], 'the program htpasswd', () => {
  test('makes, adds, changes and removes users, each known at once', async () => {
    const htpasswd = open();
    runHtpasswd('-Bbc', file, 'alice', 'one');
    const before = await htpasswd.find('alice');
    expect(before).toMatch(/^\$2y\$/);
    runHtpasswd('-Bb', file, 'bob', 'two');
    expect(await htpasswd.find('bob')).toMatch(/^\$2y\$/);
    runHtpasswd('-Bb', file, 'alice', 'three');
    expect(await htpasswd.find('alice')).not.toBe(before);
    runHtpasswd('-D', file, 'bob');
    expect(await htpasswd.find('bob')).toBeUndefined();
    expect(reports).toEqual([]);
  });
});

test('a change in place is seen by the next find, also a moment after it', async () => {
  await write(`alice:${first}\n`);
  const htpasswd = open();
  await htpasswd.find('alice');
  await appendFile(file, `bob:${second}\n`);
  expect(await htpasswd.find('bob')).toBe(second);
});

test('a replacement by rename is seen, even of the same size and time', async () => {
  await write(`alice:${first}\n`);
  const htpasswd = open();
  await htpasswd.find('alice');
  await write(`alice:${second}\n`, `${file}~`);
  await rename(`${file}~`, file);
  expect(await htpasswd.find('alice')).toBe(second);
});

test('a file that is being rewritten does not log users out', async () => {
  await write(`alice:${first}\n`);
  const { now, move } = clock(Date.now() + 3_600_000);
  const htpasswd = open(now);
  await htpasswd.find('alice');
  // Emptied at this very moment of the clock, which stands still: the file is not settled until it is written anew.
  await writeFile(file, '');
  await utimes(file, now() / 1000, now() / 1000);
  const found = htpasswd.find('alice');
  await writeFile(`${file}~`, `alice:${first}\nbob:${second}\n`);
  await rename(`${file}~`, file);
  move(3_600_000);
  expect(await found).toBe(first);
  expect(await htpasswd.find('bob')).toBe(second);
});

test('a file that cannot be read is reported, and its users stay', async () => {
  await write(`alice:${first}\n`);
  const htpasswd = open();
  await htpasswd.find('alice');
  await rm(file);
  await write('', join(folder, 'other'));
  await rename(folder, `${folder}-moved`);
  await writeFile(folder, 'a file where the folder was');
  try {
    expect(await htpasswd.find('alice')).toBe(first);
    expect(await htpasswd.find('alice')).toBe(first);
    expect(reports).toMatchObject([{ message: expect.stringContaining('stay as they were') as string }]);
  } finally {
    await rm(folder);
    await rename(`${folder}-moved`, folder);
  }
});

test('a file that is gone for a second has no users any more', async () => {
  const { now, move } = clock();
  await write(`alice:${first}\n`);
  const htpasswd = open(now);
  await htpasswd.find('alice');
  await rm(file);
  expect(await htpasswd.find('alice')).toBe(first);
  move(999);
  expect(await htpasswd.find('alice')).toBe(first);
  move(1);
  expect(await htpasswd.find('alice')).toBeUndefined();
});
