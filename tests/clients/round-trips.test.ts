import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  makeAttachment,
  makeBuildxIndex,
  makeChart,
  makeEmptyFile,
  makeReferrerSignature,
  makeTagSignature,
  makeZstdImage,
  signatureTag,
} from '../support/artifacts.ts';
import { createContainerd } from '../support/clients/containerd.ts';
import { createDocker } from '../support/clients/docker.ts';
import { createPodman, makePodmanIndex } from '../support/clients/podman.ts';
import { createSkopeo, type Skopeo } from '../support/clients/skopeo.ts';
import type { Client } from '../support/clients/client.ts';
import { damageOf, descriptorOf, seedTree, treeOf, type ContentTree } from '../support/content-tree.ts';
import { request, type Reply } from '../support/http-request.ts';
import { digestOf, makeImage, makeIndex, TYPES, type MediaTypes } from '../support/image.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../support/story.ts';

function twoPlatforms(mediaTypes: MediaTypes): ContentTree {
  const make = (architecture: string) => makeImage({ architecture, mediaTypes });
  const images = { amd64: make('amd64'), arm64: make('arm64') };
  return {
    manifest: makeIndex(images, mediaTypes),
    blobs: [],
    children: Object.values(images).map(treeOf),
  };
}

/** What skopeo carries; each row makes its content anew. */
const CARRIED: readonly { readonly what: string; readonly make: () => ContentTree }[] = [
  { what: 'an OCI index of two platforms', make: () => twoPlatforms('oci') },
  { what: 'a Docker list of two platforms', make: () => twoPlatforms('docker') },
  {
    what: 'an index of buildx with its attestations',
    make: () => makeBuildxIndex({ amd64: makeImage(), arm64: makeImage({ architecture: 'arm64' }) }),
  },
  { what: 'a Helm chart', make: makeChart },
  { what: 'an artifact with a subject', make: () => makeAttachment(makeImage().manifest) },
  { what: 'a signature under a tag of cosign', make: () => makeTagSignature(makeImage().manifest) },
  { what: 'a signature in a Sigstore bundle', make: () => makeReferrerSignature(makeImage().manifest) },
  { what: 'an image with a zstd layer', make: makeZstdImage },
  { what: 'a blob of no bytes', make: makeEmptyFile },
];

/** Reads from that Dockgate as admin; takes manifests of every kind. */
async function read({ machine, dockgate }: Story, path: string): Promise<Reply> {
  const authorization = (await dockgate.authorization?.('')) ?? '';
  const accept = [TYPES.oci, TYPES.docker].flatMap(({ manifest, index }) => [manifest, index]).join(', ');
  const ask = { ca: dockgate.ca, headers: { authorization, accept } };
  return await request(machine, `https://${HOST}${path}`, ask);
}

