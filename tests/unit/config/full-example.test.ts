import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ProxyConfig } from '../../../gateway/config/index.ts';
import { inFolder, load } from './load.ts';

const example = `
hosts:
  idocker.io:   { read: docker-group, write: docker-hosted }
  repo.ald.com: { web: true }
  old.io:       { read: http://10.0.0.5:8082, write: http://10.0.0.5:8083 }
  nexus.io:     { forward: http://10.0.0.5:8081 }
connectors:
  8002: { repository: docker-hosted, tls: true }
  8001: { repository: quay }
blobStores:
  default: { type: filesystem, path: ./data/blobs, quota: 500GiB }
tls:
  profile: files
  cert: /path/fullchain.pem
  key:  path/key.pem
repositories:
  docker-hosted:
    type: hosted
    online: true
    blobStore: default
    deployment: allow
    private: ["team/**"]
  quay:
    type: proxy
    upstream: https://quay.io
    prefix: quay.io
    library: auto
    index: https://quay.io
    routes: ["coreos/**", "prometheus/**"]
    username: u
    password: \${QUAY_PASSWORD}
    ca: /path/upstream-ca.crt
    tagMaxAge: 10m
    notFoundMaxAge: 1m
    offline: false
  docker-group: { type: group, members: [docker-hosted, quay], writable: docker-hosted }
auth:
  anonymous: none
  htpasswd: ./htpasswd
  roles:
    developer: [{ names: ["team/**"], actions: [pull, push] }, { names: ["**"], actions: [pull] }]
  assign: { alice: [developer] }
trustedProxies: [127.0.0.1/32]
compatibility: { schema1: true }
log: { level: info, format: json }
`;

test('every optional key is read', async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/x.yaml`;
    await writeFile(file, example);
    const config = await load(undefined, { file, cwd: '/', env: { QUAY_PASSWORD: 'pa: "ss' } });
    expect(config.file).toBe(file);
    expect(config.data).toBe(`${folder}/data`);
    expect([...config.hosts.values()]).toEqual([
      {
        kind: 'split',
        read: { repository: 'docker-group' },
        write: { repository: 'docker-hosted' },
        web: false,
      },
      { kind: 'page', web: true },
      {
        kind: 'split',
        read: { address: new URL('http://10.0.0.5:8082') },
        write: { address: new URL('http://10.0.0.5:8083') },
        web: false,
      },
      { kind: 'forward', forward: new URL('http://10.0.0.5:8081') },
    ]);
    expect(config.connectors).toEqual([
      { port: 8001, repository: 'quay', tls: false, address: undefined },
      { port: 8002, repository: 'docker-hosted', tls: true, address: undefined },
    ]);
    expect(config.blobStores.get('default')).toEqual({
      type: 'filesystem',
      path: `${folder}/data/blobs`,
      quota: 500 * 1024 ** 3,
    });
    expect(config.tls).toEqual({
      profile: 'files',
      cert: '/path/fullchain.pem',
      key: `${folder}/path/key.pem`,
    });
    expect(config.repositories.get('quay')).toMatchObject({
      prefix: 'quay.io',
      library: false,
      routes: ['coreos/**', 'prometheus/**'],
      credentials: { username: 'u', password: 'pa: "ss' },
      ca: '/path/upstream-ca.crt',
      tagMaxAge: 600_000,
      notFoundMaxAge: 60_000,
    });
    expect((config.repositories.get('quay') as ProxyConfig).index?.href).toBe('https://quay.io/');
    expect(config.auth.htpasswd).toBe(`${folder}/htpasswd`);
    expect(config.auth.roles.get('developer')).toEqual([
      { names: ['team/**'], actions: ['pull', 'push'] },
      { names: ['**'], actions: ['pull'] },
    ]);
    expect(config.auth.assign.get('alice')).toEqual(['developer']);
    expect(config.trustedProxies).toEqual([{ address: '127.0.0.1', prefix: 32, family: 'ipv4' }]);
    expect(config.compatibility).toEqual({ schema1: true });
  });
});
