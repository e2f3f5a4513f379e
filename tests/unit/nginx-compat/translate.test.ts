import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, type Config, type HostConfig } from '../../../gateway/config/index.ts';
import {
  filesOnDisk,
  parseNginx,
  translateNginx,
  type Directive,
  type Translation,
} from '../../../nginx-compat/index.ts';

const FILES = fileURLToPath(new URL('../../support/nginx-files/', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dg-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Every file of the collection; a folder is one file with what it includes. */
const collection = (await readdir(FILES, { withFileTypes: true })).map((entry) =>
  entry.isDirectory() ? `${entry.name}/nginx.conf` : entry.name,
);

function translate(file: string): Translation {
  const files = filesOnDisk();
  return translateNginx(parseNginx(file, files), files, (name) => join('/etc/nginx', name));
}

async function translateText(text: string): Promise<Translation> {
  const file = join(folder, 'nginx.conf');
  await writeFile(file, text);
  return translate(file);
}

/** As `dockgate serve` reads it. */
async function load({ yaml }: Translation): Promise<Config> {
  const file = join(folder, 'dockgate.yaml');
  await writeFile(file, yaml);
  return await loadConfig({ file, overrides: {}, env: {} });
}

function inShort(host: HostConfig | undefined): string {
  if (host?.kind === 'forward') return `forward ${host.forward.href}`;
  if (host?.kind !== 'split') return 'none';
  const show = (target: typeof host.write): string =>
    target === undefined
      ? 'nothing'
      : 'repository' in target
        ? target.repository
        : target.addresses.map(({ href }) => href.replace(/\/$/, '')).join(' ');
  return `${show(host.read)} | ${show(host.write)}`;
}

async function hostsOf(translation: Translation): Promise<Record<string, string>> {
  const { hosts } = await load(translation);
  return Object.fromEntries([...hosts].map(([name, host]) => [name, inShort(host)]));
}

function verdictOn({ report }: Translation, start: string): string | undefined {
  return report.find(({ directive }) => directive.startsWith(start))?.verdict;
}

/** Every directive of a tree. */
function flat(directives: readonly Directive[]): Directive[] {
  return directives.flatMap((each) => [each, ...flat(each.block ?? [])]);
}

describe('every file of the collection', () => {
  test('is one of twenty shapes, one of them in two forms', () => {
    expect(collection).toHaveLength(21);
  });

  test.each(collection)('%s: each directive and include is in the report once', (name) => {
    const file = join(FILES, name);
    const { directives, includes } = parseNginx(file, filesOnDisk());
    const place = ({ at }: { at: Directive['at'] }): string => `${at.file}:${at.line}:${at.column}`;
    const expected = [...flat(directives), ...includes].map(place).toSorted();
    const { report } = translate(file);
    expect(report.map(place).toSorted()).toEqual(expected);
    for (const { text, verdict } of report) {
      expect(text).not.toBe('');
      expect(['mapped', 'not-needed', 'unsupported']).toContain(verdict);
    }
  });

  const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'artifactory-subdomains.conf': {
      'registry.example':
        'http://10.20.0.9:8081/artifactory/api/docker/docker | http://10.20.0.9:8081/artifactory/api/docker/docker',
    },
    'basic-auth.conf': { 'images.example': 'http://127.0.0.1:5000 | http://127.0.0.1:5000' },
    'caching-mirror.conf': { 'mirror.example': 'hub | nothing' },
    'chart-museum.conf': { localhost: 'http://10.20.0.30:5000 | http://10.20.0.30:5000' },
    'classic.conf': { 'registry.example': 'http://10.20.0.5:8082 | http://10.20.0.5:8083' },
    'classic-inside-http.conf': { 'registry.example': 'http://10.20.0.5:8082 | http://10.20.0.5:8083' },
    'debian-layout/nginx.conf': { 'registry.example': 'http://10.20.0.5:8082 | http://10.20.0.5:8083' },
    'gitlab-registry.conf': { 'registry.example': 'http://localhost:5000 | http://localhost:5000' },
    'harbor.conf': { 'harbor.example': 'forward http://10.20.0.8:8080/' },
    'listens.conf': {
      'registry.example': 'http://127.0.0.1:5000 | http://127.0.0.1:5000',
      '*.registry.example': 'http://127.0.0.1:5000 | http://127.0.0.1:5000',
      'images.example': 'https://10.20.0.21:5443 | https://10.20.0.21:5443',
    },
    'map-on-method.conf': { 'docker.example': 'http://10.20.0.5:8082 | http://10.20.0.5:8083' },
    'nexus-repository-paths.conf': {
      'nexus.example':
        'http://10.20.0.5:8081/repository/docker-group | http://10.20.0.5:8081/repository/docker-hosted',
    },
    'openresty.conf': { 'registry.example': 'http://127.0.0.1:5000 | http://127.0.0.1:5000' },
    'port-per-repository.conf': { 'nexus.example': 'http://10.20.0.5:18001 | http://10.20.0.5:18001' },
    'portus.conf': { 'portus.example': 'http://10.20.0.7:5000 | http://10.20.0.7:5000' },
    'read-only-mirror.conf': { 'mirror.example': 'http://127.0.0.1:5000 | nothing' },
    'several-servers.conf': {
      'hub.example':
        'http://10.20.0.11:5000 http://10.20.0.12:5000 http://10.20.0.14:5000 | http://10.20.0.11:5000',
      'www.hub.example':
        'http://10.20.0.11:5000 http://10.20.0.12:5000 http://10.20.0.14:5000 | http://10.20.0.11:5000',
    },
    'ssl-on.conf': { 'old.example': 'http://127.0.0.1:5000 | http://127.0.0.1:5000' },
    'stream-passthrough.conf': {},
    'two-domains.conf': {
      'repo.example': 'forward http://10.20.0.5:8081/',
      'registry.example': 'http://10.20.0.5:8082 | http://10.20.0.5:8083',
    },
    'walls.conf': { 'registry.example': 'http://10.20.0.5:5000 | http://10.20.0.5:5000' },
  };
  test.each(collection)('%s: dockgate serve reads what was written', async (name) => {
    expect(await hostsOf(translate(join(FILES, name)))).toEqual(expected[name]);
  });
});

describe('the classic shape', () => {
  const classic = translate(join(FILES, 'classic.conf'));

  test('is written with the lines that each key comes from', () => {
    expect(classic.yaml)
      .toBe(`# Made of classic.conf by dockgate nginx import; each comment names the lines it comes from
listen:
  https: 443 # classic.conf:23
  http: 80 # classic.conf:22
tls:
  profile: files
  cert: /etc/nginx/certs/registry.crt # classic.conf:26
  key: /etc/nginx/certs/registry.key # classic.conf:27
hosts:
  registry.example: # classic.conf:24
    read: http://10.20.0.5:8082 # classic.conf:14, classic.conf:34, classic.conf:35, classic.conf:39
    write: http://10.20.0.5:8083 # classic.conf:18, classic.conf:33, classic.conf:39
`);
  });

  test('is mapped whole, and its mistakes are said to be right in the result (B6)', () => {
    expect(classic.report.filter(({ verdict }) => verdict === 'unsupported')).toEqual([]);
    const mended = classic.findings.filter(({ remains }) => !remains).map(({ rule }) => rule);
    expect(mended).toEqual(expect.arrayContaining(['head-split', 'upload-session', 'forwarded-proto']));
    expect(classic.findings.filter(({ remains }) => remains).map(({ rule }) => rule)).toEqual([
      'certificates',
    ]);
  });
});

describe('further keys', () => {
  test('a login at nginx is one at the gateway, of the same users', async () => {
    const { hosts, auth } = await load(translate(join(FILES, 'basic-auth.conf')));
    expect(hosts.get('images.example')).toMatchObject({
      backend: { login: 'gateway', credentials: undefined },
    });
    expect(auth).toMatchObject({ anonymous: 'none', htpasswd: '/etc/nginx/certs/registry.htpasswd' });
  });

  test('a login for pushes alone leaves pulls anonymous; that of nginx at the backend is kept, and not shown', async () => {
    const translation = await translateText(`server {
      listen 443 ssl; server_name a.example; ssl_certificate a.crt; ssl_certificate_key a.key; client_max_body_size 0;
      location / {
        proxy_pass http://10.0.0.1:5000;
        proxy_set_header Authorization "Basic ${Buffer.from('robot:s3${cret}').toString('base64')}";
        limit_except GET HEAD { auth_basic images; auth_basic_user_file users; }
      }
    }`);
    const { hosts, auth } = await load(translation);
    const credentials = { username: 'robot', password: 's3${cret}' };
    expect(hosts.get('a.example')).toMatchObject({ backend: { login: 'gateway', credentials } });
    expect(auth).toMatchObject({ anonymous: 'pull', htpasswd: '/etc/nginx/users' });
    expect(translation.isSecret).toBe(true);
    expect(JSON.stringify(translation.report)).not.toContain('cm9ib3Q');
  });

  test('a cache is a proxy repository', async () => {
    const { repositories, auth } = await load(translate(join(FILES, 'caching-mirror.conf')));
    expect(repositories.get('hub')).toMatchObject({
      type: 'proxy',
      prefix: 'docker.io',
      maxSize: 32 * 1024 ** 3,
      maxUnused: 60 * 86_400_000,
    });
    expect(auth.anonymous).toBe('pull');
  });

  test('proxies in front are trusted, and certificates are those of their hosts', async () => {
    const { listen, trustedProxies, tls, hosts } = await load(translate(join(FILES, 'listens.conf')));
    expect(listen).toMatchObject({ https: 443, proxyProtocol: true });
    expect(trustedProxies.map(({ address, prefix }) => `${address}/${prefix}`)).toEqual([
      '192.168.10.0/24',
      'fd00:10::/64',
    ]);
    expect(tls.profile).toBe('ca');
    expect(hosts.get('images.example')).toMatchObject({
      certificate: { cert: '/etc/nginx/certs/images.crt', key: '/etc/nginx/certs/images.key' },
      backend: { ca: '/etc/nginx/certs/backend-ca.crt' },
    });
  });
});

describe('what a file does is found out by requests, not by its words', () => {
  const server = (inside: string, before = ''): string => `${before}
    server { listen 443 ssl; server_name a.example; ssl_certificate a.crt; ssl_certificate_key a.key; ${inside} }`;

  test('a condition that never decides anything is not needed, one that nobody can see is not supported', async () => {
    const translation = await translateText(
      server(`client_max_body_size 0;
        if ($request_method = TRACE) { return 405; }
        if ($http_user_agent ~ curl) { return 403; }
        if ($remote_addr = 10.0.0.7) { return 403; }
        location / { proxy_pass http://10.0.0.1:5000; }`),
    );
    expect(await hostsOf(translation)).toEqual({
      'a.example': 'http://10.0.0.1:5000 | http://10.0.0.1:5000',
    });
    expect(verdictOn(translation, 'if ($request_method')).toBe('not-needed');
    expect(verdictOn(translation, 'if ($http_user_agent')).toBe('unsupported');
    expect(verdictOn(translation, 'if ($remote_addr')).toBe('unsupported');
    expect(
      translation.report
        .filter(({ directive }) => directive.startsWith('return'))
        .map((each) => each.verdict),
    ).toEqual(['not-needed', 'unsupported', 'unsupported']);
  });

  test('a map on what a request does not show is not taken for a split', async () => {
    const translation = await translateText(
      server(
        'client_max_body_size 0; location / { proxy_pass http://$to; }',
        'map $http_x_team $to { default 10.0.0.1:5000; blue 10.0.0.2:5000; }',
      ),
    );
    expect(verdictOn(translation, 'map $http_x_team')).toBe('unsupported');
    expect(verdictOn(translation, 'blue')).toBe('unsupported');
  });

  test('a split by PUT alone is one by reads and writes', async () => {
    const translation = await translateText(
      server(`location /v2/ {
        set $to 10.0.0.1:5000;
        if ($request_method = PUT) { set $to 10.0.0.2:5000; }
        proxy_pass http://$to; }`),
    );
    expect(await hostsOf(translation)).toEqual({
      'a.example': 'http://10.0.0.1:5000 | http://10.0.0.2:5000',
    });
    expect(translation.findings.map(({ rule }) => rule)).toContain('method-split');
  });

  test('names that go elsewhere, pages, and paths that change are said', async () => {
    const translation = await translateText(
      server(`location /v2/ { proxy_pass http://10.0.0.1:5000; }
        location /v2/blue/ { proxy_pass http://10.0.0.2:5000; }
        location /ui/ { proxy_pass http://10.0.0.3; }
        location / { proxy_pass http://10.0.0.4; }`),
    );
    const verdicts = Object.fromEntries(translation.report.map((each) => [each.directive, each.verdict]));
    expect(verdicts).toMatchObject({
      'location /v2/': 'mapped',
      'location /v2/blue/': 'unsupported',
      'proxy_pass http://10.0.0.2:5000': 'unsupported',
      'location /ui/': 'unsupported',
      'location /': 'unsupported',
    });
  });

  test('a path that is changed on the way has no address', async () => {
    const translation = await translateText(
      server('location ~ ^/v2/(.*)$ { proxy_pass http://10.0.0.1:5000/v2/library/$1; }'),
    );
    expect(await hostsOf(translation)).toEqual({});
    expect(verdictOn(translation, 'server')).toBe('unsupported');
    expect(verdictOn(translation, 'proxy_pass')).toBe('unsupported');
  });

  test.each([
    ['~^a', 'unsupported', {}],
    ['.b.example', 'mapped', { 'b.example': 'x', '*.b.example': 'x' }],
    ['b.*', 'unsupported', {}],
    ['_', 'mapped', { localhost: 'x' }],
    ['B.Example', 'mapped', { 'b.example': 'x' }],
    ['10.0.0.9', 'mapped', { '10.0.0.9': 'x' }],
    ['true', 'mapped', { true: 'x' }],
    ['bad_name', 'unsupported', {}],
  ])('server_name %s', async (name, verdict, hosts) => {
    const translation = await translateText(
      `server { listen 443 ssl; server_name ${name}; client_max_body_size 0; location / { proxy_pass http://10.0.0.1; } }`,
    );
    expect(Object.keys(await hostsOf(translation))).toEqual(Object.keys(hosts));
    expect(verdictOn(translation, 'server_name')).toBe(verdict);
  });

  test('an unknown directive, and one of a file that is not there, are not dropped', async () => {
    const translation = await translateText(
      server('include nowhere.conf; frobnicate on { with care; } location / { proxy_pass http://10.0.0.1; }'),
    );
    expect(['include', 'frobnicate', 'with'].map((each) => verdictOn(translation, each))).toEqual([
      'unsupported',
      'unsupported',
      'unsupported',
    ]);
  });

  test('the inside of a server block is one, with what stands beside it', async () => {
    const translation =
      await translateText(`map $request_method $to { default hosted; GET group; HEAD group; }
      upstream group { server 10.0.0.1:8082; }
      upstream hosted { server 10.0.0.1:8083; }
      upstream other { server 10.0.0.1:8084; }
      location /v2/ { proxy_pass http://$to; }`);
    expect(await hostsOf(translation)).toEqual({ localhost: 'http://10.0.0.1:8082 | http://10.0.0.1:8083' });
    expect(verdictOn(translation, 'map')).toBe('mapped');
    expect(verdictOn(translation, 'upstream group')).toBe('mapped');
    expect(verdictOn(translation, 'upstream other')).toBe('not-needed');
    expect(translation.yaml).toMatch(/write: \S+ # nginx\.conf:1, /);
  });

  test('maps of other hosts are not among the lines of a host, and many hosts are no matter', async () => {
    const servers = Array.from({ length: 60 }, (_, index) =>
      server(
        `location /v2/ { proxy_pass http://$m${index}; }`,
        `map $request_method $m${index} { default 10.0.0.${index}; GET 10.0.1.${index}; }`,
      ).replace('a.example', `h${index}.example`),
    );
    const translation = await translateText(servers.join(''));
    const hosts = await hostsOf(translation);
    expect(Object.keys(hosts)).toHaveLength(60);
    expect(hosts['h7.example']).toBe('http://10.0.1.7 | http://10.0.0.7');
    expect(translation.yaml).toContain('read: http://10.0.1.7 # nginx.conf:8, nginx.conf:9\n');
  });

  test('no file ends in a fault, however it is cut', async () => {
    const text = await readFile(join(FILES, 'harbor.conf'), 'utf8');
    const lines = text.split('\n');
    for (let left = 0; left < lines.length; left += 2) {
      const kept = lines.filter((_, index) => index !== left).join('\n');
      let translation: Translation;
      try {
        translation = await translateText(kept);
      } catch (fault) {
        expect((fault as Error).name).toBe('NginxSyntaxError');
        continue;
      }
      await load(translation);
    }
  });
});
