import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CLIENTS } from '../../support/clients/all.ts';
import { UNKNOWN_AUTHORITY, type Client } from '../../support/clients/client.ts';
import {
  createTrustingClient,
  dockgateAtTerminal,
  INSTALLERS,
  setupLines,
  treeOf,
} from '../../support/clients/trust-installer.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import type { Machine } from '../../support/machine.ts';
import { createNetwork, type Network } from '../../support/network.ts';
import { succeeded, type Outcome } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';

const HOST = 'idocker.test';
const PLAIN = '10.99.0.9';
const { command, commandForAll, copiedLines, curlLine, wgetLine } = INSTALLERS;
const NEEDS = [
  'namespaces',
  'docker',
  'dockerd',
  'podman',
  'buildah',
  'skopeo',
  'containerd',
  'curl',
  'wget',
  'openssl',
] as const;

// In ms: a busy machine takes its time for many small programs.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The machines of clients, and each way of installing at least once on each of them, for every form of HOST. */
const MACHINES = [
  {
    name: 'docker',
    address: '10.99.0.2',
    programs: ['docker'],
    lines: [
      [HOST, command],
      [HOST, copiedLines],
      [PLAIN, curlLine],
      [HOST, wgetLine],
      [`${PLAIN}:8443`, commandForAll],
    ],
  },
  {
    name: 'podman',
    address: '10.99.0.3',
    programs: ['podman', 'buildah', 'skopeo'],
    lines: [
      [`${HOST}:8443`, command],
      [HOST, curlLine],
      [PLAIN, copiedLines],
      [PLAIN, command],
      [HOST, wgetLine],
    ],
  },
  {
    name: 'containerd',
    address: '10.99.0.4',
    programs: ['ctr'],
    lines: [
      [`${HOST}:8443`, command],
      [HOST, curlLine],
      [PLAIN, wgetLine],
      [HOST, copiedLines],
      [PLAIN, commandForAll],
    ],
  },
] as const;

