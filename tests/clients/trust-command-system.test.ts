import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS } from '../support/clients/all.ts';
import { dockgate as command, INSTALLERS, treeOf } from '../support/clients/trust-installer.ts';
import { createDockgate, type Dockgate } from '../support/dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';

const HOST = 'idocker.test';

const fingerprintOf = ({ ca }: Dockgate): string => `SHA256:${new X509Certificate(ca).fingerprint256}`;

/** C7: the store of the system, which programs like curl, crane and oras read. */
describeWith(['namespaces', 'curl', 'openssl'], 'the system store', () => {
  let machine: Machine;
  let dockgate: Dockgate;
  beforeAll(async () => {
    machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
    dockgate = await createDockgate(machine, { host: HOST });
    // The hook for Java works through dpkg, whose folder is not the machine's own.
    succeeded(await machine.run(['sh', '-c', 'rm -f /etc/ca-certificates/update.d/*']));
    // What the machine's own tool makes of the copied /etc, so that what differs afterwards is ours.
    succeeded(await machine.run(['update-ca-certificates', '--fresh']));
  });
  afterAll(() => machine.close());

  const curl = async (): Promise<number | null> =>
    (await machine.run(['curl', '-sS', `https://${HOST}/v2/`])).code;

  test.each(INSTALLERS)('$name', async (installer) => {
    expect(await curl()).not.toBe(0);
    const before = await treeOf(machine);
    succeeded(await installer.install(machine, HOST, 'system', fingerprintOf(dockgate)));
    expect(await curl()).toBe(0);
    succeeded(await installer.uninstall(machine, HOST, 'system'));
    expect(await curl()).not.toBe(0);
    expect(await treeOf(machine)).toBe(before);
  });
});

/** C3: an address for a host, and a port in it. */
describe.each([ADDRESS, `${ADDRESS}:8443`, `${HOST}:8443`])('%s', (host) => {
  const rows = CLIENTS.filter(({ name }) => name === 'docker' || name === 'podman');
  describe.each(rows)('$name', (row) => {
    describeWith([...row.needs], 'and what is found on the machine', () => {
      let machine: Machine;
      beforeAll(async () => {
        machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
      });
      afterAll(() => machine.close());

      test('one command for all clients, and the login works', async () => {
        const name = host.replace(/:8443$/, '');
        const config = {
          hosts: { [name]: { read: 'docker-hosted', write: 'docker-hosted' } },
          connectors: { 8443: { repository: 'docker-hosted', tls: true } },
          repositories: { 'docker-hosted': { type: 'hosted' } },
        };
        const dockgate = await createDockgate(machine, { host: name, config });
        const client = await row.create(machine);
        await client.make(`${host}/a:1`); // podman leaves locks in /etc.
        const before = await treeOf(machine);
        const trusted = await command(machine, 'trust', host, '--fingerprint', fingerprintOf(dockgate));
        expect(succeeded(trusted).stdout).toContain(`/certs.d/${host}/ca.crt`);
        expect(trusted.stdout).toContain('system: left alone');
        succeeded(await client.login(host, dockgate.credentials));
        succeeded(await client.push(`${host}/a:1`));
        succeeded(await command(machine, 'trust', host, '--uninstall'));
        expect(await treeOf(machine)).toBe(before);
      });
    });
  });
});
