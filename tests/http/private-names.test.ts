import { once } from 'node:events';
import tls from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import type { Ask, Reply } from '../support/http-request.ts';
import { makeImage } from '../support/image.ts';
import { linesWith, startImpostor, type Impostor } from '../support/impostor.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { seedImage } from '../support/seed-image.ts';

/** What an upstream must never see: the first four are in the patterns, the last only in a name that is held. */
const WORDS = ['wombat', 'quokka', 'kowari', 'numbat', 'tasmania', 'bilby', 'wallaby'] as const;
const PRIVATE = ['wombat/**', 'quokka', 'library/kowari', '*/numbat-*', 'team/bilby-*', '**/wallaby/**'];
const HELD = ['wombat/app', 'wombat/tasmania'] as const;
const NAMES = [
  ...HELD,
  'wombat/none',
  'wombat/deep/down',
  'quokka',
  'library/quokka',
  'kowari',
  'library/kowari',
  'team/numbat-tool',
];
const PUBLIC = 'team/tool';
/** Ways in which a client writes a name into a path. */
const WAYS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => `docker.io/${name}`,
  (name) => `quay.io/${name}`,
  (name) => `docker.io/library/${name}`,
  (name) => `quay.io/docker.io/${name}`,
  (name) => `localhost/${name}`,
];
const NAMESPACES = ['docker.io', 'quay.io', 'localhost', 'unknown.test', 'wombat.test', ''];
/** Paths that a careful server reads as the same name, as another one, or as none at all. */
const ODD_PATHS = [
  '/v2/%77ombat/none/manifests/1',
  '/v2/wombat%2Fnone/manifests/1',
  '/v2/wombat%252Fnone/manifests/1',
  '/v2/docker.io%2Fwombat%2Fnone/manifests/1',
  '/v2/WOMBAT/none/manifests/1',
  '/v2/Wombat/None/manifests/1',
  '/v2/library/Quokka/manifests/1',
  '/v2//wombat/none/manifests/1',
  '/v2/wombat//none/manifests/1',
  '/v2/./wombat/none/manifests/1',
  '/v2/team/../wombat/none/manifests/1',
  '/v2/team/%2e%2e/wombat/none/manifests/1',
  '/v2/wombat/none/manifests/1?ns=DOCKER.IO',
  '/v2/wombat/none/manifests/1?ns=docker.io&ns=quay.io',
  '/v2/wombat/none/manifests/1?ns=docker.io%2Fwombat',
  'https://localhost/v2/wombat/none/manifests/1',
  'http://wombat.test/v2/wombat/none/manifests/1',
];
const QUERIES = [
  'wombat',
  'WOMBAT',
  'womb',
  'wombat/none',
  'docker.io/wombat',
  'none wombat',
  'quokka',
  'library/kowari',
  'numbat-tool',
  'tasmania',
  'numbat',
  'tool numbat',
  'ombat',
  'bilby',
  'wallaby',
];

interface House {
  readonly place: Place;
  readonly hub: Impostor;
  readonly quay: Impostor;
  readonly gateway: LocalGateway;
}

async function build(names: readonly string[]): Promise<House> {
  const place = await createLoopback();
  const [hub, quay] = await Promise.all([startImpostor(place), startImpostor(place, 'hub')]);
  const gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'group', write: 'hosted' } },
    repositories: {
      hosted: { type: 'hosted', private: names },
      hub: { type: 'proxy', upstream: hub.url, index: hub.url, prefix: 'docker.io', tags: 'upstream' },
      quay: { type: 'proxy', upstream: quay.url, index: quay.url, prefix: 'quay.io', tags: 'upstream' },
      group: { type: 'group', members: ['hosted', 'hub', 'quay'], writable: 'hosted' },
    },
    connectors: { 0: { repository: 'hub' } },
  });
  for (const name of HELD) await seedImage(gateway, name, '1');
  return { place, hub, quay, gateway };
}

async function receivedBy({ hub, quay }: House): Promise<string> {
  return (await hub.received()) + (await quay.received());
}

/** What a client can ask of one name: each with the beginning of the path that an upstream would be asked for. */
function questionsOf(name: string, { hub }: House): { method: string; path: string }[] {
  const reads = [
    'manifests/1',
    `manifests/${hub.manifest}`,
    `blobs/${hub.config}`,
    'tags/list',
    `referrers/${hub.manifest}`,
  ];
  return reads.flatMap((path) => ['HEAD', 'GET'].map((method) => ({ method, path: `/v2/${name}/${path}` })));
}

/** Asks as admin, who may do everything. */
async function ask({ gateway }: House, path: string, asking: Ask = {}): Promise<Reply> {
  const authorization = (await gateway.authorization?.('')) ?? '';
  return await gateway.ask(path, { ...asking, headers: { authorization, ...asking.headers } });
}

