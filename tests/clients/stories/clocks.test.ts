import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CLIENTS } from '../../support/clients/all.ts';
import type { Client } from '../../support/clients/client.ts';
import { createTrustingClient, dockgate, dockgateUnder } from '../../support/clients/trust-installer.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { request } from '../../support/http-request.ts';
import type { Machine } from '../../support/machine.ts';
import { createNetwork, type Network } from '../../support/network.ts';
import { succeeded, type Outcome } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';

const HOUR = 3_600_000;
const NEEDS = [
  'namespaces',
  'faketime',
  'docker',
  'dockerd',
  'podman',
  'containerd',
  'curl',
  'openssl',
] as const;
// In ms: a busy machine takes its time for several servers and engines.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PROGRAMS = ['docker', 'podman', 'ctr'];
const SERVERS = [
  { host: 'ahead.test', address: '10.99.0.1', shift: '+23h', hours: 23, words: '23 h 0 min behind' },
  { host: 'behind.test', address: '10.99.0.2', shift: '-23h', hours: -23, words: '23 h 0 min ahead of' },
] as const;

const REPOSITORIES = { own: { type: 'hosted' } };
const ROUTE = { read: 'own', write: 'own' };

/** Both times in a sentence. */
const TIMES = /\(\d{4}-\d\d-\d\dT[\d:.]+Z\).*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)/;

/**
 * B10. What counts is how far apart the two clocks are, and programs in Go ask the kernel for the time: so it is the
 * server that runs with another time, from its first start, which makes the CA.
 */
