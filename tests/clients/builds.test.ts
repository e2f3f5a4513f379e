import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../support/authority.ts';
import { buildWithBuildah, createBuildah } from '../support/clients/buildah.ts';
import { createDocker } from '../support/clients/docker.ts';
import { createPodman, makePodmanIndex } from '../support/clients/podman.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const HOST = 'idocker.test';

async function writeContext(machine: Machine, name: string, base: string): Promise<string> {
  const folder = join(machine.folder, name);
  await mkdir(folder);
  await writeFile(join(folder, 'file'), name);
  await writeFile(join(folder, 'Dockerfile'), `FROM ${base}\nCOPY file /${name}\n`);
  return folder;
}

describeWith(
  ['namespaces', 'docker', 'dockerd', 'podman', 'buildah', 'docker-registry', 'openssl'],
  'clients that build',
  () => {
    let machine: Machine;
    let authority: Authority;
    let registry: Upstream;
    beforeAll(async () => {
      machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
      authority = await createAuthority(machine);
      registry = await createUpstream(machine, { tls: authority, host: HOST, port: 443 });
      await seedImage(registry, 'library/base', '1', { mediaTypes: 'docker' });
    });
    afterAll(() => machine.close());

    const paths = async (): Promise<string[]> =>
      (await registry.requests()).map(({ method, path }) => `${method} ${path}`);

    test('docker builds on a base that a mirror serves, and pushes the result', async () => {
      const docker = await createDocker(machine, { 'registry-mirrors': [`https://${HOST}`] });
      await docker.trust(HOST, authority.ca);
      await registry.forget();
      const image = `${HOST}/team/built:1`;
      succeeded(await docker.build(image, await writeContext(machine, 'with-docker', 'base:1')));
      expect(await paths()).toContain('HEAD /v2/library/base/manifests/1');
      succeeded(await docker.push(image));
      expect(await paths()).toContain('PUT /v2/team/built/manifests/1');
    });

    test('buildah builds on a pulled base without a user namespace, and pushes the result', async () => {
      const buildah = await createBuildah(machine);
      await buildah.trust(HOST, authority.ca);
      const context = await writeContext(machine, 'with-buildah', `${HOST}/library/base:1`);
      succeeded(await buildWithBuildah(buildah, `${HOST}/team/built:2`, context));
      succeeded(await buildah.push(`${HOST}/team/built:2`));
      expect(await paths()).toContain('PUT /v2/team/built/manifests/2');
    });

    test('podman pushes an index over two platforms', async () => {
      const podman = await createPodman(machine);
      await podman.trust(HOST, authority.ca);
      const images = { amd64: 'localhost/one:1', arm64: 'localhost/two:1' };
      for (const image of Object.values(images)) await podman.make(image);
      await makePodmanIndex(podman, 'localhost/both:1', images);
      const target = `docker://${HOST}/team/both:1`;
      succeeded(await podman.command(['manifest', 'push', '--all', 'localhost/both:1', target]));
      const seen = succeeded(await podman.command(['manifest', 'inspect', `${HOST}/team/both:1`])).stdout;
      const { manifests } = JSON.parse(seen) as { manifests: { platform: { architecture: string } }[] };
      expect(manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    });
  },
);