describeWith([...STORY_NEEDS, 'skopeo'], 'round trips with skopeo', () => {
  let story: Story;
  let skopeo: Skopeo;
  beforeAll(async () => {
    story = await createStory();
    skopeo = await createSkopeo(story.machine);
    await skopeo.trust(HOST, story.dockgate.ca);
    succeeded(await skopeo.login(HOST, story.dockgate.credentials));
  });
  afterAll(() => story.machine.close());

  const referrers = async (name: string, digest: string): Promise<unknown> => {
    const reply = await read(story, `/v2/${name}/referrers/${digest}`);
    expect(reply.status).toBe(200);
    return (JSON.parse(reply.body.toString()) as { manifests: unknown }).manifests;
  };
  /** Copies with every platform; skopeo itself fails where a digest would change. */
  const copy = async (from: string, to: string): Promise<void> => {
    const plain = ['--src-tls-verify', '--dest-tls-verify'].filter(
      (_, side) => !(side === 0 ? from : to).includes(HOST),
    );
    const flags = ['--all', '--preserve-digests', ...plain.map((flag) => `${flag}=false`)];
    succeeded(await skopeo.skopeo(['copy', ...flags, `docker://${from}`, `docker://${to}`]));
  };

  test.each(CARRIED)('$what comes in, is copied to another name and goes out, byte for byte', async (row) => {
    const tree = row.make();
    const name = `trip-${CARRIED.indexOf(row)}`;
    const abroad = new URL(story.ghcr.url).host;
    await seedTree(story.ghcr, `from/${name}`, '1', tree);

    await copy(`${abroad}/from/${name}:1`, `${HOST}/team/${name}:1`);
    expect(await damageOf(story.dockgate, `team/${name}`, '1', tree)).toEqual([]);
    await copy(`${HOST}/team/${name}:1`, `${HOST}/again/${name}:1`);
    expect(await damageOf(story.dockgate, `again/${name}`, '1', tree)).toEqual([]);
    await copy(`${HOST}/again/${name}:1`, `${abroad}/to/${name}:1`);
    expect(await damageOf(story.ghcr, `to/${name}`, '1', tree)).toEqual([]);
  });

  test('skopeo sync takes a name with all its tags to a folder, and from there to another name', async () => {
    const tags = ['1', '1.0', 'latest'];
    const trees = tags.map((tag) => ({ tag, tree: twoPlatforms('oci') }));
    for (const { tag, tree } of trees) await seedTree(story.dockgate, 'team/many', tag, tree);
    const folder = join(story.machine.folder, 'synced');
    const flags = ['sync', '--all', '--preserve-digests'];

    const out = [...flags, '--src', 'docker', '--dest', 'dir', `${HOST}/team/many`, folder];
    succeeded(await skopeo.skopeo(out));
    succeeded(await skopeo.skopeo([...flags, '--src', 'dir', '--dest', 'docker', folder, `${HOST}/mirror`]));
    for (const { tag, tree } of trees)
      expect(await damageOf(story.dockgate, 'mirror/many', tag, tree)).toEqual([]);
    const listed = await read(story, '/v2/mirror/many/tags/list');
    expect(JSON.parse(listed.body.toString())).toEqual({ name: 'mirror/many', tags });
  });

  test('what is attached to an image by its subject is listed with it, also to one in a proxy', async () => {
    const own = await seedImage(story.dockgate, 'team/subject', '1');
    const theirs = await seedImage(story.ghcr, 'theirs/subject', '1');
    for (const [name, { manifest }] of [
      ['team/subject', own],
      ['theirs/subject', theirs],
    ] as const) {
      const expected: object[] = [];
      for (const make of [makeAttachment, makeReferrerSignature]) {
        const tree = make(manifest);
        const put = await seedTree(story.dockgate, name, tree.manifest.digest, tree);
        expect(put.headers['oci-subject']).toBe(manifest.digest);
        expect(await damageOf(story.dockgate, name, tree.manifest.digest, tree)).toEqual([]);
        const { artifactType, annotations } = JSON.parse(tree.manifest.bytes.toString()) as {
          artifactType: string;
          annotations: object;
        };
        expected.push(descriptorOf(tree.manifest, { artifactType, annotations }));
      }
      const listed = await referrers(name, manifest.digest);
      expect(listed).toHaveLength(expected.length);
      expect(listed).toEqual(expect.arrayContaining(expected));
    }
  });

  test('a signature under the tag of cosign is carried along with its image, also with one from a proxy', async () => {
    const names = { 'team/signed': 'team/signed-too', 'theirs/signed': 'team/signed-theirs' };
    const lines = Object.entries(names)
      .flat()
      .map((name) => `  ${HOST}/${name}:\n    use-sigstore-attachments: true\n`);
    await story.machine.write('/etc/containers/registries.d/sigstore.yaml', `docker:\n${lines.join('')}`);
    for (const [from, to] of Object.entries(names)) {
      const home = from.startsWith('theirs/') ? story.ghcr : story.dockgate;
      const { manifest } = await seedImage(home, from, '1');
      const tag = signatureTag(manifest);
      const signature = makeTagSignature(manifest);
      await seedTree(story.dockgate, from, tag, signature);
      expect(await damageOf(story.dockgate, from, tag, signature)).toEqual([]);

      await copy(`${HOST}/${from}:1`, `${HOST}/${to}:1`);
      const carried = await read(story, `/v2/${to}/manifests/${tag}`);
      expect(carried.status).toBe(200);
      const { layers } = JSON.parse(signature.manifest.bytes.toString()) as { layers: object[] };
      // skopeo writes a manifest of its own around the same signature.
      expect(JSON.parse(carried.body.toString())).toMatchObject({ layers });
    }
  });
});