describeWith(NEEDS, 'clocks that differ', () => {
  let network: Network;
  let machine: Machine;
  let clients: Client[];
  const servers = new Map<string, Dockgate>();
  beforeAll(async () => {
    network = await createNetwork({
      ...Object.fromEntries(SERVERS.map(({ host, address }) => [host, address])),
      'far.test': '10.99.0.4',
    });
    machine = await network.join('client', '10.99.0.3');
    const rows = CLIENTS.filter(({ name }) => PROGRAMS.includes(name));
    clients = await Promise.all(rows.map((row) => createTrustingClient(machine, row)));
  });
  afterAll(() => network[Symbol.asyncDispose]());
  const clientOf = (name: string): Client => {
    const client = clients.find((each) => each.name === name);
    if (client === undefined) throw new Error(`no ${name}`);
    return client;
  };
  const serverOf = (host: string): Dockgate => {
    const server = servers.get(host);
    if (server === undefined) throw new Error(`no ${host}`);
    return server;
  };

  describe.each(SERVERS)('by 23 hours: $host', ({ host, address, shift, hours, words }) => {
    beforeAll(async () => {
      const server = await network.join(host, address);
      const config = { hosts: { [host]: ROUTE }, repositories: REPOSITORIES };
      servers.set(host, await createDockgate(server, { host, config, under: ['faketime', '-f', shift] }));
    });

    test('the server has another time in its answers and its certificates', async () => {
      const { ca } = serverOf(host);
      const { headers } = await request(machine, `https://${host}/v2/`, { ca });
      const told = Date.parse(headers.date ?? '') - Date.now();
      expect(Math.round(told / HOUR)).toBe(hours);
      const { validFromDate } = new X509Certificate(ca);
      expect(Math.round((validFromDate.getTime() - Date.now()) / HOUR)).toBe(hours - 48);
    });

    test('dockgate trust names the difference and both times', async () => {
      const fingerprint = new X509Certificate(serverOf(host).ca).fingerprint256;
      const { stdout } = succeeded(await dockgate(machine, 'trust', host, '--fingerprint', fingerprint));
      expect(stdout).toContain(` is ${words} that of ${host}`);
      expect(stdout).toMatch(TIMES);
    });

    test.each(PROGRAMS)('%s logs in, pushes and pulls', async (name) => {
      const client = clientOf(name);
      const server = serverOf(host);
      succeeded(await client.login(host, server.credentials));
      const image = `${host}/team/${name}:1`;
      const id = await client.make(image, [1000, 2000, 3000, 4000]);
      succeeded(await client.push(image));
      succeeded(await client.remove(image));
      succeeded(await client.pull(image));
      expect(await client.id(image)).toBe(id);
    });
  });

  describe('when the machine of the client has the other time', () => {
    const under = (shift: string, ...argv: readonly string[]): Promise<Outcome> =>
      machine.run(['faketime', '-f', shift, ...argv]);
    let ca: string;
    beforeAll(() => {
      ca = join(machine.folder, 'ca.crt');
    });
    const examine = async (shift: string, host: string): Promise<Outcome> => {
      const { user, password } = serverOf(host).credentials;
      const argv = ['doctor', host, '--ca', ca, '--user', user, '--password-stdin', '--pause', '1'];
      return dockgateUnder(machine, ['faketime', '-f', shift], argv, { stdin: password });
    };

    // 23 hours before the server that is 23 hours behind, and 23 after the one that is ahead.
    test.each([
      ['-46h', 'behind.test', 'behind'],
      ['+46h', 'ahead.test', 'ahead of'],
    ])('%s: 23 hours %s are tolerated', async (shift, host, way) => {
      await writeFile(ca, serverOf(host).ca);
      succeeded(await under(shift, 'curl', '-sS', '--cacert', ca, `https://${host}/v2/`));
      const verified = await under(
        shift,
        'openssl',
        's_client',
        '-verify_return_error',
        '-CAfile',
        ca,
        '-connect',
        `${host}:443`,
      );
      expect(succeeded(verified).stdout).toContain('Verify return code: 0 (ok)');
      const { code, stdout } = await examine(shift, host);
      expect([code, stdout]).toEqual([0, expect.stringMatching(TIMES)]);
      expect(stdout).toMatch(new RegExp(`23\\.0 hours ${way} the server's`));
    });

    test('3 days behind: nothing connects; dockgate trust and doctor say why and what to do', async () => {
      const host = 'ahead.test';
      const shift = '-49h';
      await writeFile(ca, serverOf(host).ca);
      const refused = await under(shift, 'curl', '-sS', '--cacert', ca, `https://${host}/v2/`);
      expect([refused.code, refused.stderr]).toEqual([60, expect.stringContaining('not yet valid')]);
      const fingerprint = new X509Certificate(serverOf(host).ca).fingerprint256;
      const trust = ['trust', host, '--fingerprint', fingerprint];
      const trusted = await dockgateUnder(machine, ['faketime', '-f', shift], trust);
      expect(succeeded(trusted).stdout).toMatch(TIMES);
      expect(trusted.stdout).toContain(`3 d 0 h behind that of ${host}`);
      expect(trusted.stdout).toContain('clients may refuse this one as not yet valid');
      expect(trusted.stdout).toContain('timedatectl set-ntp true');
      const { code, stdout } = await examine(shift, host);
      expect(code).not.toBe(0);
      expect(stdout).toMatch(TIMES);
      expect(stdout).toContain("3.0 days behind the server's");
      expect(stdout).toContain('timedatectl set-ntp true');
    });
  });

  describe('by 3 days', () => {
    const host = 'far.test';
    beforeAll(async () => {
      const server = await network.join(host, '10.99.0.4');
      const config = { hosts: { [host]: ROUTE }, repositories: REPOSITORIES };
      servers.set(host, await createDockgate(server, { host, config, under: ['faketime', '-f', '+72h'] }));
      const fingerprint = new X509Certificate(serverOf(host).ca).fingerprint256;
      succeeded(await dockgate(machine, 'trust', host, '--fingerprint', fingerprint));
    });

    test.each(PROGRAMS)('%s refuses the certificate', async (name) => {
      const client = clientOf(name);
      const { code, stderr } =
        name === 'ctr'
          ? await client.pull(`${host}/x:1`)
          : await client.login(host, serverOf(host).credentials);
      expect([code === 0, stderr]).toEqual([
        false,
        expect.stringMatching(/expired or is not yet valid.*is before/),
      ]);
    });
  });
});