/** B8 to B10, C3: a server and clients that are different machines; one line on each client, and nothing else. */
describeWith(NEEDS, 'different machines', () => {
  let network: Network;
  let servers: Readonly<Record<string, Dockgate>>;
  beforeAll(async () => {
    network = await createNetwork({ [HOST]: '10.99.0.1' });
    const repositories = { own: { type: 'hosted' } };
    const route = { read: 'own', write: 'own' };
    const connectors = { 8443: { repository: 'own', tls: true } };
    const [server, plain] = [await network.join('server', '10.99.0.1'), await network.join('plain', PLAIN)];
    const [named, selfSigned] = await Promise.all([
      createDockgate(server, { host: HOST, config: { hosts: { [HOST]: route }, connectors, repositories } }),
      createDockgate(plain, {
        host: PLAIN,
        config: {
          tls: { profile: 'self-signed' },
          hosts: { localhost: route, [PLAIN]: route },
          connectors,
          repositories,
        },
      }),
    ]);
    servers = { [HOST]: named, [PLAIN]: selfSigned };
  });
  afterAll(() => network[Symbol.asyncDispose]());
  const serverOf = (host: string): Dockgate => {
    const server = servers[host.replace(/:8443$/, '')];
    if (server === undefined) throw new Error(`no server at ${host}`);
    return server;
  };

  describe.each(MACHINES)('$name', ({ name, address, programs, lines }) => {
    let machine: Machine;
    let clients: Client[];
    beforeAll(async () => {
      machine = await network.join(name, address);
      const rows = CLIENTS.filter((row) => (programs as readonly string[]).includes(row.name));
      clients = await Promise.all(rows.map((row) => createTrustingClient(machine, row)));
      for (const client of clients) await client.make('warm/up:1'); // podman leaves locks in /etc.
    });

    test('sees nothing of the server but what it serves', async () => {
      const { data } = serverOf(HOST);
      expect((await machine.run(['ls', data])).code).not.toBe(0);
      expect(succeeded(await machine.run(['uname', '-n'])).stdout).toBe(`${name}\n`);
    });

    test.each(lines.map(([host, installer]) => ({ host, installer, line: installer.name })))(
      '$host: $line, and nothing else',
      async ({ host, installer }) => {
        const { ca, credentials } = serverOf(host);
        const fingerprint = `SHA256:${new X509Certificate(ca).fingerprint256}`;
        const refuseIt = async (): Promise<void> => {
          for (const client of clients) {
            const { code, stderr } = await client.pull(`${host}/x:latest`);
            expect([code === 0, stderr]).toEqual([false, expect.stringMatching(UNKNOWN_AUTHORITY)]);
          }
        };
        await refuseIt();
        const before = await treeOf(machine);
        succeeded(await installer.install(machine, host, name, fingerprint));
        const installed = await treeOf(machine);
        expect(installed).not.toBe(before);
        for (const client of clients) {
          const image = `${host}/team/${client.name}:1`;
          succeeded(await client.login(host, credentials));
          const id = await client.make(image);
          succeeded(await client.push(image));
          succeeded(await client.remove(image));
          succeeded(await client.pull(image));
          expect(await client.id(image)).toBe(id);
        }
        // The command's own tests do it twice without a process for each.
        if (installer !== command && installer !== commandForAll)
          succeeded(await installer.install(machine, host, name, fingerprint));
        expect(await treeOf(machine)).toBe(installed);
        succeeded(await installer.uninstall(machine, host, name));
        expect(await treeOf(machine)).toBe(before);
        await refuseIt();
      },
    );
  });

  /** C7: the store that curl, crane and oras read. */
  describe('the system store', () => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await network.join('system', '10.99.0.5');
      // The hook for Java works through dpkg, whose folder is not the machine's own.
      succeeded(await machine.run(['sh', '-c', 'rm -f /etc/ca-certificates/update.d/*']));
      // What the machine's own tool makes of the copied /etc, so that what differs afterwards is ours.
      succeeded(await machine.run(['update-ca-certificates', '--fresh']));
    });

    test.each([
      { host: PLAIN, installer: command },
      { host: HOST, installer: curlLine },
    ])('$host: $installer.name', async ({ host, installer }) => {
      const curl = async (): Promise<number | null> =>
        (await machine.run(['curl', '-sS', `https://${host}/v2/`])).code;
      expect(await curl()).toBe(60);
      const before = await treeOf(machine);
      const fingerprint = new X509Certificate(serverOf(host).ca).fingerprint256;
      succeeded(await installer.install(machine, host, 'system', fingerprint));
      expect(await curl()).toBe(0);
      succeeded(await installer.uninstall(machine, host, 'system'));
      expect(await curl()).toBe(60);
      expect(await treeOf(machine)).toBe(before);
    });
  });

  /** Everything is as on the server, its pages too, but the authority is his. */
  describe('a man in the middle', () => {
    let machine: Machine;
    let his: Dockgate;
    let before: string;
    beforeAll(async () => {
      const impostor = await network.join('impostor', '10.99.0.66');
      await impostor.write('/etc/hosts', `10.99.0.66 ${HOST}\n`);
      his = await createDockgate(impostor, { host: HOST });
      machine = await network.join('victim', '10.99.0.6');
      await machine.write('/etc/hosts', `10.99.0.66 ${HOST}\n`);
      before = await treeOf(machine);
    });
    const digits = (text: string): string => text.replaceAll(':', '');
    const [real, stranger] = [serverOf, () => his].map(
      (server) => () => new X509Certificate(server(HOST).ca).fingerprint256,
    ) as [() => string, () => string];

    const refuses = async ({ code, stdout, stderr }: Outcome): Promise<void> => {
      const said = digits(stdout + stderr).replaceAll('\r', '');
      expect(code).not.toBe(0);
      expect(said).toContain('gave another certificate than the one you want to trust');
      expect(said).toContain(`expected\n  SHA256${digits(real())}\n`);
      expect(said).toContain(`received\n  SHA256${digits(stranger())}\n`);
      expect(said).toContain('Nothing was changed.');
      expect(await treeOf(machine)).toBe(before);
    };

    test('is there', async () => {
      expect(stranger()).not.toBe(real());
      const { stdout } = await machine.run(['curl', '-fsS', `http://${HOST}/ca.crt`]);
      expect(stdout).toBe(his.ca);
    });

    test('is refused by dockgate trust', async () => {
      await refuses(await commandForAll.install(machine, HOST, '', real()));
    });

    test.each(['docker', 'podman', 'containerd', 'system'])('is refused by %s.sh', async (name) => {
      await refuses(await curlLine.install(machine, HOST, name, real()));
    });

    test('is refused by the block of several lines, before his script is fetched', async () => {
      const [lines = ''] = await setupLines(serverOf(HOST).place, HOST, 'docker');
      const { code, stderr } = await machine.run(['sh', '-xc', lines]);
      expect(code).not.toBe(0);
      expect(stderr).toContain('Stopped: ca.crt has another fingerprint');
      expect(stderr).not.toContain('--cacert');
      expect(await treeOf(machine)).toBe(before);
    });

    test('is refused at the terminal to whoever pastes the right fingerprint, and to whoever says no', async () => {
      await refuses(await dockgateAtTerminal(machine, `${real()}\n`, 'trust', HOST));
      const { code, stdout } = await dockgateAtTerminal(machine, '\n', 'trust', HOST);
      expect(code).toBe(1);
      expect(stdout).toContain(stranger());
      expect(stdout).toContain('nothing was changed');
      expect(await treeOf(machine)).toBe(before);
    });
  });
});
