import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { openssl } from '../support/openssl.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded, type Outcome } from '../support/process.ts';
import { PROGRAM, runDockgate } from '../support/program.ts';
import { describeWith } from '../support/require-programs.ts';

let place: Place;
let dockgate: LoopbackDockgate;
beforeAll(async () => {
  place = await createLoopback();
  dockgate = await startLoopbackDockgate(place);
});
afterAll(async () => {
  await place.close();
});

const run = (argv: readonly string[], stdin = '', data = dockgate.data): Promise<Outcome> =>
  runDockgate(place, ['certs', ...argv, '--data', data], { stdin });
const kept = (file: string): Promise<string> => readFile(join(dockgate.data, 'certs', file), 'utf8');

interface Shown {
  readonly role: string;
  readonly subject: string;
  readonly names: readonly string[];
  readonly notBefore: string;
  readonly fingerprint: string;
  readonly daysLeft: number;
  readonly due?: string;
  readonly file: string;
  readonly served: readonly string[];
}

async function show(from = 'gateway'): Promise<readonly Shown[]> {
  const said = JSON.parse(succeeded(await run(['show', '--json'])).stdout) as {
    from: string;
    certificates: Shown[];
  };
  expect(said.from).toBe(from);
  return said.certificates;
}

/** Waits until the running gateway has taken what a command made; gives what it says then. */
async function untilServed(file: string): Promise<readonly Shown[]> {
  const wanted = new X509Certificate(await kept(file)).fingerprint256;
  let shown: readonly Shown[] = [];
  await vi.waitFor(
    async () => {
      shown = await show();
      expect(shown.map(({ fingerprint }) => fingerprint)).toContain(`SHA256:${wanted}`);
    },
    { timeout: 20_000, interval: 50 },
  );
  return shown;
}

