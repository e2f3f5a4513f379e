import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../doctor/index.ts';
import { createDockgate, type Dockgate } from '../support/dockgate.ts';
import { ownCertificate, problems, said } from '../support/examined.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { startNginxFront } from '../support/nginx-front.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded, type Outcome } from '../support/process.ts';
import { createClient } from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { createUpstream } from '../support/upstream.ts';

const program = fileURLToPath(new URL('../../bin/dockgate.js', import.meta.url));
const limit = 90_000;

const dockgate = (place: Place, argv: readonly string[], stdin = ''): Promise<Outcome> =>
  place.run([process.execPath, program, ...argv], { stdin, folder: place.folder });

function findingsOf({ stdout, stderr }: Outcome): readonly Finding[] {
  if (!stdout.startsWith('{')) throw new Error(`no JSON: ${stdout}${stderr}`);
  return hostsOf(stdout).flatMap(({ findings }) => findings);
}

function hostsOf(stdout: string): readonly { host: string; findings: readonly Finding[] }[] {
  return (JSON.parse(stdout) as { hosts: { host: string; findings: readonly Finding[] }[] }).hosts;
}

const configuration = (blobs: string): Readonly<Record<string, unknown>> => ({
  hosts: {
    '*.idocker.test': { read: 'group', write: 'hosted' },
    'page.test': { web: true },
    'idocker.test': { read: 'group', write: 'hosted' },
  },
  blobStores: { default: { type: 'filesystem', path: blobs } },
  repositories: {
    hosted: { type: 'hosted' },
    group: { type: 'group', members: ['hosted'], writable: 'hosted' },
  },
});

