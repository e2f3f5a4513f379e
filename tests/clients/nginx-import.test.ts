import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS } from '../support/clients/all.ts';
import { createAuthority, type Authority } from '../support/authority.ts';
import type { Client } from '../support/clients/client.ts';
import { request, type Reply } from '../support/http-request.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';
import { basic } from '../support/realm.ts';
import { TYPES, type Image } from '../support/image.ts';
import { seedImage } from '../support/seed-image.ts';
import type { Server } from '../support/server.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const HOST = 'registry.example';
const ACCOUNT = { user: 'alice', password: 'of the registry behind' };
const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
const FILES = fileURLToPath(new URL('../support/nginx-files/', import.meta.url));
const NEEDS = ['namespaces', 'nginx', 'docker', 'dockerd', 'podman', 'docker-registry', 'htpasswd'] as const;

/** Two registries that play a hosted repository and a group with it: a pull-through cache with a store of its own. */
interface Pair {
  readonly machine: Machine;
  readonly authority: Authority;
  readonly group: Upstream;
  readonly hosted: Upstream;
  /** The store of the hosted one, as the group sees it: docker-registry cannot log in to what it is a cache of. */
  readonly inside: Upstream;
  readonly store: string;
}

async function createPair(): Promise<Pair> {
  const machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
  const authority = await createAuthority(machine);
  const auth = { type: 'basic', account: ACCOUNT } as const;
  const store = join(machine.folder, 'hosted-store');
  const inside = await createUpstream(machine, { store });
  const hosted = await createUpstream(machine, { auth, store });
  const group = await createUpstream(machine, { auth, cacheOf: inside.url });
  return { machine, authority, group, hosted, inside, store };
}

/** Puts a file of the collection, with the addresses of the pair and a real certificate, into a folder. */
async function place({ machine, authority, group, hosted }: Pair, name: string): Promise<string> {
  const folder = join(machine.folder, name);
  await mkdir(join(folder, 'certs'), { recursive: true });
  const { cert, key } = await authority.issue(HOST);
  await writeFile(join(folder, 'certs', 'registry.crt'), await readFile(cert));
  await writeFile(join(folder, 'certs', 'registry.key'), await readFile(key));
  const text = await readFile(join(FILES, name), 'utf8');
  const file = join(folder, name);
  await writeFile(
    file,
    text
      .replaceAll('10.20.0.5:8082', new URL(group.url).host)
      .replaceAll('10.20.0.5:8083', new URL(hosted.url).host),
  );
  return file;
}

async function importFile(machine: Machine, file: string): Promise<string> {
  const out = `${file}.yaml`;
  succeeded(await machine.run([process.execPath, MAIN, 'nginx', 'import', file, '--out', out]));
  return out;
}

/** Starts a server on the ports of the file and waits until it answers. */
async function started({ machine, authority }: Pair, argv: readonly string[]): Promise<Server> {
  const server = machine.spawn(argv);
  for (let attempt = 0; attempt < 300; attempt++) {
    const reply = await request(machine, `https://${HOST}/v2/`, { ca: authority.ca }).catch(() => undefined);
    if (reply?.status === 401) return server;
    const ended = await Promise.race([sleep(100, false), server.ended.then(() => true)]);
    if (ended) break;
  }
  throw new Error(`${argv[0] ?? ''} did not start; it printed:\n${server.output()}`);
}

/** Pushes the manifest of an image and nothing of what it references, as a tool does that gives it another tag. */
async function retag({ machine, authority }: Pair, name: string, { manifest }: Image): Promise<Reply> {
  return await request(machine, `https://${HOST}/v2/team/${name}/manifests/retagged`, {
    method: 'PUT',
    ca: authority.ca,
    headers: { 'content-type': manifest.mediaType, authorization: basic(ACCOUNT) },
    body: manifest.bytes,
  });
}

