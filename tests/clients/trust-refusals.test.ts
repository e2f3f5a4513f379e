import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setupScript, setupText } from '../../web/index.ts';
import { createAuthority, type Authority } from '../support/authority.ts';
import { dockgate, treeOf } from '../support/clients/trust-installer.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import type { Outcome } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';

const HOST = 'idocker.test';
/** Those of the shells that a script may meet that this machine has; sh is always one of them. */
const SHELLS = ['dash', 'bash', 'busybox', 'sh'].filter(
  (shell) => spawnSync('sh', ['-c', 'command -v "$0"', shell]).status === 0,
);

/** Answers every path on ports 80 and 443 with one file. */
const SERVER = `
const { readFileSync } = require('node:fs');
const [file, cert, key] = process.argv.slice(1);
const answer = (_, reply) => reply.end(readFileSync(file));
require('node:http').createServer(answer).listen(80, '${ADDRESS}', () =>
  require('node:https').createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer)
    .listen(443, '${ADDRESS}', () => console.log('ready')));
`;

const fingerprintOf = (pem: string): string => `SHA256:${new X509Certificate(pem).fingerprint256}`;

/** Somebody who stands between a client and its registry, with an authority of his own. */
describeWith(['namespaces', 'openssl', 'curl'], 'a man in the middle', () => {
  let machine: Machine;
  let real: Authority;
  let stranger: Authority;
  let offered: string;
  let before: string;
  const wanted = (): string => fingerprintOf(real.ca);

  beforeAll(async () => {
    machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
    real = await createAuthority(machine, 'real');
    stranger = await createAuthority(machine, 'stranger');
    const { cert, key } = await stranger.issue(HOST);
    offered = join(machine.folder, 'offered.crt');
    await writeFile(offered, stranger.ca);
    await machine.spawn([process.execPath, '-e', SERVER, offered, cert, key]).waitFor(/ready/);
    const facts = { registry: HOST, plain: HOST };
    for (const name of ['docker', 'containerd', 'system'] as const)
      await writeFile(join(machine.folder, `${name}.sh`), setupScript(name, facts));
    before = await treeOf(machine);
  });
  afterAll(() => machine.close());

  const says = (outcome: Outcome): void => {
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('gave another certificate than the one you want to trust');
    expect(outcome.stderr.replaceAll(':', '')).toContain(wanted().replaceAll(':', ''));
    expect(outcome.stderr.replaceAll(':', '')).toContain(fingerprintOf(stranger.ca).replaceAll(':', ''));
    expect(outcome.stderr).toContain('Nothing was changed.');
  };
  const runScript = (shell: string, name: string, ...args: readonly string[]): Promise<Outcome> => {
    const argv = shell === 'busybox' ? ['busybox', 'sh'] : [shell];
    return machine.run([...argv, join(machine.folder, `${name}.sh`), ...args]);
  };

  test('is refused by dockgate trust', async () => {
    says(await dockgate(machine, 'trust', HOST, '--docker', '--fingerprint', wanted()));
    expect(await treeOf(machine)).toBe(before);
  });

  test.each(SHELLS)('is refused by the scripts in %s', async (shell) => {
    for (const name of ['docker', 'containerd', 'system']) says(await runScript(shell, name, wanted()));
    expect(await treeOf(machine)).toBe(before);
  });

  test('is refused by the lines that people copy, before his script is fetched', async () => {
    const facts = { registry: HOST, plain: HOST, secure: true, mirrors: [], anonymous: false };
    const text = setupText({ ...facts, fingerprints: [wanted()] });
    const [lines = ''] = /\( set -e;[\s\S]*?sh docker\.sh[\s\S]*? \)$/m.exec(text) ?? [];
    await writeFile(offered, stranger.ca);
    const outcome = await machine.run(['sh', '-xc', lines.replaceAll('sudo ', '')]);
    expect(outcome.code).not.toBe(0);
    expect(outcome.stderr).toContain('Stopped: ca.crt has another fingerprint');
    expect(outcome.stderr).not.toContain('--cacert');
    expect(await treeOf(machine)).toBe(before);
  });

  describe('who adds his certificate behind the right one', () => {
    beforeAll(() => writeFile(offered, `${real.ca}${stranger.ca}`));
    afterAll(() => writeFile(offered, stranger.ca));
    const installed = (): Promise<string> =>
      readFile(machine.etc(`/etc/docker/certs.d/${HOST}/ca.crt`), 'utf8');

    test('has it left out by dockgate trust', async () => {
      const outcome = await dockgate(machine, 'trust', HOST, '--docker', '--fingerprint', wanted());
      expect(outcome.code).toBe(0);
      expect(outcome.stdout).toContain(`not trusted: ${fingerprintOf(stranger.ca)}`);
      expect(fingerprintOf(await installed())).toBe(wanted());
      expect((await installed()).match(/BEGIN/g)).toHaveLength(1);
      await dockgate(machine, 'trust', HOST, '--uninstall');
      expect(await treeOf(machine)).toBe(before);
    });

    test.each(SHELLS)('has it left out by the script in %s', async (shell) => {
      expect((await runScript(shell, 'docker', wanted())).code).toBe(0);
      expect((await installed()).match(/BEGIN/g)).toHaveLength(1);
      expect(fingerprintOf(await installed())).toBe(wanted());
      expect((await runScript(shell, 'docker', '--uninstall')).code).toBe(0);
      expect(await treeOf(machine)).toBe(before);
    });
  });

  test('a hosts.toml of somebody else is not touched by the script, which says what to add', async () => {
    const toml = `/etc/containerd/certs.d/${HOST}/hosts.toml`;
    await machine.write(toml, 'server = "https://elsewhere"\n');
    const theirs = await treeOf(machine);
    const outcome = await runScript('sh', 'containerd', fingerprintOf(stranger.ca));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`ca = "/etc/containerd/certs.d/${HOST}/dockgate-ca.crt"`);
    expect(await readFile(machine.etc(toml), 'utf8')).toBe('server = "https://elsewhere"\n');
    expect((await runScript('sh', 'containerd', '--uninstall')).code).toBe(0);
    expect(await treeOf(machine)).toBe(theirs);
    await machine.run(['rm', '-r', `/etc/containerd/certs.d/${HOST}`]);
  });

  test('what a script replaces comes back', async () => {
    const path = `/etc/docker/certs.d/${HOST}/ca.crt`;
    await machine.write(path, 'an older one');
    const theirs = await treeOf(machine);
    for (let twice = 0; twice < 2; twice += 1)
      expect((await runScript('sh', 'docker', fingerprintOf(stranger.ca))).code).toBe(0);
    expect(await readFile(machine.etc(path), 'utf8')).toBe(stranger.ca);
    expect((await runScript('sh', 'docker', '--uninstall')).code).toBe(0);
    expect(await treeOf(machine)).toBe(theirs);
    await machine.run(['rm', '-r', `/etc/docker/certs.d/${HOST}`]);
  });

  test('what somebody changed since is left, and a link comes back as a link', async () => {
    const folder = `/etc/docker/certs.d/${HOST}`;
    const link = ['sh', '-c', `mkdir ${folder} && ln -s /nowhere ${folder}/ca.crt`];
    expect((await machine.run(link)).code).toBe(0);
    const theirs = await treeOf(machine);
    expect((await runScript('sh', 'docker', fingerprintOf(stranger.ca))).code).toBe(0);
    expect((await runScript('sh', 'docker', '--uninstall')).code).toBe(0);
    expect(await treeOf(machine)).toBe(theirs);
    await machine.run(['rm', '-r', folder]);

    expect((await runScript('sh', 'docker', fingerprintOf(stranger.ca))).code).toBe(0);
    await machine.write(`${folder}/ca.crt`, 'changed');
    const { stdout } = await runScript('sh', 'docker', '--uninstall');
    expect(stdout).toContain(`left ${folder}/ca.crt alone`);
    expect(await readFile(machine.etc(`${folder}/ca.crt`), 'utf8')).toBe('changed');
    await machine.run(['rm', '-r', folder]);
    expect(await treeOf(machine)).toBe(before);
  });

  test('scripts and dockgate trust that run at the same time take turns; the last takes the folders along', async () => {
    await machine.run(['rm', '-r', '/etc/docker', '/etc/containers/certs.d', '/etc/containerd']);
    const bare = await treeOf(machine);
    const names = ['docker', 'podman', 'containerd'] as const;
    const hosts = ['a.test', 'b.test:8443'];
    for (const registry of hosts)
      for (const name of names)
        await writeFile(
          join(machine.folder, `${name}-${registry}.sh`),
          setupScript(name, { registry, plain: HOST }),
        );
    const all = (script: string, ...trust: readonly string[]): Promise<readonly Outcome[]> =>
      Promise.all([
        ...hosts.flatMap((host) => names.map((name) => runScript('sh', `${name}-${host}`, script))),
        dockgate(machine, 'trust', HOST, ...trust),
      ]);
    const wanted = fingerprintOf(stranger.ca);
    for (const { code, stderr } of await all(wanted, '--docker', '--podman', '--fingerprint', wanted))
      expect([code, stderr]).toEqual([0, '']);
    for (const host of [...hosts, HOST])
      expect(await readFile(machine.etc(`/etc/docker/certs.d/${host}/ca.crt`), 'utf8')).toBe(stranger.ca);
    for (const { code, stderr } of await all('--uninstall', '--uninstall'))
      expect([code, stderr]).toEqual([0, '']);
    expect(await treeOf(machine)).toBe(bare);
    await machine.run([
      'mkdir',
      '-p',
      '/etc/docker/certs.d',
      '/etc/containers/certs.d',
      '/etc/containerd/certs.d',
    ]);
    expect(await treeOf(machine)).toBe(before);
  });

  test('a script without openssl and curl does the same with sha256sum and wget', async () => {
    const folder = join(machine.folder, 'bin');
    const programs =
      'sh cat sed tr cut sort ls mkdir rmdir dirname chmod mv cp rm id grep base64 sha256sum wget head';
    const link = `mkdir -p ${folder}; for p in ${programs}; do ln -sf "$(command -v $p)" ${folder}/$p; done`;
    expect((await machine.run(['sh', '-c', link])).code).toBe(0);
    const run = (argument: string): Promise<Outcome> =>
      machine.run(['sh', join(machine.folder, 'docker.sh'), argument], { env: { PATH: folder } });
    says(await run(wanted()));
    expect((await run(fingerprintOf(stranger.ca).toLowerCase().replaceAll(':', '').slice(6))).stderr).toBe(
      '',
    );
    expect(await treeOf(machine)).not.toBe(before);
    expect((await run('--uninstall')).code).toBe(0);
    expect(await treeOf(machine)).toBe(before);
  });

  test('a script whose openssl says nothing believes nothing', async () => {
    const folder = join(machine.folder, 'silent');
    const make = 'mkdir "$0" && printf "#!/bin/sh\\n" >"$0/openssl" && chmod 755 "$0/openssl"';
    expect((await machine.run(['sh', '-c', make, folder])).code).toBe(0);
    const argv = ['sh', join(machine.folder, 'docker.sh'), wanted()];
    const outcome = await machine.run(argv, { env: { PATH: `${folder}:${process.env.PATH ?? ''}` } });
    expect(outcome.stderr).toContain('there is no certificate at');
    expect(outcome.code).toBe(1);
    expect(await treeOf(machine)).toBe(before);
  });

  test('a script reads no more of a ca.crt than one has', async () => {
    await writeFile(offered, `${'a'.repeat(2 * 1024 * 1024)}\n${real.ca}`);
    const outcome = await runScript('sh', 'docker', wanted());
    await writeFile(offered, stranger.ca);
    expect(outcome.stderr).toContain('there is no certificate at');
    expect(await treeOf(machine)).toBe(before);
  });

  test('what is no fingerprint is no fingerprint', async () => {
    for (const wrong of ['SHA256:AB', 'x', ''])
      expect((await runScript('sh', 'docker', wrong)).stderr).toContain('that is no fingerprint');
    expect(await treeOf(machine)).toBe(before);
  });
});
