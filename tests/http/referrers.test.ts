import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { request, type Reply } from '../support/http-request.ts';
import { digestOf, TYPES, type Image, type Manifest } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage, type Target } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const name = 'team/app';
const types = TYPES.oci;

interface Listed {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function documentOf(value: object, mediaType: string): Manifest {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, mediaType, digest: digestOf(bytes) };
}

const descriptorOf = ({ mediaType, digest, bytes }: Manifest): object => ({
  mediaType,
  digest,
  size: bytes.length,
});

async function put(target: Target, reference: string, manifest: Manifest): Promise<Reply> {
  const authorization = await target.authorization?.(name);
  const reply = await request(target.place, `${target.url}/v2/${name}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType, ...(authorization !== undefined && { authorization }) },
    body: manifest.bytes,
    ...(target.ca !== undefined && { ca: target.ca }),
  });
  expect(reply.status).toBe(201);
  return reply;
}

describeWith(['docker-registry'], 'referrers through a group (T16)', () => {
  let place: Place;
  let old: Upstream;
  let other: LocalGateway;
  let gateway: LocalGateway;
  /** Lives in the other Dockgate, and nowhere else. */
  let image: Image;
  /** Where each signature of it was put. */
  let signatures: Record<'ours' | 'others' | 'old', Manifest>;
  let pushed: Reply;

  /** A signature of the image, put under a tag. */
  async function sign(target: Target, by: string): Promise<[Manifest, Reply]> {
    const base = await seedImage(target, name, `base-of-${by}`);
    const signature = documentOf(
      {
        ...(JSON.parse(base.manifest.bytes.toString()) as object),
        artifactType: 'application/vnd.example.signature',
        annotations: { by },
        subject: descriptorOf(image.manifest),
      },
      types.manifest,
    );
    return [signature, await put(target, `signed-by-${by}`, signature)];
  }

  /** What a registry without referrers has in place of them. */
  async function listByTag(target: Target, signature: Manifest): Promise<void> {
    const entry = {
      ...descriptorOf(signature),
      artifactType: 'application/vnd.example.signature',
      annotations: { by: 'old' },
    };
    const index = { schemaVersion: 2, mediaType: types.index, manifests: [entry] };
    await put(target, image.manifest.digest.replace(':', '-'), documentOf(index, types.index));
  }

  async function ask(path: string): Promise<Reply> {
    const authorization = await gateway.authorization?.(name);
    return gateway.ask(path, { headers: { authorization: authorization ?? '' } });
  }

  async function list(path = `/v2/${name}/referrers/${image.manifest.digest}`) {
    const reply = await ask(path);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, types.index]);
    const next = /^<([^>]+)>; rel="next"$/.exec(String(reply.headers.link))?.[1];
    return { listed: (JSON.parse(reply.body.toString()) as { manifests: Listed[] }).manifests, next };
  }

  const all = (): string[] =>
    Object.values(signatures)
      .map(({ digest }) => digest)
      .sort();

  beforeAll(async () => {
    place = await createLoopback();
    old = await createUpstream(place);
    other = await startLocalGateway(place, {
      hosts: { localhost: { read: 'hosted', write: 'hosted' } },
      repositories: { hosted: { type: 'hosted' } },
      connectors: { [await freePort()]: { repository: 'hosted' } },
    });
    const asked = { type: 'proxy', library: false, tagMaxAge: '0s', notFoundMaxAge: '0s' };
    const { user: username, password } = other.admin;
    gateway = await startLocalGateway(place, {
      hosts: { localhost: { read: 'group', write: 'hosted' } },
      repositories: {
        hosted: { type: 'hosted' },
        other: { ...asked, upstream: other.connector('hosted').url, username, password },
        old: { ...asked, upstream: old.url },
        group: { type: 'group', members: ['hosted', 'other', 'old'], writable: 'hosted' },
      },
    });
    image = await seedImage(other, name, '1.0');
    const [ours, reply] = await sign(gateway, 'ours');
    const [others] = await sign(other, 'others');
    const [olds] = await sign(old, 'old');
    await listByTag(old, olds);
    signatures = { ours, others, old: olds };
    pushed = reply;
  });
  afterAll(async () => {
    await gateway.stop();
    await other.stop();
    await place.close();
  });

  test('an image that lives in a proxy can be signed here', () => {
    expect(pushed.headers['oci-subject']).toBe(image.manifest.digest);
  });

  test('the list is the union of what is here, what an upstream lists, and what a tag of an old one lists', async () => {
    const { listed, next } = await list();
    expect(listed.map(({ digest }) => digest)).toEqual(all());
    expect(next).toBeUndefined();
    expect(listed.map(({ annotations }) => annotations?.by).sort()).toEqual(['old', 'others', 'ours']);
    for (const each of listed) expect(each.artifactType).toBe('application/vnd.example.signature');
  });

  test('it comes in pages', async () => {
    const found: string[] = [];
    let path: string | undefined = `/v2/${name}/referrers/${image.manifest.digest}?n=1`;
    for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
      const page: Awaited<ReturnType<typeof list>> = await list(path);
      expect(page.listed).toHaveLength(1);
      found.push(...page.listed.map(({ digest }) => digest));
      path = page.next;
    }
    expect(found).toEqual(all());
  });

  test('all that is listed can be pulled', async () => {
    for (const { digest, bytes } of Object.values(signatures)) {
      const reply = await ask(`/v2/${name}/manifests/${digest}`);
      expect([reply.status, reply.body]).toEqual([200, bytes]);
    }
  });

  test('a list that was pushed by tag is taken in, each manifest once', async () => {
    await listByTag(gateway, signatures.ours);
    const { listed } = await list();
    expect(listed.map(({ digest }) => digest)).toEqual(all());
    expect(listed.map(({ annotations }) => annotations?.by)).toContain('ours');
  });

  test('without the upstreams it is still the last known', async () => {
    await old.stop();
    await other.stop();
    expect((await list()).listed.map(({ digest }) => digest)).toEqual(all());
    const nobody = `/v2/${name}/referrers/${digestOf('nobody has this')}`;
    expect((await list(nobody)).listed).toEqual([]);
  });
});
