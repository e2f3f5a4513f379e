import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../../support/machine.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';

describeWith(['namespaces', 'curl', 'openssl'], 'C3: one self-signed certificate', () => {
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
});