describe('dockgate doctor HOST:PORT --data', () => {
  let place: Place;
  let gateway: LoopbackDockgate;
  let host: string;
  beforeAll(async () => {
    place = await createLoopback();
    gateway = await startLoopbackDockgate(place);
    host = new URL(gateway.url).host;
  });
  afterAll(async () => {
    await place.close();
  });
  /** What clients see: names, and tags of the probe. */
  const contents = async (): Promise<readonly unknown[]> => {
    const client = createClient(gateway);
    const asked = ['/v2/_catalog', '/v2/dockgate-doctor/probe/tags/list'].map(async (path) => {
      const { status, body } = await client.send('GET', path);
      return [status, body.toString()];
    });
    const answers = await Promise.all(asked);
    client.close();
    return answers;
  };
  /** In bytes; blobs that nothing refers to any more are files until the garbage is collected. */
  const filesize = async (): Promise<number> => {
    const folder = join(gateway.data, 'blobs');
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const sizes = files
      .filter((each) => each.isFile())
      .map(async (each) => (await stat(join(each.parentPath, each.name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  };
  const users = async (): Promise<string> =>
    succeeded(await dockgate(place, ['user', 'list', '--data', gateway.data])).stdout;

  test(
    'logs in by itself, prints a line for each check, and takes its user back',
    { timeout: limit },
    async () => {
      const before = await contents();
      const { code, stdout, stderr } = await dockgate(place, ['doctor', host, '--data', gateway.data]);
      expect([code, stderr], stdout).toEqual([0, '']);
      expect(await contents()).toEqual(before);
      expect(await filesize()).toBeLessThan(4096);
      expect(stdout).toMatch(
        /^ok +upload +pushed localhost:\d+\/dockgate-doctor\/probe:probe-\w+ \(\d+ ms\)$/m,
      );
      expect(stdout).toContain(`Nothing is wrong with ${host}.`);
      expect(await users()).toBe('admin\tadmin\n');
    },
  );

  test('takes everything back when it is interrupted', { timeout: limit }, async () => {
    const argv = [process.execPath, program, 'doctor', host, '--data', gateway.data];
    const running = place.spawn(argv, { folder: place.folder });
    await running.waitFor(/^ok +upload-buffering/m);
    expect(await users()).toContain('doctor-');
    await running.signal('SIGINT');
    expect(await running.ended).toMatchObject({ code: 1, signal: null });
    expect(running.output()).toMatch(/^skipped +upstreams +it was ended early/m);
    expect(running.output()).not.toContain('could not be taken back');
    expect(await users()).toBe('admin\tadmin\n');
    const client = createClient(gateway);
    const { body } = await client.send('GET', '/v2/dockgate-doctor/probe/tags/list');
    client.close();
    expect(body.toString()).not.toContain('probe-');
  });

  test.each([
    [['ho/st'], 'is no host'],
    [['--user'], 'argument missing'],
    [['x.test', '--password-stdin'], 'wants --user'],
    [['x.test', '--pause', '1h'], 'must be a number of seconds'],
    [['x.test', '--ca', '/nowhere.pem'], 'name a PEM file with --ca'],
    [['x.test', '--ca', program], 'has no certificate'],
  ])('%j: what is wrong, and 2', async (argv, text) => {
    const { code, stdout, stderr } = await dockgate(place, ['doctor', ...argv]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });

  test('a host that there is not: 1', async () => {
    const { code, stdout, stderr } = await dockgate(place, ['doctor', 'nowhere.invalid', '--json']);
    expect([code, stderr]).toEqual([1, 'dockgate: 1 error and 0 warnings at nowhere.invalid\n']);
    expect(stdout).toMatch(/nowhere\.invalid has no address/);
  });
});

describe('dockgate doctor, without a user', () => {
  test('goes as far as it can, and says so', { timeout: limit }, async () => {
    await using place = await createLoopback();
    const { data, url } = await startLoopbackDockgate(place);
    const { host } = new URL(url);
    const argv = ['doctor', host, '--ca', join(data, 'certs', 'ca.crt')];
    const { code, stdout } = await dockgate(place, argv);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^skipped +login +no user was named[^]*--user NAME/m);
    expect(stdout).toMatch(/^skipped +data +the data folder is on another machine/m);
    expect(stdout).toContain(`Nothing is wrong with ${host}, as far as it was examined.`);
  });
});

describeWith(['nginx', 'docker-registry', 'htpasswd'], 'dockgate doctor, for a registry of others', () => {
  test('with a user and an authority', { timeout: limit }, async () => {
    await using place = await createLoopback();
    const account = { user: 'robot', password: 's3cret' };
    const { cert, key } = await ownCertificate(place);
    const { url } = await createUpstream(place, { auth: { type: 'basic', account } });
    const port = await startNginxFront(place, { cert, key, backend: url });
    const argv = [
      'doctor',
      `127.0.0.1:${port}`,
      '--ca',
      cert,
      '--user',
      'robot',
      '--password-stdin',
      '--json',
    ];
    const outcome = await dockgate(place, argv, 's3cret\n');
    expect(outcome.code, outcome.stdout).toBe(0);
    const found = findingsOf(outcome);
    expect(problems(found)).toEqual([]);
    expect(said(found, 'upstreams')).toContain('this is not Dockgate');
  });
});

describeWith(['namespaces'], 'dockgate doctor, on a machine of its own', () => {
  let machine: Machine;
  let running: Dockgate;
  let blobs: string;
  const sh = async (script: string): Promise<Outcome> =>
    succeeded(await machine.run(['sh', '-c', script, blobs]));
  const doctor = async (): Promise<readonly Finding[]> => {
    const argv = ['doctor', '--data', running.data, '--config', `${running.data}.yaml`, '--json'];
    return findingsOf(await dockgate(machine, argv));
  };
  beforeAll(async () => {
    machine = await createMachine({ hosts: { 'idocker.test': ADDRESS } });
    blobs = join(machine.folder, 'blobs');
    await sh('mkdir "$0" && mount -t tmpfs -o size=2g tmpfs "$0"');
    running = await createDockgate(machine, {
      config: configuration(blobs),
    });
  });
  afterAll(async () => {
    await machine.close();
  });

  test('finds the first host and its ports by itself, and nothing wrong', { timeout: limit }, async () => {
    const found = await doctor();
    expect(problems(found), JSON.stringify(found, undefined, 1)).toEqual([]);
    expect(said(found, 'upload')).toContain('pushed idocker.test/dockgate-doctor/probe');
    expect(said(found, 'plain-http')).toContain('sends clients to https://idocker.test');
  });

  test('goes through every host of the configuration', { timeout: limit }, async () => {
    const file = `${running.data}-two.yaml`;
    const split = { read: 'group', write: 'hosted' };
    const { repositories, ...rest } = configuration(blobs);
    const two = { ...rest, repositories, hosts: { 'gone.test': split, 'idocker.test': split } };
    await writeFile(file, JSON.stringify(two));
    const { code, stdout, stderr } = await dockgate(machine, [
      'doctor',
      '--data',
      running.data,
      '--config',
      file,
      '--json',
    ]);
    expect([code, stderr]).toEqual([1, 'dockgate: 1 error and 0 warnings at gone.test\n']);
    expect(hostsOf(stdout).map(({ host, findings }) => [host, problems(findings)])).toEqual([
      ['gone.test', ['error: name']],
      ['idocker.test', []],
    ]);
  });

  test('a full disk', { timeout: limit }, async () => {
    await sh('mount -o remount,size=8m "$0"');
    const found = await doctor();
    await sh('mount -o remount,size=2g "$0"');
    expect(problems(found)).toEqual(['error: data', 'error: upload-size']);
    expect(said(found, 'data')).toMatch(/MiB free\nfree space there/);
    expect(said(found, 'upload-size')).toMatch(/507 [^]*is full/);
  });

  test('data that cannot be written', { timeout: limit }, async () => {
    await sh('mount -o remount,ro "$0"');
    const found = await doctor();
    await sh('mount -o remount,rw "$0"');
    expect(problems(found)).toEqual(['error: data', 'error: ready', 'error: upload']);
    expect(said(found, 'data')).toMatch(/mounted read-only[^]*remount,rw/);
  });

  test('no data that can be written at all, then no room for any', { timeout: limit }, async () => {
    await running.stop();
    const move = 'cp -a "$1" "$1.kept" && mount -t tmpfs -o size=2g tmpfs "$1" && cp -a "$1.kept/." "$1"';
    succeeded(await machine.run(['sh', '-c', move, 'sh', running.data]));
    await running.start();
    // Files that are open for writing keep a whole file system from becoming read-only.
    const bind = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"';
    succeeded(await machine.run(['sh', '-c', bind, 'sh', running.data]));
    const unwritable = await doctor();
    succeeded(await machine.run(['umount', running.data]));
    succeeded(await machine.run(['sh', '-c', 'cat /dev/zero > "$1/filler" || true', 'sh', running.data]));
    const full = await doctor();
    succeeded(await machine.run(['rm', join(running.data, 'filler')]));
    expect(said(unwritable, 'data')).toContain('mounted read-only');
    expect(problems(unwritable)).toEqual(['error: data', 'error: login']);
    expect(said(full, 'data')).toContain('has 0 MiB free');
    expect(problems(full)).toEqual(['error: data', 'error: login']);
  });

  test('a gateway that does not run', { timeout: limit }, async () => {
    await running.stop();
    const found = await doctor();
    await running.start();
    expect(problems(found)).toEqual(['error: port']);
    expect(said(found, 'port')).toMatch(/443 of 10\.99\.0\.1[^]*dockgate serve/);
  });
});