describeWith([...STORY_NEEDS, 'podman', 'docker', 'dockerd', 'containerd', 'ctr'], 'round trips', () => {
  let story: Story;
  beforeAll(async () => {
    story = await createStory();
  });
  afterAll(() => story.machine.close());

  const loggedIn = async <C extends Client>(client: C): Promise<C> => {
    await client.trust(HOST, story.dockgate.ca);
    succeeded(await client.login(HOST, story.dockgate.credentials));
    return client;
  };
  const buildx = { amd64: makeImage(), arm64: makeImage({ architecture: 'arm64' }) };
  const architectures = ['amd64', 'arm64'] as const;

  test('podman manifest create, add and push --all, and a pull of each platform', async () => {
    const podman = await loggedIn(await createPodman(story.machine));
    const image = `${HOST}/team/podman-index:1`;
    const ids = {
      amd64: await podman.make('localhost/one:amd64'),
      arm64: await podman.make('localhost/one:arm64'),
    };
    await makePodmanIndex(podman, image, { amd64: 'localhost/one:amd64', arm64: 'localhost/one:arm64' });
    const digestFile = join(story.machine.folder, 'podman.digest');
    const push = ['manifest', 'push', '--all', '--digestfile', digestFile, image, `docker://${image}`];
    succeeded(await podman.command(push));

    const served = await read(story, '/v2/team/podman-index/manifests/1');
    expect(digestOf(served.body)).toBe(await readFile(digestFile, 'utf8'));
    for (const architecture of architectures) {
      const fresh = await loggedIn(await createPodman(story.machine));
      succeeded(await fresh.command(['pull', '--arch', architecture, image]));
      expect(await fresh.id(image)).toBe(ids[architecture]);
    }
  });

  test('an index of buildx: docker, podman and containerd each take the platform that is asked for', async () => {
    const tree = makeBuildxIndex(buildx);
    await seedTree(story.dockgate, 'team/buildx', '1', tree);
    const image = `${HOST}/team/buildx:1`;
    const docker = await loggedIn(await createDocker(story.machine));
    const containerd = await loggedIn(await createContainerd(story.machine));
    const { user, password } = story.dockgate.credentials;
    const ctr = ['images', 'pull', '--hosts-dir', containerd.hosts, '--user', `${user}:${password}`];
    for (const architecture of architectures) {
      const { config } = buildx[architecture];
      const platform = `linux/${architecture}`;
      succeeded(await docker.docker(['pull', '--platform', platform, image]));
      expect(await docker.id(image)).toBe(config.digest);

      const podman = await loggedIn(await createPodman(story.machine));
      succeeded(await podman.command(['pull', '--arch', architecture, image]));
      expect(await podman.id(image)).toBe(config.digest);

      succeeded(await containerd.ctr([...ctr, '--platform', platform, image]));
      const got = await containerd.ctr(['content', 'get', config.digest]);
      expect(succeeded(got).stdout).toBe(config.bytes.toString());
    }
    const listed = succeeded(await containerd.ctr(['images', 'list', `name==${image}`])).stdout;
    expect(listed).toContain(tree.manifest.digest);
  });

  test('zstd layers, made by hand and by podman, are unpacked by podman and containerd', async () => {
    const podman = await loggedIn(await createPodman(story.machine));
    const [seeded, pushed] = [`${HOST}/team/zstd:seeded`, `${HOST}/team/zstd:pushed`];
    const tree = makeZstdImage();
    await seedTree(story.dockgate, 'team/zstd', 'seeded', tree);
    const id = await podman.make(pushed, [1000, 2000]);
    succeeded(await podman.command(['push', '--format', 'oci', '--compression-format', 'zstd', pushed]));
    const { body } = await read(story, '/v2/team/zstd/manifests/pushed');
    const { layers } = JSON.parse(body.toString()) as { layers: readonly { mediaType: string }[] };
    const zstd = 'application/vnd.oci.image.layer.v1.tar+zstd';
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([zstd, zstd]);

    for (const create of [createPodman, createContainerd]) {
      const fresh = await loggedIn<Client>(await create(story.machine));
      for (const image of [seeded, pushed]) succeeded(await fresh.pull(image));
      expect(await fresh.id(seeded)).toBe(tree.blobs[0]?.digest);
      expect(await fresh.id(pushed)).toBe(id);
    }
  });
});
