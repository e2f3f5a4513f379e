import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../gateway/cli/failure.ts';
import { trustCommand } from '../../gateway/cli/trust.ts';
import { createAuthority } from '../support/authority.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { offeredCertificates } from '../../certs/index.ts';

const MINUTE = 60_000;

let place: Place;
let pem: string;
let fingerprint: string;
let server: http.Server;
let host: string;
let root: string;
/** What the server's clock is ahead of ours, in milliseconds. */
let ahead: number;

beforeAll(async () => {
  place = await createLoopback();
  pem = (await createAuthority(place)).ca;
  fingerprint = offeredCertificates(pem, 'ca.crt')[0]?.fingerprint ?? '';
  server = http.createServer((request, reply) => {
    reply.setHeader('Date', new Date(Date.now() + ahead).toUTCString());
    if (request.url === '/ca.crt') reply.end(pem);
    else reply.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await place.close();
});
let count = 0;
beforeEach(async () => {
  ahead = 0;
  root = join(place.folder, `root-${String((count += 1))}`);
  await mkdir(join(root, 'etc/docker'), { recursive: true });
});
const listed = async (): Promise<string[]> => (await readdir(root, { recursive: true })).toSorted();

interface Said {
  readonly out: string;
  readonly err: string;
  readonly failure: Failure | undefined;
}

/** Runs the command in this process; `answer` is typed at a terminal, undefined: there is none. */
async function trust(args: readonly string[], answer?: string): Promise<Said> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stdin = Object.assign(Readable.from([answer ?? '']), { isTTY: answer !== undefined });
  const command = trustCommand({ env: {}, stdin, stdout, stderr });
  const failure = await command
    .parseAsync(['--root', root, ...args], { from: 'user' })
    .then(() => undefined)
    .catch((fault: unknown) => fault);
  if (failure !== undefined && !(failure instanceof Failure)) throw failure as Error;
  stdout.end();
  stderr.end();
  return { out: await text(stdout), err: await text(stderr), failure };
}

describe('at a terminal', () => {
  test('shows what it found and asks; yes installs', async () => {
    const { out, err, failure } = await trust([host], 'y\n');
    expect(failure).toBeUndefined();
    expect(out).toContain(`fingerprint  ${fingerprint}`);
    expect(out).toContain('subject      CN=test root');
    expect(out).toContain('docker (/etc/docker is here)');
    expect(out).toMatch(/valid +\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\n/);
    expect(out).not.toContain('The clock');
    expect(err).toContain('[y/N]');
    expect(await readFile(join(root, `etc/docker/certs.d/${host}/ca.crt`), 'utf8')).toBe(pem);
  });

  test('a pasted fingerprint is compared: the right one installs, another one is refused', async () => {
    const other = fingerprint.replace(/..$/, (end) => (end === '00' ? '11' : '00'));
    const { failure } = await trust([host], `${other}\n`);
    expect(failure?.message).toContain('gave another certificate than the one you want to trust');
    expect(failure?.message).toContain(`expected\n  ${other}\n`);
    expect(await listed()).toEqual(['etc', 'etc/docker']);
    expect((await trust([host], `${fingerprint.toLowerCase()}\n`)).failure).toBeUndefined();
    expect(await readFile(join(root, `etc/docker/certs.d/${host}/ca.crt`), 'utf8')).toBe(pem);
  });

  test.each(['\n', 'n\n', 'no\n', 'yo\n', ''])('%j changes nothing', async (answer) => {
    const before = await listed();
    const { failure } = await trust([host], answer);
    expect(failure?.message).toBe('nothing was changed');
    expect(await listed()).toEqual(before);
  });
});

test('without a terminal and a fingerprint it is wrong usage', async () => {
  const { failure } = await trust([host]);
  expect(failure).toMatchObject({ exitCode: 2 });
  expect(failure?.message).toContain('give --fingerprint');
});

test.each([
  [['a/b'], 'is no registry'],
  [['a.io', '--fingerprint', 'x'], 'is no SHA-256 fingerprint'],
])('%j is wrong usage', async (args, words) => {
  const { failure } = await trust(args);
  expect(failure).toMatchObject({ exitCode: 2 });
  expect(failure?.message).toContain(words);
});

test('one JSON object with --json, and one when it is taken back', async () => {
  const before = await listed();
  const installed = await trust([host, '--json', '--docker', '--fingerprint', fingerprint]);
  expect(JSON.parse(installed.out)).toMatchObject({
    host,
    address: `http://${host}/ca.crt`,
    certificates: [{ subject: 'CN=test root', fingerprint, trusted: true }],
    stores: [{ store: 'docker', done: [`wrote /etc/docker/certs.d/${host}/ca.crt`] }],
  });
  const removed = await trust([host, '--json', '--uninstall']);
  expect(JSON.parse(removed.out)).toMatchObject({ host, stores: [{ store: 'docker' }] });
  expect(await listed()).toEqual(before);
});

test.each([
  [23 * 60 * MINUTE, '23 h 0 min behind'],
  [-3 * 24 * 60 * MINUTE, '3 d 0 h ahead of'],
  [7 * MINUTE, '7 min behind'],
])('clocks that differ by %i ms are named', async (difference, words) => {
  ahead = difference;
  const { out } = await trust([host, '--fingerprint', fingerprint]);
  expect(out).toContain(` is ${words} that of ${host}`);
  const times = [...out.matchAll(/\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\)/g)].map(([, time = '']) =>
    Date.parse(time),
  );
  const [here = 0, there = 0] = times;
  expect(Math.round((there - here) / MINUTE)).toBe(difference / MINUTE);
  expect(out).toContain('timedatectl');
  expect(out.includes('may refuse')).toBe(Math.abs(difference) > 24 * 60 * MINUTE);
});

test('where nothing answers, it says what both ports said', async () => {
  const { failure } = await trust(['127.0.0.1:1', '--fingerprint', fingerprint]);
  expect(failure?.message).toContain('there is no ca.crt at 127.0.0.1:1');
  expect(failure?.message).toMatch(/http:\/\/127\.0\.0\.1:1\/ca\.crt: .*\n.*https:\/\/127/);
  expect(failure?.exitCode).toBe(1);
});

test('--uninstall needs no server, and says when there is nothing', async () => {
  const { out, failure } = await trust(['127.0.0.1:1', '--uninstall']);
  expect(failure).toBeUndefined();
  expect(out).toContain('nothing was changed');
});

test('the help names no value that nobody would type', () => {
  const world = { stdout: new PassThrough(), stderr: new PassThrough(), stdin: Readable.from([]), env: {} };
  const help = trustCommand(world).helpInformation();
  expect(help).toContain('--fingerprint <sha256>');
  expect(help).not.toContain('default: []');
});
