import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIENTS } from '../../support/clients/all.ts';
import { UNKNOWN_AUTHORITY } from '../../support/clients/client.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../../support/machine.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';

describeWith(
  ['namespaces', 'docker', 'dockerd', 'podman', 'curl', 'openssl'],
  'C3: one self-signed certificate',
  () => {
    let machine: Machine;
    let dockgate: Dockgate;
    let trust: string;
    beforeAll(async () => {
      machine = await createMachine();
      const route = { read: 'docker-group', write: 'docker-hosted' };
      const config = { tls: { profile: 'self-signed' }, hosts: { localhost: route, [ADDRESS]: route } };
      dockgate = await createDockgate(machine, { host: ADDRESS, config });
      trust = join(dockgate.data, 'certs', 'ca.crt');
    });
    afterAll(() => machine.close());

    test('holds for localhost and for the address, and for nothing else', async () => {
      const show = ['openssl', 'x509', '-noout', '-ext', 'subjectAltName', '-in', trust];
      const { stdout } = succeeded(await machine.run(show));
      expect(stdout.split('\n')[1]?.trim()).toBe(`DNS:localhost, IP Address:${ADDRESS}`);
      const ping = ['curl', '--silent', '--show-error', '--cacert', trust];
      for (const host of ['localhost', ADDRESS])
        succeeded(await machine.run([...ping, '--fail', `https://${host}/readyz`]));
      expect((await machine.run([...ping, `https://127.0.0.1/readyz`])).stderr).toMatch(/127\.0\.0\.1/);
    });

    const rows = CLIENTS.filter(({ name }) => ['docker', 'podman'].includes(name));
    // Before any trusts it: podman also reads what is there for docker.
    test.each(rows)('$name refuses it until it is trusted', async ({ create }) => {
      const client = await create(machine);
      const untrusted = await client.login(ADDRESS, dockgate.credentials);
      expect(untrusted.code).not.toBe(0);
      expect(untrusted.stderr).toMatch(UNKNOWN_AUTHORITY);
    });

    test.each(rows)('$name trusts it for the address, logs in, pushes and pulls', async ({ create }) => {
      const client = await create(machine);
      await client.trust(ADDRESS, dockgate.ca);
      succeeded(await client.login(ADDRESS, dockgate.credentials));
      const image = `${ADDRESS}/team/${client.name}:1`;
      const id = await client.make(image);
      succeeded(await client.push(image));
      succeeded(await client.remove(image));
      succeeded(await client.pull(image));
      expect(await client.id(image)).toBe(id);
    });
  },
);
