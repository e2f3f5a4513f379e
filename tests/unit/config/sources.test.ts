import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../gateway/config/index.ts';
import { inFolder, load, report } from './load.ts';

const pageOnly = 'hosts: { page.io: { web: true } }\n';

test('dockgate.yaml of the working directory is read, --config wins over DOCKGATE_CONFIG, and that over it', async () => {
  await inFolder(async (cwd) => {
    for (const name of ['dockgate.yaml', 'env.yaml', 'option.yaml']) {
      await writeFile(path.join(cwd, name), `data: ${name}-data\n`);
    }
    const from = async (file: string | undefined, variable: string | undefined) =>
      (await loadConfig({ file, overrides: {}, env: { DOCKGATE_CONFIG: variable }, cwd })).file;
    expect(await from(undefined, undefined)).toBe(path.join(cwd, 'dockgate.yaml'));
    expect(await from(undefined, '')).toBe(path.join(cwd, 'dockgate.yaml'));
    expect(await from(undefined, 'env.yaml')).toBe(path.join(cwd, 'env.yaml'));
    expect(await from('option.yaml', 'env.yaml')).toBe(path.join(cwd, 'option.yaml'));
  });
});

test('a file that cannot be read is one problem', async () => {
  await inFolder(async (cwd) => {
    await mkdir(path.join(cwd, 'folder'));
    await writeFile(path.join(cwd, 'latin'), Buffer.from([0x64, 0xfc]));
    const reports = async (file: string) => report(undefined, { file, cwd });
    expect(await reports('none.yaml')).toEqual([expect.stringMatching(/^none\.yaml: there is no such file/)]);
    expect(await reports('folder')).toEqual([expect.stringMatching(/^folder: is a directory/)]);
    expect(await reports('latin')).toEqual([expect.stringMatching(/^latin: is not UTF-8 text/)]);
    expect(await reports('latin/x')).toEqual([expect.stringMatching(/^latin\/x: cannot be read: ENOTDIR/)]);
    expect(await report(undefined, { env: { DOCKGATE_CONFIG: 'none.yaml' }, cwd })).toHaveLength(1);
  });
});

test.skipIf(process.getuid?.() === 0)('a file of somebody else is one problem', async () => {
  await inFolder(async (cwd) => {
    await writeFile(path.join(cwd, 'x.yaml'), '');
    await chmod(path.join(cwd, 'x.yaml'), 0);
    expect(await report(undefined, { file: 'x.yaml', cwd })).toEqual([
      expect.stringMatching(/^x\.yaml: cannot be read by this user/),
    ]);
  });
});

test('paths in the file start at its folder, --data at the working directory', async () => {
  await inFolder(async (cwd) => {
    await mkdir(path.join(cwd, 'etc'));
    await writeFile(path.join(cwd, 'etc/x.yaml'), 'data: var\nblobStores: { big: { path: ../big } }\n');
    const request = { file: 'etc/x.yaml', cwd, env: {} };
    const written = await loadConfig({ ...request, overrides: {} });
    expect(written.data).toBe(path.join(cwd, 'etc/var'));
    expect(written.blobStores.get('default')?.path).toBe(path.join(cwd, 'etc/var/blobs'));
    expect(written.blobStores.get('big')?.path).toBe(path.join(cwd, 'big'));
    const env = { DOCKGATE_DATA: 'env' };
    expect((await loadConfig({ ...request, overrides: {}, env })).data).toBe(path.join(cwd, 'env'));
    expect((await loadConfig({ ...request, overrides: { data: 'opt' }, env })).data).toBe(
      path.join(cwd, 'opt'),
    );
  });
});

test('--https and --http win over the file', async () => {
  const config = await load('listen: { https: 1, http: 2 }', { overrides: { https: 8443, http: 0 } });
  expect(config.listen).toMatchObject({ https: 8443, http: 0 });
  expect((await load('listen: { http: 2 }', { overrides: { https: 8443 } })).listen.http).toBe(2);
  for (const off of ['false', '', 'null', '"${OFF}"']) {
    const listen = (await load(`listen: { http: ${off} }`, { env: { OFF: 'false' } })).listen;
    expect(listen).toMatchObject({ https: 443, http: false });
  }
});

