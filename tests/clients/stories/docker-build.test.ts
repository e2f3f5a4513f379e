import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker, type Docker } from '../../support/clients/docker.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../../support/machine.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { HOST } from '../../support/story.ts';

describeWith(['namespaces', 'docker', 'dockerd'], 'docker build at one hostname', () => {
  let machine: Machine;
  let dockgate: Dockgate;
  let docker: Docker;
  beforeAll(async () => {
    machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
    dockgate = await createDockgate(machine, { host: HOST });
    docker = await createDocker(machine);
    await docker.trust(HOST, dockgate.ca);
    succeeded(await docker.login(HOST, dockgate.credentials));
  });
  afterAll(() => machine.close());

  /** Builds one new layer on a base, pushes it, and gives the image's id. */
  const buildAndPush = async (image: string, base: string): Promise<string | undefined> => {
    const context = join(machine.folder, encodeURIComponent(image));
    await mkdir(context);
    await writeFile(join(context, 'file'), image);
    await writeFile(join(context, 'Dockerfile'), `FROM ${base}\nCOPY file /${encodeURIComponent(image)}\n`);
    succeeded(await docker.build(image, context));
    succeeded(await docker.push(image));
    return await docker.id(image);
  };

  test('an image from scratch, and one on it that must be pulled first, are pushed and pulled', async () => {
    const [base, derived] = [`${HOST}/team/base:1`, `${HOST}/team/derived:1`];
    const baseId = await buildAndPush(base, 'scratch');
    succeeded(await docker.remove(base));
    expect(await docker.id(base)).toBeUndefined();
    const derivedId = await buildAndPush(derived, base);
    expect(derivedId).not.toBe(baseId);

    const fresh = await docker.another();
    succeeded(await fresh.login(HOST, dockgate.credentials));
    for (const image of [base, derived]) succeeded(await fresh.pull(image));
    expect(await fresh.id(base)).toBe(baseId);
    expect(await fresh.id(derived)).toBe(derivedId);
  });
});