async function readInEveryWay(house: House): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const name of NAMES) {
    const ways = WAYS.map((way) => questionsOf(way(name), house)).flat();
    const spaced = NAMESPACES.flatMap((space) =>
      questionsOf(name, house).map(({ method, path }) => ({ method, path: `${path}?ns=${space}` })),
    );
    for (const { method, path } of [...ways, ...spaced]) replies.push(await ask(house, path, { method }));
  }
  return replies;
}

/** A request line as it is, past what a client would make of it. */
async function sendLine(house: House, target: string): Promise<string> {
  const { gateway } = house;
  const socket = tls.connect({
    port: gateway.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: gateway.ca,
  });
  const authorization = (await gateway.authorization?.('')) ?? '';
  const lines = ['Host: localhost', `Authorization: ${authorization}`, 'Connection: close', '', ''];
  socket.end([`GET ${target} HTTP/1.1`, ...lines].join('\r\n'));
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => void (text += piece));
  await once(socket, 'close');
  return text;
}

/** Pushes, mounts and deletes; whatever they are answered. */
async function writeInEveryWay(house: House): Promise<Reply[]> {
  const { manifest } = makeImage();
  const headers = { 'content-type': manifest.mediaType };
  const digest = house.hub.config;
  const replies: Reply[] = [];
  const send = async (method: string, path: string, asking: Ask = {}): Promise<void> => {
    replies.push(await ask(house, path, { method, ...asking }));
  };
  for (const name of NAMES) {
    for (const from of [name, `docker.io/${name}`])
      await send('POST', `/v2/${PUBLIC}/blobs/uploads/?mount=${digest}&from=${from}`);
    await send('POST', `/v2/${name}/blobs/uploads/?mount=${digest}&from=${PUBLIC}`);
    await send('POST', `/v2/${name}/blobs/uploads/?mount=${digest}`);
    await send('POST', `/v2/${name}/blobs/uploads/?ns=docker.io`);
    for (const query of ['', '?ns=docker.io'])
      await send('PUT', `/v2/${name}/manifests/new${query}`, { headers, body: manifest.bytes });
    await send('DELETE', `/v2/${name}/manifests/${house.hub.manifest}`);
    await send('DELETE', `/v2/${name}/manifests/none`);
  }
  return replies;
}

/** What administrators ask about: each name in every way, and with a namespace. */
async function explainInEveryWay(house: House): Promise<Reply[]> {
  const replies: Reply[] = [];
  const explain = async (image: string, namespace = ''): Promise<void> => {
    const query = new URLSearchParams({ image, ...(namespace !== '' && { ns: namespace }) });
    replies.push(await ask(house, `/api/v1/explain?${query.toString()}`));
  };
  for (const name of NAMES) {
    for (const way of WAYS) await explain(`${way(name)}:1`);
    for (const namespace of NAMESPACES) await explain(`${name}@${house.hub.manifest}`, namespace);
  }
  return replies;
}

/** Asks for images to be fetched, and gives the event that each ended with. */
async function prefetch(house: House, images: readonly string[]): Promise<{ kind: string; image: string }[]> {
  const { body } = await ask(house, '/api/v1/prefetch', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ images }),
  });
  const events = body.toString().trim().split('\n');
  return events
    .map((line) => JSON.parse(line) as { kind: string; image: string })
    .filter(({ kind }) => kind === 'done' || kind === 'failed');
}

async function search(house: House, query: string): Promise<Reply> {
  return await ask(house, `/v1/search?q=${encodeURIComponent(query)}&n=25`);
}

/** Everything that a caller gets from an impostor names one of these. */
function isOfImpostor({ hub, quay }: House, text: string): boolean {
  return [hub, quay].some(({ manifest, config }) => text.includes(manifest) || text.includes(config));
}

const textOf = ({ headers, body }: Reply): string => JSON.stringify(headers) + body.toString('latin1');

