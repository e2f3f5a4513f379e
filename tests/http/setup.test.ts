import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { setupPage } from '../../web/index.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { opensslSelfSigned } from '../support/openssl.ts';

let place: Place;
let gateway: LocalGateway;
let fingerprint: string;
beforeAll(async () => {
  place = await createLoopback();
  gateway = await startLocalGateway(place, {
    hosts: {
      localhost: { read: 'group', write: 'own' },
      'cache.test': { read: 'quay', write: 'own' },
      'page.test': { web: true },
    },
    repositories: {
      own: { type: 'hosted' },
      hub: { type: 'proxy', upstream: 'https://registry-1.docker.io', offline: true },
      quay: { type: 'proxy', upstream: 'https://quay.io', offline: true },
      group: { type: 'group', members: ['own', 'hub', 'quay'], writable: 'own' },
    },
  });
  fingerprint = `SHA256:${new X509Certificate(gateway.ca ?? '').fingerprint256}`;
});
afterAll(async () => {
  await gateway.stop();
  await place.close();
});

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const text = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await gateway.ask(path, { headers })).body.toString();

test('browsers get a page that may load and run nothing', async () => {
  const { status, headers, body } = await gateway.ask('/setup', { headers: HTML });
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers.vary).toContain('Accept');
  expect(body.toString()).not.toMatch(/<script|<link|<img|src=|url\(/);
  expect(body.toString()).toContain(fingerprint);
});

test('the others get text, at /setup.txt everybody', async () => {
  for (const [path, headers] of [
    ['/setup', { accept: '*/*' }],
    ['/setup', { accept: 'text/plain' }],
    ['/setup.txt', HTML],
  ] as const) {
    const reply = await gateway.ask(path, { headers });
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(reply.body.toString()).toContain(fingerprint);
  }
});

test('has a block for each client, with the host and its port as it was asked', async () => {
  const { port } = gateway;
  const said = await text('/setup.txt');
  for (const words of [
    `docker login localhost:${port}`,
    `sudo dockgate trust localhost:${port} --containerd --fingerprint ${fingerprint}`,
    'registries.yaml',
    'kind get nodes',
    `[registry."localhost:${port}"]`,
    'crane catalog',
    'security add-trusted-cert',
    'Import-Certificate',
    `"https://localhost:${port}"`,
    `curl -fsS http://localhost:${gateway.plain.port}/setup/docker.sh | sudo sh -s -- ${fingerprint}`,
  ])
    expect(said).toContain(words);
});

test('mirrors are what reads through the host reach', async () => {
  const group = await text('/setup.txt');
  expect(group).toContain('"registry-mirrors"');
  expect(group).toContain(`location = "localhost:${gateway.port}"`);
  expect(group).toContain(`location = "localhost:${gateway.port}/quay.io"`);
  expect(group).toContain('set auth.anonymous: pull');
  const quay = await text('/setup.txt', { host: 'cache.test' });
  expect(quay).toContain('/etc/containerd/certs.d/quay.io/hosts.toml');
  expect(quay).not.toContain('registry-mirrors');
  expect(quay).not.toContain('docker.io');
});

test('a host with the page alone speaks of the registry', async () => {
  expect(await text('/setup.txt', { host: 'page.test' })).toContain(
    `docker login localhost:${gateway.port}\n`,
  );
});

describe('over plain HTTP', () => {
  test('says so, and names the port of HTTPS', async () => {
    const { status, body } = await gateway.plain.ask('/setup');
    expect(status).toBe(200);
    expect(body.toString()).toContain('This page came over plain HTTP');
    expect(body.toString()).toContain(`docker login localhost:${gateway.port}`);
    expect(await text('/setup')).not.toContain('This page came over plain HTTP');
  });

  test('gives the same scripts, and redirects what it does not know', async () => {
    const over = await gateway.plain.ask('/setup/docker.sh');
    expect(over.headers['content-type']).toBe('text/x-shellscript; charset=utf-8');
    expect(over.body.toString()).toBe(await text('/setup/docker.sh'));
    expect((await gateway.plain.ask('/setup/other.sh')).status).toBe(308);
  });
});

test.each(['docker', 'podman', 'containerd', 'system'])(
  '%s.sh is shell, without any fingerprint',
  async (name) => {
    const script = await text(`/setup/${name}.sh`);
    expect(script).toContain(`HOST='localhost:${gateway.port}'`);
    expect(script.replaceAll(':', '')).not.toContain(fingerprint.slice(7).replaceAll(':', ''));
    for (const shell of ['sh', 'bash'])
      expect(await place.run([shell, '-n'], { stdin: script })).toMatchObject({ code: 0, stderr: '' });
  },
);

test.each(['/setup/other.sh', '/setup/docker.sh/x', '/setups', '/setup/../ca'])(
  '%s is nothing',
  async (path) => {
    expect((await gateway.ask(path)).status).toBe(404);
  },
);

test.each(['<script>', "a'b", 'a"b', '..', 'a..b', '-rf', 'a b', '$(id)', 'a`id`', 'a&b', 'a;b'])(
  'a Host of %j gets into nothing',
  async (host) => {
    for (const path of ['/setup', '/setup.txt', '/setup/docker.sh']) {
      const reply = await gateway.plain.ask(path, { headers: { ...HTML, host } });
      expect(reply.status).toBe(400);
      expect(reply.body.toString()).not.toContain(host);
    }
  },
);

test('the page escapes what it is given, whoever checked it before', () => {
  const registry = `<i title="x" lang='y'>&`;
  const mirrors = ['<script>'];
  const page = setupPage({
    registry,
    plain: registry,
    fingerprints: [registry],
    secure: true,
    mirrors,
    anonymous: true,
  });
  expect(page).not.toMatch(/<i |<script|"x"|'y'/);
  expect(page).toContain('&lt;i title=&quot;x&quot; lang=&#39;y&#39;&gt;&amp;');
});

test('an authority of the operator: nothing to install, but how to log in', async () => {
  const [cert, key] = [`${place.folder}/own.crt`, `${place.folder}/own.key`];
  opensslSelfSigned(cert, key, '-subj', '/CN=x', '-addext', 'subjectAltName=DNS:localhost');
  const other = await startLocalGateway(place, { data: gateway.data, tls: { profile: 'files', cert, key } });
  try {
    const said = (await other.plain.ask('/setup')).body.toString();
    expect(said).toContain('an authority that its operator chose');
    expect(said).not.toContain('dockgate trust');
    expect(said).toContain('docker login localhost');
    const script = await other.plain.ask('/setup/docker.sh');
    expect([script.status, script.body.toString()[0]]).toEqual([404, '#']);
  } finally {
    await other.stop();
  }
});