test('mistakes in options are reported with those of the file', async () => {
  const overrides = { https: 70_000, http: NaN, hosts: ['ok.io', 'x.io:443'], data: '' };
  expect(await report('log: { level: loud }', { overrides })).toEqual([
    expect.stringMatching(/^command line: --data: is empty/),
    expect.stringMatching(/^command line: --host x\.io:443: has a port/),
    expect.stringMatching(/^command line: --https: is not a port/),
    expect.stringMatching(/^command line: --http: is not a port/),
    expect.stringMatching(/^dockgate\.yaml:1: log\.level: must be one of/),
  ]);
  expect(await report(undefined, { overrides: { http: 443 } })).toEqual([
    'command line: --http: port 443 is also used by listen.https; choose another',
  ]);
});

test('--host adds hosts that go where the first one goes', async () => {
  const overrides = { hosts: ['B.io', 'a.io', 'c.io', 'B.io'] };
  const { hosts } = await load(`hosts: { a.io: { read: quay }, c.io: { web: true } }`, { overrides });
  expect([...hosts.keys()]).toEqual(['a.io', 'c.io', 'b.io']);
  expect(hosts.get('c.io')).toEqual({ kind: 'page', web: true });
  expect(hosts.get('b.io')).toEqual({
    kind: 'split',
    read: { repository: 'quay' },
    write: undefined,
    web: false,
  });
  expect((await load(pageOnly, { overrides })).hosts.get('a.io')).toEqual({ kind: 'page', web: true });
  const defaults = (await load(undefined, { overrides })).hosts;
  expect([...defaults.keys()]).toEqual(['localhost', 'b.io', 'a.io', 'c.io']);
  expect(defaults.get('a.io')).toEqual(defaults.get('localhost'));
});

test("the machine's names are hosts when the file names none", async () => {
  const machineNames = ['Build-7', 'not_a_host', 'localhost', 'build-7.lan'];
  expect([...(await load(undefined, { machineNames })).hosts.keys()]).toEqual([
    'localhost',
    'build-7',
    'build-7.lan',
  ]);
  expect([...(await load(pageOnly, { machineNames })).hosts.keys()]).toEqual(['page.io']);
  expect([...(await load('hosts: {}', { machineNames })).hosts.keys()]).toEqual([]);
});

const split = (read: string, write?: string) => ({
  kind: 'split',
  read: { repository: read },
  write: write === undefined ? undefined : { repository: write },
  web: true,
});

test.each([
  ['a: { type: hosted }', split('a', 'a')],
  ['p: { type: proxy, upstream: https://p.io }', split('p')],
  ['a: { type: hosted }\n  g: { type: group, members: [a], writable: a }', split('g', 'a')],
  ['a: { type: hosted }\n  g: { type: group, members: [a] }', split('g')],
  [
    'docker-hosted: { type: hosted }\n  docker-group: { type: group, members: [docker-hosted] }\n  g: { type: group, members: [docker-group] }',
    split('docker-group', 'docker-hosted'),
  ],
])('without hosts, localhost goes to %s', async (repositories, host) => {
  const { hosts } = await load(`repositories:\n  ${repositories}\n`);
  expect([...hosts]).toEqual([['localhost', host]]);
});

test('writes to a group go to its writable member', async () => {
  const { hosts } = await load('hosts: { "[::1]": { read: docker-group, write: docker-group } }');
  expect(hosts.get('::1')).toMatchObject({ write: { repository: 'docker-hosted' } });
});

test('HTTPS can be off when a trusted proxy speaks it', async () => {
  const { listen } = await load('listen: { https: false }\ntrustedProxies: [127.0.0.1]');
  expect(listen).toEqual({ https: false, http: 80, proxyProtocol: false });
});

test('HTTPS can be off when only connectors are served', async () => {
  const config = await load(
    'hosts: {}\nlisten: { https: false }\nconnectors: { 5000: { repository: quay, address: ::1 } }',
  );
  expect(config.listen.https).toBe(false);
  expect(config.connectors).toMatchObject([{ port: 5000, repository: 'quay', tls: false, address: '::1' }]);
});