describe('names under private', () => {
  let house: House;
  beforeAll(async () => void (house = await build(PRIVATE)));
  beforeEach(async () => {
    await house.hub.forget();
    await house.quay.forget();
  });
  afterAll(async () => {
    await house.gateway.stop();
    await house.place.close();
  });

  const expectNothingSeen = async (): Promise<void> => {
    expect(linesWith(WORDS, await receivedBy(house))).toEqual([]);
  };

  test('other names do reach the upstreams, and what they send is served', async () => {
    const { hub } = house;
    for (const path of [`manifests/1`, `manifests/${hub.manifest}`, `blobs/${hub.config}`]) {
      const reply = await ask(house, `/v2/${PUBLIC}/${path}`);
      expect(reply.status).toBe(200);
      expect(reply.headers['dockgate-member']).toBe('hub');
    }
    expect((await ask(house, `/v2/quay.io/${PUBLIC}/manifests/1`)).status).toBe(200);
    for (const { received } of [hub, house.quay]) expect(await received()).toContain(`/v2/${PUBLIC}/`);
  });

  test('are read in no way from an upstream, and nothing of it is served under them', async () => {
    const replies = await readInEveryWay(house);
    await expectNothingSeen();
    // What the request itself names comes back in errors: only bodies of success can be the impostor's.
    const served = replies.filter(({ status }) => status === 200).map(textOf);
    expect(served.filter((text) => isOfImpostor(house, text))).toEqual([]);
  });

  test('what is held under them is served', async () => {
    for (const name of HELD) {
      const reply = await ask(house, `/v2/${name}/manifests/1`);
      expect([reply.status, reply.headers['dockgate-member']]).toEqual([200, 'hosted']);
    }
  });

  test.each(ODD_PATHS)('%s asks no upstream', async (path) => {
    expect(await sendLine(house, path)).toMatch(/^HTTP\/1.1 4\d\d /);
    await expectNothingSeen();
  });

  test('are pushed, mounted and deleted without an upstream', async () => {
    await writeInEveryWay(house);
    await expectNothingSeen();
  });

  test('tokens for them are made here', async () => {
    const scopes = NAMES.map((name) => `repository:${name}:pull,push,delete`);
    await house.gateway.token(scopes);
    await expectNothingSeen();
  });

  test('a proxy that is asked past the group keeps them too', async () => {
    const hub = house.gateway.connector('hub');
    const authorization = (await hub.authorization?.('')) ?? '';
    for (const name of NAMES)
      for (const { method, path } of questionsOf(name, house)) {
        const reply = await hub.ask(path, { method, headers: { authorization } });
        expect(reply.status === 200 && isOfImpostor(house, textOf(reply))).toBe(false);
      }
    await expectNothingSeen();
  });

  test('are explained without an upstream, and named with the rule that keeps them here', async () => {
    const replies = await explainInEveryWay(house);
    await expectNothingSeen();
    const known = replies.filter(({ status }) => status === 200);
    expect(known.length).toBeGreaterThan(NAMES.length * WAYS.length);
    const members = known.flatMap(
      ({ body }) => (JSON.parse(body.toString()) as { members: { type: string; asked: boolean }[] }).members,
    );
    expect(members.filter(({ type, asked }) => type === 'proxy' && asked)).toEqual([]);
  });

  test('are fetched in advance from nobody', async () => {
    const images = NAMES.flatMap((name) => WAYS.map((way) => `${way(name)}:1`));
    const ends = await prefetch(house, images);
    await expectNothingSeen();
    expect(ends).toHaveLength(images.length);
    // What is held here needs no fetching: the others have failed.
    const done = ends.filter(({ kind }) => kind === 'done').map(({ image }) => image.replace(/:1$/, ''));
    expect(done.filter((image) => !HELD.some((name) => image.endsWith(name)))).toEqual([]);
  });

  test.each(QUERIES)('searching for %s asks no index', async (query) => {
    const reply = await search(house, query);
    expect(reply.status).toBe(200);
    expect(linesWith([...WORDS, 'womb'], await receivedBy(house))).toEqual([]);
    const { results } = JSON.parse(reply.body.toString()) as { results: { name: string }[] };
    expect(results.map(({ name }) => name).filter((name) => name.includes('impostor'))).toEqual([]);
  });

  test('searching for another word asks both indexes', async () => {
    await search(house, 'tool');
    for (const { received } of [house.hub, house.quay]) expect(await received()).toMatch(/search.*tool/);
  });
});

describe('without private patterns', () => {
  let house: House;
  beforeAll(async () => void (house = await build([])));
  afterAll(async () => {
    await house.gateway.stop();
    await house.place.close();
  });

  test('the same requests show the same words to an upstream, of every kind', async () => {
    await readInEveryWay(house);
    for (const query of QUERIES) await search(house, query);
    const seen = linesWith(WORDS, await receivedBy(house)).join('\n');
    for (const kind of [
      /GET \/v2\/wombat\/none\/manifests\/1 /,
      /GET \/v2\/wombat\/none\/manifests\/sha256:/,
      /\/v2\/wombat\/none\/blobs\/sha256:/,
      /GET \/v2\/wombat\/none\/tags\/list/,
      /GET \/v2\/wombat\/none\/referrers\/sha256:/,
      /GET \/token\?.*scope=repository:wombat\/none:pull/,
      /GET \/v1\/search\?.*q=wombat/,
      /GET \/v2\/search\/repositories\?.*query=tasmania/,
    ])
      expect(seen).toMatch(kind);
  });

  test.each([
    ['explained', (image: string) => ask(house, `/api/v1/explain?image=${image}`)],
    ['fetched in advance', (image: string) => prefetch(house, [image])],
  ])('what is %s is asked of an upstream', async (_, act) => {
    for (const impostor of [house.hub, house.quay]) await impostor.forget();
    await act('wombat/later:1');
    expect(linesWith(WORDS, await receivedBy(house)).join('\n')).toContain('/v2/wombat/later/manifests/1');
  });
});
