import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS } from '../support/clients/all.ts';
import { UNKNOWN_AUTHORITY, type Client } from '../support/clients/client.ts';
import { createTrustingClient, INSTALLERS, treeOf } from '../support/clients/trust-installer.ts';
import { createDockgate, type Dockgate } from '../support/dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';

/** Whom the installers install for, by client. */
const OPTION: Readonly<Record<string, string>> = {
  docker: 'docker',
  podman: 'podman',
  buildah: 'podman',
  skopeo: 'podman',
  ctr: 'containerd',
};

/** B9: one line on the client, and it logs in, pushes and pulls with verification on; then all of it is taken back. */
describe.each(CLIENTS)('$name', (row) => {
  const option = OPTION[row.name] ?? '';

  describeWith(row.needs, 'a machine of its own', () => {
    const host = 'idocker.test';
    const image = `${host}/team/app:1`;
    let machine: Machine;
    let dockgate: Dockgate;
    let client: Client;
    let fingerprint: string;

    beforeAll(async () => {
      machine = await createMachine({ hosts: { [host]: ADDRESS } });
      dockgate = await createDockgate(machine, { host });
      client = await createTrustingClient(machine, row);
      fingerprint = `SHA256:${new X509Certificate(dockgate.ca).fingerprint256}`;
      await client.make(image, [1000, 2000]);
    });
    afterAll(() => machine.close());

    const refusesIt = async (): Promise<void> => {
      const pulled = await client.pull(`${host}/x:latest`);
      expect(pulled.code).not.toBe(0);
      expect(pulled.stderr).toMatch(UNKNOWN_AUTHORITY);
    };

    describe.each(INSTALLERS)('$name', (installer) => {
      describeWith(installer.needs, 'one line', () => {
        test('installs, twice as once; login, push and pull work; all of it is taken back', async () => {
          await refusesIt();
          const before = await treeOf(machine);
          const installed = succeeded(await installer.install(machine, host, option, fingerprint));
          expect(installed.stdout).toMatch(/wrote \S+/);
          const once = await treeOf(machine);
          expect(once).not.toBe(before);
          succeeded(await installer.install(machine, host, option, fingerprint));
          expect(await treeOf(machine)).toBe(once);

          succeeded(await client.login(host, dockgate.credentials));
          succeeded(await client.push(image));
          succeeded(await client.pull(image));

          succeeded(await installer.uninstall(machine, host, option));
          expect(await treeOf(machine)).toBe(before);
          await refusesIt();
        });
      });
    });
  });
});
