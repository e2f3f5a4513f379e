import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../support/clients/client.ts';
import { createDocker } from '../support/clients/docker.ts';
import { createPodman } from '../support/clients/podman.ts';
import { createDockgate, type Dockgate } from '../support/dockgate.ts';
import { readLog, type Answered, type DockgateLog } from '../support/dockgate-log.ts';
import { caddy, dockgateCommand, haproxy, haproxyTcp, nginx, type Front } from '../support/fronts.ts';
import { request } from '../support/http-request.ts';
import { digestOf } from '../support/image.ts';
import { ADDRESS, createMachine, type Machine } from '../support/machine.ts';
import { succeeded } from '../support/process.ts';
import { basic } from '../support/realm.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import type { Server } from '../support/server.ts';

const HOST = 'idocker.io';
const STRANGER = '10.99.0.77';
const BIG = process.env.DOCKGATE_TEST_BIG === '1';
const LAYER = (BIG ? 2048 : 32) * 1024 * 1024;
const WITH_PROXY = 9443;
const limit = BIG ? 900_000 : 90_000;

type Logged = Answered & { readonly client: string; readonly delegated?: boolean };

let machine: Machine;
let dockgate: Dockgate;
let log: DockgateLog;
let clients: readonly Client[];

/** Without the health checks of the fronts themselves. */
const requests = async (): Promise<readonly Logged[]> =>
  ((await log.requests()) as unknown as readonly Logged[]).filter(
    ({ path, client }) => path !== '/readyz' || client !== '127.0.0.1',
  );

async function prepare(): Promise<void> {
  machine = await createMachine({ hosts: { [HOST]: ADDRESS }, addresses: [`${STRANGER}/32`] });
  // Workers of nginx are somebody else.
  await chmod(machine.folder, 0o711);
  dockgate = await createDockgate(machine, {
    host: HOST,
    config: {
      hosts: { [HOST]: { read: 'group', write: 'hosted', web: true } },
      listen: { https: 8443, http: 8080 },
      connectors: { [WITH_PROXY]: { repository: 'group', tls: true, proxyProtocol: true } },
      repositories: {
        hosted: { type: 'hosted' },
        group: { type: 'group', members: ['hosted'], writable: 'hosted' },
      },
      trustedProxies: ['127.0.0.1'],
      accelRedirect: '/dockgate-blobs/',
    },
  });
  log = readLog(dockgate);
  clients = [await createDocker(machine), await createPodman(machine)];
  for (const client of clients) await client.trust(HOST, dockgate.ca);
}

const fronts: readonly Front[] = [
  nginx('nginx', '--front'),
  nginx('nginx that sends the blobs', '--accel'),
  caddy,
  haproxy,
  haproxyTcp(WITH_PROXY),
];

