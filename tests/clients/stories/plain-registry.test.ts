import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPodman } from '../../support/clients/podman.ts';
import type { StorageClient } from '../../support/clients/container-storage.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { digestOf, TYPES } from '../../support/image.ts';
import { ADDRESS, createMachine, type Machine } from '../../support/machine.ts';
import { succeeded, type Outcome } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { HOST } from '../../support/story.ts';

describeWith(['namespaces', 'podman', 'htpasswd', 'curl'], 'what the plain registry can', () => {
  let machine: Machine;
  let dockgate: Dockgate;
  let podman: StorageClient;
  let file: string;

  const htpasswd = async (flags: string, user: string, password: string): Promise<Outcome> =>
    succeeded(await machine.run(['htpasswd', `-i${flags}`, file, user], { stdin: password }));
  beforeAll(async () => {
    machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
    file = join(machine.folder, 'htpasswd');
    await htpasswd('cB', 'anna', 'first password');
    dockgate = await createDockgate(machine, { host: HOST, config: { auth: { htpasswd: file } } });
    podman = await createPodman(machine);
    await podman.trust(HOST, dockgate.ca);
  });
  afterAll(() => machine.close());

  test('C2: users of a file by htpasswd -B log in, and every change of it counts at once', async () => {
    expect(await readFile(file, 'utf8')).toMatch(/^anna:\$2y\$/);
    const login = async (user: string, password: string): Promise<boolean> =>
      (await podman.login(HOST, { user, password })).code === 0;
    expect(await login('anna', 'first password')).toBe(true);
    const image = `${HOST}/team/app:1`;
    await podman.make(image);
    succeeded(await podman.push(image));
    expect(await login('anna', 'wrong')).toBe(false);
    expect(await login('bert', 'also good')).toBe(false);
    await htpasswd('B', 'bert', 'also good');
    expect(await login('bert', 'also good')).toBe(true);
    await htpasswd('B', 'anna', 'second password');
    expect(await login('anna', 'first password')).toBe(false);
    expect(await login('anna', 'second password')).toBe(true);
    succeeded(await machine.run(['htpasswd', '-D', file, 'bert']));
    expect(await login('bert', 'also good')).toBe(false);
    expect(await login('anna', 'second password')).toBe(true);
  });

  test('C5: curl -u reads the catalog, the tags and a manifest', async () => {
    const image = await seedImage(dockgate, 'team/curled', 'latest');
    const { user, password } = dockgate.credentials;
    const curl = async (path: string, login = `${user}:${password}`): Promise<Outcome> => {
      const trust = ['--cacert', join(dockgate.data, 'certs', 'ca.crt')];
      const types = ['--header', `Accept: ${TYPES.oci.manifest}`];
      const argv = ['curl', '--silent', '--show-error', '--fail-with-body', ...trust, ...types, '-u', login];
      return await machine.run([...argv, `https://${HOST}${path}`]);
    };
    const read = async (path: string): Promise<string> => succeeded(await curl(path)).stdout;
    expect(JSON.parse(await read('/v2/_catalog'))).toMatchObject({
      repositories: expect.arrayContaining(['team/curled']) as string[],
    });
    expect(JSON.parse(await read('/v2/team/curled/tags/list'))).toEqual({
      name: 'team/curled',
      tags: ['latest'],
    });
    const manifest = await read('/v2/team/curled/manifests/latest');
    expect(digestOf(manifest)).toBe(image.manifest.digest);
    for (const path of [
      '/v2/',
      '/v2/_catalog',
      '/v2/team/curled/tags/list',
      '/v2/team/curled/manifests/latest',
    ]) {
      const refused = await curl(path, `${user}:wrong`);
      expect(refused.stderr).toMatch(/error: 401/);
      expect(JSON.parse(refused.stdout)).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
    }
  });
});
