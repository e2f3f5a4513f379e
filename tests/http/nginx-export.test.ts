import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesOnDisk, lintNginx, parseNginx } from '../../nginx-compat/index.ts';
import { examined, ownCertificate, problems, type OwnCertificate } from '../support/examined.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { request } from '../support/http-request.ts';
import { mainFile } from '../support/nginx-conf.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded, type Outcome } from '../support/process.ts';
import { basic } from '../support/realm.ts';
import { describeWith } from '../support/require-programs.ts';
import type { Server } from '../support/server.ts';

const program = fileURLToPath(new URL('../../bin/dockgate.js', import.meta.url));
const limit = 90_000;

describeWith(['nginx', 'openssl'], 'dockgate nginx export', () => {
  let place: Place;
  let own: OwnCertificate;
  let gateway: LocalGateway;
  let config: string;
  beforeAll(async () => {
    place = await createLoopback();
    own = await ownCertificate(place, { names: 'IP:127.0.0.1,DNS:files.test' });
    gateway = await startLocalGateway(place, {
      hosts: {
        '127.0.0.1': { read: 'group', write: 'hosted' },
        'page.test': { web: true },
        'files.test': { forward: 'http://127.0.0.1:9', tls: { cert: own.cert, key: own.key } },
      },
      repositories: {
        hosted: { type: 'hosted' },
        group: { type: 'group', members: ['hosted'], writable: 'hosted' },
      },
      connectors: {
        [await freePort()]: { repository: 'hosted' },
        [await freePort()]: { repository: 'group' },
      },
      trustedProxies: ['127.0.0.1'],
      accelRedirect: '/blobs-of-dockgate/',
    });
    config = `${gateway.data}.yaml`;
  });
  afterAll(async () => {
    await gateway.stop();
    await place.close();
  });

  const nginx = (...argv: readonly string[]): Promise<Outcome> =>
    place.run([process.execPath, program, 'nginx', ...argv], { folder: place.folder });
  const exported = async (...argv: readonly string[]): Promise<Outcome> =>
    nginx('export', '--config', config, ...argv);

  /** Has nginx serve what was exported, on free ports instead of 80 and 443; gives that of HTTPS. */
  async function serve(text: string): Promise<{ port: number; plain: number; server: Server }> {
    const [port, plain] = [await freePort(), await freePort()];
    const moved = text
      .replaceAll(/^ *listen \[::\].*\n/gm, '')
      .replaceAll('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
      .replaceAll('listen 80;', `listen 127.0.0.1:${plain};`);
    const main = join(place.folder, `nginx-${port}.conf`);
    await writeFile(main, mainFile(place, moved));
    const server = place.spawn(['nginx', '-c', main]);
    for (let attempt = 0; attempt < 300; attempt++) {
      const reply = await request(place, `http://127.0.0.1:${port}/`).catch(() => undefined);
      if (reply) return { port, plain, server };
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`nginx did not start:\n${server.output()}`);
  }

  /** What the doctor finds wrong behind it, and who answered which operations. */
  async function healthy(port: number, ca: string): Promise<void> {
    const found = await examined(port, { ca, user: gateway.admin });
    expect(problems(found), JSON.stringify(found, undefined, 1)).toEqual([]);
  }

  const sides = ['--read', 'http://127.0.0.1:1', '--write', 'https://127.0.0.1:2/repository/x'] as const;
  test.each([
    ['nothing chosen', []],
    ['--front to HTTPS', ['--front', '--backend', 'https://127.0.0.1:8443']],
    ['--accel', ['--accel']],
    ['--split', ['--split', ...sides]],
    ['other files', ['--host', 'a b', '--cert', 'c d.pem', '--key', 'k.pem']],
  ])('%s: nginx -t and the linter find nothing wrong', async (_, options) => {
    const file = join(place.folder, 'exported.conf');
    const isOther = options.includes('--cert');
    const { code } = await exported(...options, '--out', file);
    expect(code).toBe(0);
    const text = await readFile(file, 'utf8');
    if (isOther) {
      expect(text).toContain('server_name "a b";');
      expect(text).toContain(`ssl_certificate "${join(place.folder, 'c d.pem')}";`);
      return;
    }
    const main = join(place.folder, 'exported-main.conf');
    await writeFile(main, mainFile(place, `include ${file};`));
    succeeded(await place.run(['nginx', '-t', '-c', main]));
    const files = filesOnDisk();
    expect(lintNginx(parseNginx(main, files), files)).toEqual([]);
  });

  test('what the configuration lacks is said', async () => {
    const bare = join(place.folder, 'bare.yaml');
    await writeFile(bare, 'hosts: { idocker.io: { web: true } }\n');
    const { stdout, stderr } = succeeded(await nginx('export', '--accel', '--config', bare));
    expect(stdout).toContain('server 127.0.0.1:8080;');
    expect(stderr.trim().split('\n')).toEqual([
      'remember: in dockgate.yaml: listen: { https: false, http: 8080 }',
      'remember: in dockgate.yaml: trustedProxies: [127.0.0.1]',
      'remember: in dockgate.yaml: accelRedirect: /dockgate-blobs/',
    ]);
    const url = `http://127.0.0.1:${gateway.plain.port}`;
    expect(succeeded(await exported('--accel', '--backend', url)).stderr).toContain('listen:');
  });

  test('wrong usage is said to be that', async () => {
    const cases = [
      [['--front', '--split'], 'choose one of --front, --accel and --split'],
      [['--cert', 'x.pem'], '--cert and --key go together'],
      [['--backend', 'localhost'], '--backend localhost is not the URL of a server'],
      [['--split'], '127.0.0.1 has no external registry for "read": give one with --read URL'],
      [['--split', '--read', 'x'], '--read x is not the URL'],
    ] as const;
    for (const [options, message] of cases) {
      const { code, stderr } = await exported(...options);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  describe('the doctor finds nothing wrong behind', () => {
    const ca = (): string => gateway.ca ?? '';

    test.each(['--front', '--accel'])('%s', { timeout: limit }, async (kind) => {
      const backend = `http://127.0.0.1:${gateway.plain.port}`;
      const { stdout } = succeeded(await exported(kind, '--backend', backend));
      const { port, plain } = await serve(stdout);
      await healthy(port, ca());
      const trust = await request(place, `http://127.0.0.1:${plain}/ca.crt`);
      expect([trust.status, trust.body.toString()]).toEqual([200, ca()]);
      const setup = await request(place, `http://127.0.0.1:${plain}/setup.txt`);
      expect(setup.body.toString()).not.toContain(String(gateway.port));
      const other = await request(place, `http://127.0.0.1:${plain}/v2/`);
      expect([other.status, other.headers.location]).toEqual([308, 'https://127.0.0.1/v2/']);
    });

    test('--front that speaks HTTPS with Dockgate', { timeout: limit }, async () => {
      const backend = `https://127.0.0.1:${gateway.port}`;
      const { stdout } = succeeded(await exported('--front', '--backend', backend));
      expect(stdout).toContain('proxy_ssl_verify on;');
      await healthy((await serve(stdout)).port, ca());
    });

    test('--split, which sends each request to its side', { timeout: limit }, async () => {
      const [read, write] = [gateway.connector('group').url, gateway.connector('hosted').url].map((url) =>
        url.replace('localhost', '127.0.0.1'),
      );
      const where = ['--read', read ?? '', '--write', write ?? ''];
      const files = ['--cert', own.cert, '--key', own.key];
      const { stdout } = succeeded(await exported('--split', '--host', '127.0.0.1', ...where, ...files));
      const { port } = await serve(stdout);
      const before = gateway.entries.length;
      await healthy(port, own.ca);
      // Without those that were told to log in.
      const answered = gateway.entries.slice(before).filter(({ repository }) => repository !== undefined);
      const served = (operation: string, method: string): unknown[] => {
        const those = answered.filter((each) => each.operation === operation && each.method === method);
        return [...new Set(those.map(({ repository }) => repository))];
      };
      expect(served('upload-start', 'POST')).toEqual(['hosted']);
      expect(served('upload-append', 'PATCH')).toEqual(['hosted']);
      expect(served('upload-finish', 'PUT')).toEqual(['hosted']);
      expect(served('manifest-put', 'PUT')).toEqual(['hosted']);
      expect(served('blob-get', 'HEAD')).toEqual(['hosted']);
      expect(served('blob-get', 'GET')).toEqual(['group']);
      expect(served('manifest-get', 'GET')).toEqual(['group']);
    });

    test('nothing, but says so in JSON, when Dockgate has gone', { timeout: limit }, async () => {
      const { stdout } = succeeded(await exported('--backend', `http://127.0.0.1:${await freePort()}`));
      const { port } = await serve(stdout);
      const reply = await request(place, `https://127.0.0.1:${port}/v2/`, { ca: ca() });
      expect([reply.status, reply.headers['content-type']]).toEqual([503, 'application/json']);
      expect(JSON.parse(reply.body.toString())).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
    });

    test('an nginx of before that speaks HTTP/1.0 with Dockgate', { timeout: limit }, async () => {
      const backend = `http://127.0.0.1:${gateway.plain.port}`;
      const { stdout } = succeeded(await exported('--backend', backend));
      const old = stdout
        .replaceAll(/^ *proxy_(http_version|request_buffering).*\n/gm, '')
        .replaceAll('keepalive 32;', '');
      const { port } = await serve(old);
      const ask = { ca: ca(), headers: { authorization: basic(gateway.admin) } };
      const begun = await request(place, `https://127.0.0.1:${port}/v2/old/blobs/uploads/`, {
        ...ask,
        method: 'POST',
      });
      expect(begun.status).toBe(202);
      const body = Buffer.alloc(2_000_000, 'x');
      const place0 = `https://127.0.0.1:${port}${begun.headers.location ?? ''}`;
      const sent = await request(place, place0, {
        ...ask,
        method: 'PATCH',
        body,
        headers: { ...ask.headers, 'transfer-encoding': 'chunked' },
      });
      expect([sent.status, sent.headers.range]).toEqual([202, `0-${body.length - 1}`]);
    });
  });
});
