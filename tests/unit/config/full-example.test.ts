import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ProxyConfig } from '../../../gateway/config/index.ts';
import { inFolder, load } from './load.ts';

const example = `
hosts:
  idocker.io:   { read: docker-group, write: docker-hosted }
  repo.ald.com: { web: true, tls: { cert: repo.pem, key: /path/repo.key } }
  old.io:       { read: http://10.0.0.5:8082, write: http://10.0.0.5:8083 }
  nexus.io:     { forward: http://10.0.0.5:8081 }
  apart.io:
    read: [https://a.lan, https://b.lan/repository/docker-group]
    write: https://a.lan/repository/docker-hosted
    login: gateway
    username: robot
    password: \${QUAY_PASSWORD}
    ca: /path/backend-ca.crt
    clientCert: /path/client.pem
    clientKey: client.key
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
    upstream: [https://mirror.lan:5000/quay/, https://quay.io]
    prefix: quay.io
    library: auto
    index: https://quay.io
    routes: ["coreos/**", "prometheus/**"]
    username: u
    password: \${QUAY_PASSWORD}
    ca: /path/upstream-ca.crt
    clientCert: /path/client.pem
    clientKey: client.key
    connectTimeout: 5s
    headersTimeout: 15s
    bodyTimeout: 2m
    maxConnections: 8
    tagMaxAge: 11m
    staleWhileRevalidate: 1h
    notFoundMaxAge: 2m
    tags: upstream
    autoBlock: false
    maxSize: 100GiB
    maxUnused: 30d
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
prefetch: { images: ["nginx:1.27", quay.io/coreos/etcd], platforms: [linux/amd64, linux/arm/v7], interval: 12h }
outbound: { httpProxy: "http://proxy:3128", httpsProxy: "http://u:p@proxy:3129", noProxy: ".lan,10.0.0.0" }
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
      {
        kind: 'page',
        web: true,
        certificate: { cert: `${folder}/repo.pem`, key: '/path/repo.key' },
      },
      {
        kind: 'split',
        read: { addresses: [new URL('http://10.0.0.5:8082')] },
        write: { addresses: [new URL('http://10.0.0.5:8083')] },
        web: false,
        backend: { login: 'backend' },
      },
      { kind: 'forward', forward: new URL('http://10.0.0.5:8081'), backend: { login: 'backend' } },
      {
        kind: 'split',
        read: { addresses: [new URL('https://a.lan'), new URL('https://b.lan/repository/docker-group')] },
        write: { addresses: [new URL('https://a.lan/repository/docker-hosted')] },
        web: false,
        backend: {
          login: 'gateway',
          credentials: { username: 'robot', password: 'pa: "ss' },
          ca: '/path/backend-ca.crt',
          clientCertificate: { cert: '/path/client.pem', key: `${folder}/client.key` },
        },
      },
    ]);
    expect(config.connectors).toEqual([
      { port: 8001, repository: 'quay', tls: false, address: undefined, proxyProtocol: false },
      { port: 8002, repository: 'docker-hosted', tls: true, address: undefined, proxyProtocol: false },
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
      clientCertificate: { cert: '/path/client.pem', key: `${folder}/client.key` },
      connectTimeout: 5000,
      headersTimeout: 15_000,
      bodyTimeout: 120_000,
      maxConnections: 8,
      tagMaxAge: 660_000,
      staleWhileRevalidate: 3_600_000,
      notFoundMaxAge: 120_000,
      tags: 'upstream',
      autoBlock: false,
      maxSize: 100 * 1024 ** 3,
      maxUnused: 30 * 86_400_000,
    });
    const quay = config.repositories.get('quay') as ProxyConfig;
    expect(quay.index?.href).toBe('https://quay.io/');
    expect(quay.upstreams.map(({ href }) => href)).toEqual([
      'https://mirror.lan:5000/quay',
      'https://quay.io/',
    ]);
    expect(config.auth.htpasswd).toBe(`${folder}/htpasswd`);
    expect(config.auth.roles.get('developer')).toEqual([
      { names: ['team/**'], actions: ['pull', 'push'] },
      { names: ['**'], actions: ['pull'] },
    ]);
    expect(config.auth.assign.get('alice')).toEqual(['developer']);
    expect(config.trustedProxies).toEqual([{ address: '127.0.0.1', prefix: 32, family: 'ipv4' }]);
    expect(config.compatibility).toEqual({ schema1: true });
    expect(config.prefetch).toEqual({
      images: ['nginx:1.27', 'quay.io/coreos/etcd'],
      platforms: ['linux/amd64', 'linux/arm/v7'],
      interval: 43_200_000,
    });
    expect(config.outbound).toEqual({
      httpProxy: new URL('http://proxy:3128'),
      httpsProxy: new URL('http://u:p@proxy:3129'),
      noProxy: '.lan,10.0.0.0',
    });
  });
});
