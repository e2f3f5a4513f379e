import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createRegistry,
  openFilesystem,
  openSqlite,
  type Facts,
  type Metadata,
  type Registry,
} from '../../registry/index.ts';
import { request } from '../support/http-request.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

const account = { user: 'admin', password: 'admin of the engine' };

let place: Place;
let metadata: Metadata;
let registry: Registry;
let server: Server;
let url: string;
const faults: unknown[] = [];
const facts: Facts[] = [];

beforeAll(async () => {
  place = await createLoopback();
  metadata = await openSqlite(join(place.folder, 'metadata.db'));
  const blobs = await openFilesystem(join(place.folder, 'blobs'));
  const hosted = {
    type: 'hosted',
    online: true,
    blobStore: 'default',
    deployment: 'allow',
    private: [],
  } as const;
  registry = await createRegistry(
    {
      repositories: new Map([['mine', hosted]]),
      access: { anonymous: 'none', roles: {}, assign: {} },
      htpasswd: undefined,
    },
    { metadata, blobs },
    { fault: (fault) => faults.push(fault), evicted: () => undefined, htpasswd: () => undefined },
  );
  await registry.accounts.ensureAdmin({ password: account.password });
  server = createServer((req, res) => {
    const own: Facts = {};
    facts.push(own);
    void (async () => {
      const exchange = await registry.receive(req, res, { origin: url }, own);
      const route = { repository: 'mine', view: 'mine', reach: 'anywhere' } as const;
      if (exchange) await registry.answer(exchange, route);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await registry.close();
  await metadata.close();
  await place.close();
});

test('the engine is a registry without the gateway', async () => {
  const authorization = basic(account);
  const target = { place, url, authorization: () => Promise.resolve(authorization) };
  const image = await seedImage(target, 'team/app', '1');
  const headers = { authorization };
  const manifest = await request(place, `${url}/v2/team/app/manifests/1`, { headers });
  expect([manifest.status, manifest.body]).toEqual([200, image.manifest.bytes]);
  for (const { digest, bytes } of [...image.layers, image.config]) {
    const blob = await request(place, `${url}/v2/team/app/blobs/${digest}`, { headers });
    expect([blob.status, blob.body]).toEqual([200, bytes]);
  }
  await registry.check();
  expect(faults).toEqual([]);
  expect(facts.at(-1)).toMatchObject({ operation: 'blob-get', user: 'admin', repository: 'mine' });
});

test('it has a token service of its own, at the origin that it is told', async () => {
  const refused = await request(place, `${url}/v2/`);
  expect(refused.headers['www-authenticate']).toContain(`realm="${url}/v2/token"`);
  const granted = await request(place, `${url}/v2/token`, { headers: { authorization: basic(account) } });
  const { token } = JSON.parse(granted.body.toString()) as { token: string };
  const welcome = await request(place, `${url}/v2/`, { headers: { authorization: `Bearer ${token}` } });
  expect(welcome.status).toBe(200);
});

test('repositories that do not fit together are refused', async () => {
  const blobs = await openFilesystem(join(place.folder, 'other'));
  const repositories = new Map([['all', { type: 'group', members: ['none'], writable: undefined } as const]]);
  const making = createRegistry(
    { repositories, access: { anonymous: 'none', roles: {}, assign: {} }, htpasswd: undefined },
    { metadata, blobs },
    { fault: () => undefined, evicted: () => undefined, htpasswd: () => undefined },
  );
  await expect(making).rejects.toThrow('there is no repository none');
});