/** The certificate that the running gateway shows to who connects now. */
async function presented(): Promise<X509Certificate | undefined> {
  const { hostname: host, port } = new URL(dockgate.url);
  const socket = tls.connect({ host, port: Number(port), servername: host, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  return certificate;
}

test('show says what is served, in words and as JSON', async () => {
  const [authority, server] = await show();
  const [ca, leaf] = [new X509Certificate(dockgate.ca), await presented()];
  expect(authority).toMatchObject({
    role: 'authority',
    fingerprint: `SHA256:${ca.fingerprint256}`,
    subject: expect.stringMatching(/^O=Dockgate, CN=Dockgate CA/) as string,
    file: join(dockgate.data, 'certs', 'ca.crt'),
  });
  expect(server).toMatchObject({
    role: 'server',
    fingerprint: `SHA256:${leaf?.fingerprint256 ?? ''}`,
    names: expect.arrayContaining(['localhost', '127.0.0.1']) as string[],
    daysLeft: 394,
  });
  const life = 397 * 86_400_000;
  const renewal = Date.parse(server?.due ?? '') - Date.parse(server?.notBefore ?? '');
  expect(renewal / life).toBeCloseTo(2 / 3, 5);

  const { stdout } = succeeded(await run(['show']));
  expect(stdout).toMatch(
    /^What the running gateway serves:\n\nauthority\n {2}subject +O=Dockgate, CN=Dockgate CA/,
  );
  expect(stdout).toMatch(/\nserver\n(.*\n)* {2}names +localhost, /);
  expect(stdout).toMatch(/ {2}valid +\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, 394 days left\n/);
  expect(stdout).toMatch(/ {2}renewal +\d{4}-\d\d-\d\d\n/);
  expect(stdout).toContain(`fingerprint  SHA256:${leaf?.fingerprint256 ?? ''}\n`);
  expect(stdout).toMatch(/ {2}served +port \d+: localhost\n/);
});

test('show reads the files when no gateway runs, and knows less then', async () => {
  const running = await show();
  await dockgate.stop();
  try {
    const [authority, server] = await show('files');
    expect([authority, server]).toEqual([
      { ...running[0], served: ['/ca.crt on port 443 and 80'] },
      { ...running[1], served: [expect.stringMatching(/^port 443: localhost, ./)] },
    ]);
    const { stdout } = succeeded(await run(['show']));
    expect(stdout).toMatch(/^No gateway runs here\. What the files hold:\n\nauthority\n/);
  } finally {
    await dockgate.start();
  }
});

test('renew gives the running gateway a new certificate for the same names', async () => {
  const [before, names] = [await presented(), (await show())[1]?.names];
  const { stdout } = succeeded(await run(['renew']));
  expect(stdout).toMatch(/^renewed until \d{4}-\d\d-\d\d for localhost/);
  const file = new X509Certificate(await kept('server.crt'));
  expect(file.raw).not.toEqual(before?.raw);
  expect((await untilServed('server.crt'))[1]?.names).toEqual(names);
  expect((await presented())?.raw).toEqual(file.raw);
  expect(new X509Certificate(dockgate.ca).raw).toEqual(new X509Certificate(await kept('ca.crt')).raw);
});

test('renew --authority makes the next CA, and --now lets it sign', async () => {
  const during = succeeded(await run(['renew', '--authority'])).stdout;
  const shown = await untilServed('ca-next.crt');
  expect(shown.map(({ role }) => role)).toEqual(['authority', 'next authority', 'cross', 'server']);
  const next = shown[1];
  expect(during).toContain(`the next CA: ${next?.fingerprint ?? ''}\n`);
  expect(during).toContain(`it signs from ${next?.due?.slice(0, 10) ?? ''} on`);
  expect(await kept('ca.crt')).toMatch(/^(-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n){2}$/);

  const after = succeeded(await run(['renew', '--authority', '--now'])).stdout;
  expect(after).toContain(`the new CA signs from now on: ${next?.fingerprint ?? ''}\n`);
  const [signing, cross] = await untilServed('server.crt');
  expect([signing?.fingerprint, cross?.role]).toEqual([next?.fingerprint, 'cross']);
  expect((await presented())?.raw).toEqual(new X509Certificate(await kept('server.crt')).raw);
});

describeWith(['openssl'], 'export', () => {
  const at = (name: string): string => join(place.folder, name);
  const mode = async (name: string): Promise<string> => ((await stat(at(name))).mode & 0o777).toString(8);

  test('writes what servers take, what clients trust, and PKCS#12', async () => {
    const files = ['--pem', at('server.pem'), '--bundle', at('trust.pem'), '--p12', at('server.p12')];
    const { stdout } = succeeded(await run(['export', ...files, '--password-stdin'], 'a pass: word\n'));
    expect(stdout).toBe(`wrote ${at('server.pem')}\nwrote ${at('trust.pem')}\nwrote ${at('server.p12')}\n`);
    expect([await mode('server.pem'), await mode('server.p12'), await mode('trust.pem')]).toEqual([
      '600',
      '600',
      '644',
    ]);
    const pem = await readFile(at('server.pem'), 'utf8');
    expect(pem).toBe((await kept('server.crt')) + (await kept('server.key')));
    expect(await readFile(at('trust.pem'), 'utf8')).toBe(await kept('ca.crt'));
    await writeFile(at('password'), 'a pass: word\n');
    const out = ['-in', at('server.p12'), '-passin', `file:${at('password')}`, '-nodes'];
    const argv = [process.execPath, PROGRAM, 'certs', 'export', '--data', dockgate.data];
    // A pipe, as people have it: what node makes for a child is a socket, which nobody can open.
    const line = ['sh', '-c', '"$@" --bundle /dev/stdout | cat', 'sh', ...argv];
    const printed = succeeded(await place.run(line));
    expect([printed.stdout, printed.stderr]).toEqual([await kept('ca.crt'), 'wrote /dev/stdout\n']);
    const read = openssl('pkcs12', ...out);
    const blocks = (text: string): string[] =>
      text.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
    expect(blocks(read).sort()).toEqual(blocks(pem).sort());
  });
});

describe('what cannot be done is said', () => {
  test.each<[string, string[], string, number, RegExp]>([
    ['nothing to export', ['export'], '', 2, /say what to write: --pem FILE, --bundle FILE or --p12 FILE/],
    ['an empty password', ['export', '--p12', '/x/y', '--password-stdin'], '', 2, /the password is empty/],
    ['another alphabet', ['export', '--p12', '/x/y', '--password-stdin'], 'ключ', 1, /must be made of ASCII/],
    ['no such folder', ['export', '--pem', '/nowhere/at/all'], '', 1, /cannot write \/nowhere\/at\/all/],
    ['at once, but what', ['renew', '--now'], '', 2, /--now goes with --authority/],
    ['an unknown option', ['show', '--jsno'], '', 2, /unknown option/],
  ])('%s', async (_case, argv, stdin, code, message) => {
    const outcome = await run(argv, stdin);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
  });

  test.each([
    ['show', /there is no certificate in .*empty yet: "dockgate serve" makes it/],
    [
      'renew',
      /there is no certificate in .*empty yet: "dockgate serve" makes it, or name its folder with --data/,
    ],
    ['export', /server\.crt does not exist: start the gateway once/],
  ])('%s of an empty folder', async (name, message) => {
    const argv = name === 'export' ? ['export', '--pem', join(place.folder, 'x')] : [name];
    const { code, stderr } = await run(argv, '', join(place.folder, 'empty'));
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    await expect(stat(join(place.folder, 'empty'))).rejects.toThrow('ENOENT');
  });
});