describeWith([...NEEDS, 'openssl'], 'an nginx.conf of the classic shape, imported', () => {
  let pair: Pair;
  let file: string;
  let yaml: string;
  const clients = new Map<string, { readonly client: Client; readonly image: Image }>();
  const rows = CLIENTS.filter(({ name }) => name === 'docker' || name === 'podman');
  const names = rows.map(({ name }) => name);
  const of = (name: string): { readonly client: Client; readonly image: Image; readonly theirs: string } => {
    const found = clients.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return { ...found, theirs: `${HOST}/team/${name}:theirs` };
  };
  beforeAll(async () => {
    pair = await createPair();
    file = await place(pair, 'classic.conf');
    yaml = await importFile(pair.machine, file);
    for (const { name, create } of rows) {
      const image = await seedImage(pair.inside, `team/${name}`, 'theirs', { layers: [2000, 3000] });
      const client = await create(pair.machine);
      await client.trust(HOST, pair.authority.ca);
      clients.set(name, { client, image });
    }
  });
  afterAll(() => pair.machine.close());

  test('says the same as the inside of its http block alone', async () => {
    const inside = await importFile(pair.machine, await place(pair, 'classic-inside-http.conf'));
    const bare = async (from: string): Promise<string> =>
      (await readFile(from, 'utf8'))
        .replaceAll(/ *#.*/g, '')
        .replaceAll('/classic-inside-http.conf/', '/classic.conf/');
    expect(await bare(inside)).toBe(await bare(yaml));
    expect(await bare(yaml)).toContain(`read: ${pair.group.url}\n    write: ${pair.hosted.url}\n`);
  });

  describe('by nginx', () => {
    let nginx: Server;
    beforeAll(async () => {
      const folder = join(pair.machine.folder, 'classic.conf');
      nginx = await started(pair, ['nginx', '-p', folder, '-c', file, '-g', 'daemon off;']);
    });
    afterAll(async () => {
      await nginx.stop();
    });

    test.each(names)('%s logs in and pulls', async (name) => {
      const { client, theirs } = of(name);
      succeeded(await client.login(HOST, ACCOUNT));
      succeeded(await client.pull(theirs));
    });

    test('what only the group has is not pushed: the hosted one lacks the layers', async () => {
      // As if another member of the group had had them: its own store keeps what was pulled.
      await rm(pair.store, { recursive: true });
      for (const name of names) {
        const { status, body } = await retag(pair, name, of(name).image);
        expect(status).toBe(400);
        expect(body.toString()).toContain('MANIFEST_BLOB_UNKNOWN');
      }
    });

    test('docker pushes nothing: the registry believes that HTTP is spoken, and sends it there', async () => {
      const { client, theirs } = of('docker');
      succeeded(await client.tag(theirs, `${HOST}/team/docker:again`));
      const pushed = await client.push(`${HOST}/team/docker:again`);
      expect(pushed.code).not.toBe(0);
      expect(pushed.stderr).toContain('unauthorized');
    });
  });

  describe('by the gateway', () => {
    let gateway: Server;
    beforeAll(async () => {
      const data = join(pair.machine.folder, 'data');
      gateway = await started(pair, [process.execPath, MAIN, 'serve', '--config', yaml, '--data', data]);
    });
    afterAll(async () => {
      await gateway.stop();
    });

    test.each(names)('%s logs in, pushes and pulls', async (name) => {
      const { client } = of(name);
      succeeded(await client.logout(HOST));
      expect((await client.login(HOST, { ...ACCOUNT, password: 'wrong' })).code).not.toBe(0);
      succeeded(await client.login(HOST, ACCOUNT));
      const own = `${HOST}/team/${name}-own:1`;
      const id = await client.make(own);
      succeeded(await client.push(own));
      succeeded(await client.remove(own));
      succeeded(await client.pull(own));
      expect(await client.id(own)).toBe(id);
    });

    test.each(names)('%s pushes an image whose layers only the group has', async (name) => {
      const { client, theirs } = of(name);
      const again = `${HOST}/team/${name}:by-dockgate`;
      succeeded(await client.tag(theirs, again));
      succeeded(await client.push(again));
      await isWhole(pair, `/v2/team/${name}`, 'by-dockgate');
    });

    test.each(names)('what only the group has is pushed by its manifest alone: %s', async (name) => {
      const { image } = of(name);
      await rm(pair.store, { recursive: true });
      expect((await retag(pair, name, image)).status).toBe(201);
      await isWhole(pair, `/v2/team/${name}`, 'retagged');
    });
  });
});

/** That the store of the hosted one has a manifest and everything that it references. */
async function isWhole({ machine, inside }: Pair, path: string, tag: string): Promise<void> {
  const headers = { accept: [...Object.values(TYPES)].map(({ manifest }) => manifest).join(', ') };
  const { body } = await request(machine, `${inside.url}${path}/manifests/${tag}`, { headers });
  const { config, layers } = JSON.parse(body.toString()) as Record<'config', Part> & Record<'layers', Part[]>;
  expect(layers).toHaveLength(2);
  for (const { digest } of [config, ...layers]) {
    const reply = await request(machine, `${inside.url}${path}/blobs/${digest}`, { method: 'HEAD' });
    expect(reply.status).toBe(200);
  }
}

interface Part {
  readonly digest: string;
}