describeWith(
  ['namespaces', 'docker', 'dockerd', 'podman', 'nginx', 'caddy', 'haproxy', 'curl'],
  'behind',
  () => {
    beforeAll(prepare, limit);
    afterAll(async () => {
      await machine.close();
    });

    describe.each(fronts.map((front) => ({ ...front, front })))('$name', ({ name, kind, front }) => {
      let server: Server;
      beforeAll(async () => {
        server = await front.start(machine, dockgate);
      });
      afterAll(async () => {
        await server.stop();
      });
      const image = (client: Client): string =>
        `${HOST}/${name.toLowerCase().replaceAll(' ', '-')}/${client.name}:1`;

      const roundTrip = async (client: Client): Promise<void> => {
        const times: Record<string, number> = {};
        succeeded(await client.login(HOST, dockgate.credentials));
        const id = await client.make(image(client), [LAYER]);
        for (const step of ['push', 'remove', 'pull'] as const) {
          const began = performance.now();
          succeeded(await client[step](image(client)));
          times[step] = (performance.now() - began) / 1000;
        }
        expect(await client.id(image(client))).toBe(id);
        succeeded(await client.remove(image(client)));
        const speed = (step: string): string =>
          `${step} ${times[step]?.toFixed(1) ?? ''} s, ${(LAYER / 1e6 / (times[step] ?? 0)).toFixed(0)} MB/s`;
        if (BIG) process.stdout.write(`${client.name} through ${name}: ${speed('push')}; ${speed('pull')}\n`);
      };
      const doctor = async (): Promise<void> => {
        const { user, password } = dockgate.credentials;
        const ca = join(dockgate.data, 'certs', 'ca.crt');
        const argv = ['doctor', HOST, '--user', user, '--password-stdin', '--ca', ca, '--pause', '1'];
        const { stdout, code } = await dockgateCommand(machine, argv, password);
        expect(stdout).toContain(`Nothing is wrong with ${HOST}`);
        expect(code).toBe(0);
      };

      test(
        'docker and podman log in, push and pull, and the doctor finds nothing wrong',
        { timeout: limit },
        async () => {
          await log.forget();
          // At full size one after the other, since the figures are of interest.
          if (BIG) for (const client of clients) await roundTrip(client);
          else await Promise.all(clients.map(roundTrip));
          await doctor();
          const seen = await requests();
          expect(seen.length).toBeGreaterThan(20);
          expect([...new Set(seen.map((each) => each.client))]).toEqual([ADDRESS]);
          expect(seen.filter(({ status }) => status >= 500)).toEqual([]);
        },
      );

      test('nobody is who he says he is', async () => {
        await log.forget();
        const ca = join(dockgate.data, 'certs', 'ca.crt');
        const curl = ['curl', '-sS', '-o', '/dev/null', '-D', '-', '--interface', STRANGER, '--cacert', ca];
        const forged = [
          'X-Forwarded-For: 203.0.113.1',
          'Forwarded: for=203.0.113.2;host=evil.test;proto=http',
          'X-Real-IP: 203.0.113.3',
          'X-Forwarded-Host: evil.test',
          'X-Forwarded-Proto: http',
          'X-Dockgate-Accel: on',
        ].flatMap((header) => ['-H', header]);
        const front = succeeded(await machine.run([...curl, ...forged, `https://${HOST}/v2/`]));
        const direct = succeeded(await machine.run([...curl, ...forged, `https://${HOST}:8443/v2/`]));
        for (const [reply, port] of [
          [front, ''],
          [direct, ':8443'],
        ] as const)
          expect(reply.stdout).toContain(`realm="https://${HOST}${port}/v2/token"`);
        expect((await requests()).map(({ client, host }) => [client, host])).toEqual([
          [STRANGER, HOST],
          [STRANGER, HOST],
        ]);
        const metrics = succeeded(await machine.run([...curl, `https://${HOST}/metrics`]));
        expect(metrics.stdout).toMatch(/ 401 /);
      });

      test('uploads with Expect, in chunks, and at relative places', async () => {
        const url = `https://${HOST}`;
        const ask = { ca: dockgate.ca, headers: { authorization: basic(dockgate.credentials) } };
        const bytes = Buffer.alloc(3_000_000, name);
        const digest = digestOf(bytes);
        const path = `/v2/by-hand/${kind}/blobs`;
        const begun = await request(machine, `${url}${path}/uploads/`, { ...ask, method: 'POST' });
        expect([begun.status, begun.headers.location]).toEqual([202, expect.stringMatching(/^\/v2\//)]);
        const { user, password } = dockgate.credentials;
        const curl = [
          'curl',
          '-sS',
          '-D',
          '-',
          '--cacert',
          join(dockgate.data, 'certs', 'ca.crt'),
          '-u',
          `${user}:${password}`,
        ];
        const sent = await machine.run(
          [
            ...curl,
            '-X',
            'PATCH',
            '-H',
            'Expect: 100-continue',
            '-H',
            'Transfer-Encoding: chunked',
            '-H',
            'Content-Type: application/octet-stream',
            '--data-binary',
            '@-',
            `${url}${begun.headers.location ?? ''}`,
          ],
          { stdin: bytes.toString() },
        );
        expect(succeeded(sent).stdout).toMatch(/^HTTP\/\S+ 202 /m);
        const [, place = ''] = /^location: (\S+)/im.exec(sent.stdout) ?? [];
        expect(place).toMatch(/^\/v2\//);
        const done = await request(
          machine,
          `${url}${place}${place.includes('?') ? '&' : '?'}digest=${digest}`,
          { ...ask, method: 'PUT' },
        );
        expect([done.status, done.headers.location]).toEqual([201, `${path}/${digest}`]);
        const head = await request(machine, `${url}${path}/${digest}`, { ...ask, method: 'HEAD' });
        expect([head.status, head.headers['content-length']]).toEqual([200, String(bytes.length)]);
      });
    });

    describe('a store that nginx reads', () => {
      let server: Server;
      let blob: string;
      let content: Buffer;
      const name = 'accel/app';
      beforeAll(async () => {
        server = await nginx('accel', '--accel').start(machine, dockgate);
        const { layers } = await seedImage(dockgate, name, '1', { layers: [100_000] });
        const [layer] = layers;
        content = layer?.bytes ?? Buffer.alloc(0);
        blob = `https://${HOST}/v2/${name}/blobs/${layer?.digest ?? ''}`;
      });
      afterAll(async () => {
        await server.stop();
      });
      const get = (headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
        request(machine, blob, {
          ca: dockgate.ca,
          method,
          headers: { authorization: basic(dockgate.credentials), ...headers },
        });
      const whoSent = async (): Promise<readonly unknown[]> =>
        (await requests()).map(({ delegated, status }) => [status, delegated ?? false]);

      test('is asked for nothing it may not read: Dockgate sends then', async () => {
        await log.forget();
        const reply = await get();
        expect([reply.status, reply.body.equals(content)]).toEqual([200, true]);
        expect(await whoSent()).toEqual([
          [200, true],
          [200, false],
        ]);
        expect(reply.headers['x-accel-redirect']).toBeUndefined();
      });

      test('gives its blobs once the rights are as the file says', async () => {
        const site = await readFile(join(machine.folder, 'accel', 'dockgate.conf'), 'utf8');
        const lines = [...site.matchAll(/^# {5}((?:chgrp|find) .*)$/gm)].map(([, line]) => line ?? '');
        expect(lines).toHaveLength(4);
        succeeded(await machine.run(['sh', '-ec', lines.join('\n')]));
        await log.forget();
        const reply = await get();
        expect([reply.status, reply.body.equals(content)]).toEqual([200, true]);
        expect(reply.headers).toMatchObject({
          'content-type': 'application/octet-stream',
          'docker-content-digest': digestOf(content),
          etag: `"${digestOf(content)}"`,
          'dockgate-member': 'hosted',
          'accept-ranges': 'bytes',
          'content-length': String(content.length),
        });
        expect(reply.headers['x-accel-redirect']).toBeUndefined();
        expect(await whoSent()).toEqual([[200, true]]);
      });

      test('gives ranges, and what Dockgate answers without it', async () => {
        const etag = `"${digestOf(content)}"`;
        const part = content.subarray(5, 10);
        for (const headers of [{ range: 'bytes=5-9' }, { range: 'bytes=5-9', 'if-range': etag }]) {
          const { status, headers: told, body } = await get(headers);
          expect([status, told['content-range'], body.equals(part)]).toEqual([
            206,
            `bytes 5-9/${content.length}`,
            true,
          ]);
        }
        const other = await get({ range: 'bytes=5-9', 'if-range': '"another"' });
        expect([other.status, other.body.length]).toEqual([200, content.length]);
        const several = await get({ range: 'bytes=0-1,5-9' });
        expect([several.status, several.body.length]).toEqual([200, content.length]);
        const same = await get({ 'if-none-match': etag });
        expect([same.status, same.body.length]).toEqual([304, 0]);
        const beyond = await get({ range: 'bytes=999999999-' });
        expect([beyond.status, beyond.body.toString()]).toEqual([416, expect.stringContaining('"errors"')]);
        const head = await get({}, 'HEAD');
        expect([head.status, head.headers['content-length']]).toEqual([200, String(content.length)]);
      });

      test('also what is pushed from then on', async () => {
        const { layers } = await seedImage(dockgate, name, '2', { layers: [1000] });
        await log.forget();
        const later = `https://${HOST}/v2/${name}/blobs/${layers[0]?.digest ?? ''}`;
        const headers = { authorization: basic(dockgate.credentials) };
        const reply = await request(machine, later, { ca: dockgate.ca, headers });
        expect(reply.body.equals(layers[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
        expect(await whoSent()).toEqual([[200, true]]);
      });

      test('is not open to who asks for its files', async () => {
        const [hex = ''] = digestOf(content).split(':').slice(1);
        const path = `/dockgate-blobs/sha256/${hex.slice(0, 2)}/${hex}`;
        const reply = await request(machine, `https://${HOST}${path}`, { ca: dockgate.ca });
        expect([reply.status, reply.body.includes(content)]).toEqual([404, false]);
      });
    });
  },
);
