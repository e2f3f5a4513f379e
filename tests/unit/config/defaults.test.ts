import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../../../gateway/config/index.ts';
import { inFolder, load } from './load.ts';
import { loadConfig } from '../../../gateway/config/index.ts';

test('no file is the configuration that docs/configuration.md begins with', async () => {
  const docs = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const [, shown] = /```yaml\n(.*?)```/s.exec(docs) ?? [];
  expect(shown).toContain('docker-hosted');
  const overrides = { data: '/d' };
  expect(plain({ ...(await load(shown, { overrides })), file: undefined })).toEqual(
    plain(await load(undefined, { overrides })),
  );
});

test('no file fills every key in', async () => {
  await inFolder(async (folder) => {
    const config = await loadConfig({ overrides: {}, env: {}, cwd: folder });
    const target = { read: { repository: 'docker-group' }, write: { repository: 'docker-hosted' } };
    expect(plain(config)).toEqual(
      plain({
        file: undefined,
        data: path.join(folder, 'data'),
        hosts: new Map([
          ['localhost', { kind: 'split', ...target, web: true, certificate: undefined, backend: undefined }],
        ]),
        listen: { https: 443, http: 80, proxyProtocol: false },
        connectors: [],
        blobStores: new Map([
          ['default', { type: 'filesystem', path: path.join(folder, 'data/blobs'), quota: undefined }],
        ]),
        tls: {
          profile: 'ca',
          caCert: undefined,
          caKey: undefined,
          constrainNames: false,
          overlap: 30 * 86_400_000,
        },
        repositories: new Map<string, unknown>([
          [
            'docker-hosted',
            { type: 'hosted', online: true, blobStore: 'default', deployment: 'allow', private: [] },
          ],
          ['docker-hub', proxy('registry-1.docker.io', 'docker.io', 'https://index.docker.io/')],
          ['quay', proxy('quay.io', 'quay.io')],
          ['ghcr', proxy('ghcr.io', 'ghcr.io')],
          [
            'docker-group',
            {
              type: 'group',
              members: ['docker-hosted', 'docker-hub', 'quay', 'ghcr'],
              writable: 'docker-hosted',
            },
          ],
        ]),
        auth: { anonymous: 'none', htpasswd: undefined, roles: new Map(), assign: new Map() },
        trustedProxies: [],
        accelRedirect: undefined,
        compatibility: { schema1: false },
        prefetch: undefined,
        outbound: { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined },
        log: { level: 'info', format: 'json' },
      }),
    );
  });
});

test('an empty file and one with every section commented out are no file', async () => {
  const none = plain(await load(undefined, { cwd: '/', overrides: { data: '/d' } }));
  for (const text of ['', '# nothing\n', 'hosts:\n  # x.io: {}\nlisten:\nauth:\nrepositories:\n']) {
    expect(plain({ ...(await load(text, { overrides: { data: '/d' } })), file: undefined })).toEqual(none);
  }
});

test('the prefix of an upstream with several addresses comes from the first', async () => {
  const text = `hosts: {}
repositories:
  a: { type: proxy, upstream: ["https://mirror.lan", "https://docker.io"] }
  b: { type: proxy, upstream: ["https://docker.io", "https://mirror.lan"] }
  c: { type: proxy, upstream: ["https://docker.io", "https://mirror.lan"], prefix: mirror }`;
  const { repositories } = await load(text);
  const proxies = [...repositories.values()].filter((each) => each.type === 'proxy');
  expect(proxies.map(({ prefix, library }) => [prefix, library])).toEqual([
    ['mirror.lan', false],
    ['docker.io', true],
    ['mirror', false],
  ]);
});

test('a prefetch needs only its images', async () => {
  const { prefetch } = await load('prefetch: { images: [nginx] }');
  expect(prefetch).toEqual({
    images: ['nginx'],
    platforms: ['linux/amd64'],
    interval: 86_400_000,
  });
  for (const all of ['all', '[all]', '[linux/amd64, all]']) {
    expect((await load(`prefetch: { images: [a], platforms: ${all} }`)).prefetch?.platforms).toBe('all');
  }
  expect((await load('prefetch: { images: [a], platforms: linux/arm64 }')).prefetch?.platforms).toEqual([
    'linux/arm64',
  ]);
});

test('a configuration cannot be changed', async () => {
  const config = await load(undefined);
  const hosts = config.hosts as Map<string, unknown>;
  expect(() => hosts.set('x', {})).toThrow(TypeError);
  expect(() => hosts.delete('localhost')).toThrow(TypeError);
  expect(Object.isFrozen(config.hosts.get('localhost'))).toBe(true);
  expect(Object.isFrozen(config.repositories.get('quay'))).toBe(true);
  expect(Object.isFrozen(config.listen)).toBe(true);
});

function proxy(host: string, prefix: string, index?: string) {
  return {
    type: 'proxy',
    blobStore: 'default',
    upstreams: [new URL(`https://${host}/`)],
    prefix,
    library: prefix === 'docker.io',
    index: index === undefined ? undefined : new URL(index),
    routes: undefined,
    credentials: undefined,
    ca: undefined,
    clientCertificate: undefined,
    connectTimeout: 10_000,
    headersTimeout: 20_000,
    bodyTimeout: 60_000,
    maxConnections: 32,
    tagMaxAge: 600_000,
    staleWhileRevalidate: 0,
    notFoundMaxAge: 60_000,
    tags: 'cached',
    autoBlock: true,
    maxSize: undefined,
    maxUnused: undefined,
    offline: false,
  };
}

/** Maps as entries and URLs as text, so that a difference in either is seen. */
function plain(config: Config | object): unknown {
  return JSON.parse(
    JSON.stringify(config, (_key, value: unknown) =>
      value instanceof Map ? { entries: [...value] } : value === undefined ? '(undefined)' : value,
    ),
  );
}
