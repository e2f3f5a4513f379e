import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { renewServer, rotateAuthority } from '../../certs/index.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { opensslSelfSigned } from '../support/openssl.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

let place: Place;
let gateway: LocalGateway;

beforeAll(async () => {
  place = await createLoopback();
  for (const name of ['own', 'wild', 'later']) certificateFor(name);
  const file = (name: string): string => join(place.folder, name);
  gateway = await startLocalGateway(place, {
    hosts: {
      localhost: { read: 'hosted', write: 'hosted' },
      'own.test': { web: true, tls: { cert: file('own.crt'), key: file('own.key') } },
      '*.wild.test': { web: true, tls: { cert: file('wild.crt'), key: file('wild.key') } },
    },
    repositories: { hosted: { type: 'hosted' } },
    connectors: { [await freePort()]: { repository: 'hosted', tls: true } },
  });
});
afterAll(async () => {
  await gateway.stop();
  await place.close();
});

function certificateFor(name: string): void {
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:own.test,DNS:*.wild.test'];
  opensslSelfSigned(join(place.folder, `${name}.crt`), join(place.folder, `${name}.key`), ...names);
}

/** What the gateway's folder is renewed by from outside, as the command does it. */
const folder = () => ({
  directory: join(gateway.data, 'certs'),
  profile: 'ca' as const,
  names: ['localhost'],
});

/** The certificate that a new connection is shown, and whether it is trusted by `ca`. */
async function shown(
  servername = 'localhost',
  port = gateway.port,
  ca = gateway.ca,
): Promise<{ certificate: X509Certificate; trusted: boolean }> {
  const socket = tls.connect({ host: 'localhost', port, servername, rejectUnauthorized: false, ca });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new Error('no certificate was shown');
  return { certificate, trusted: socket.authorized };
}

/** Waits for what the gateway does in its own time. */
function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 50 });
}

async function untilShown(pem: string, servername?: string, port?: number): Promise<void> {
  const wanted = new X509Certificate(pem).fingerprint256;
  await eventually(async () => {
    expect((await shown(servername, port)).certificate.fingerprint256).toBe(wanted);
  });
}

/** One connection, on which request follows request; counts the sockets that were opened for it. */
function connection() {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  let sockets = 0;
  const start = (path: string, options: https.RequestOptions = {}) => {
    const request = https.request(new URL(path, gateway.url), { agent, ca: gateway.ca, ...options });
    request.on('socket', (socket) => {
      if (request.reusedSocket) return;
      sockets += 1;
      socket.setMaxListeners(50);
    });
    return request;
  };
  return {
    start,
    async ask(path: string, options?: https.RequestOptions) {
      const request = start(path, options).end();
      const [reply] = (await once(request, 'response')) as [IncomingMessage];
      return { status: reply.statusCode, headers: reply.headers, body: await buffer(reply) };
    },
    sockets: () => sockets,
    close: () => {
      agent.destroy();
    },
  };
}

describeWith(['openssl'], 'a renewal while the gateway runs', () => {
  test('is shown to who connects from then on, at every port', async () => {
    const before = await shown();
    const { certificate } = await renewServer(folder());
    await untilShown(certificate);
    const { port } = gateway.connector('hosted');
    await untilShown(certificate, 'localhost', port);
    expect(before.certificate.raw).not.toEqual(new X509Certificate(certificate).raw);
    expect((await shown()).trusted).toBe(true);
    const wanted = { message: 'certificate', issued: 'renewed', reason: 'it was asked for' };
    expect(gateway.entries).not.toContainEqual(expect.objectContaining(wanted));
    expect(gateway.entries.filter(({ message }) => message === 'certificate').length).toBeGreaterThan(3);
  });

  test('breaks neither a connection nor an upload or a download that is on its way', async () => {
    const authorization = basic(gateway.admin);
    const headers = { authorization };
    const half = Buffer.alloc(3 * 1024 * 1024, 'dockgate');
    const idle = connection();
    const { status } = await idle.ask('/v2/', { headers });
    expect(status).toBe(200);

    const up = connection();
    const session = await up.ask('/v2/team/app/blobs/uploads/', { method: 'POST', headers });
    const location = session.headers.location ?? '';
    const patch = up.start(location, { method: 'PATCH', headers });
    const patched = once(patch, 'response') as Promise<[IncomingMessage]>;
    patch.write(half);

    const image = await seedImage(gateway, 'team/other', 'v1', { layers: [24 * 1024 * 1024] });
    const layer = image.layers[0]?.digest ?? '';
    const down = connection();
    const get = down.start(`/v2/team/other/blobs/${layer}`, { headers }).end();
    const [blob] = (await once(get, 'response')) as [IncomingMessage];
    const hash = createHash('sha256');
    blob.pause();

    for (let round = 0; round < 2; round += 1) {
      const { certificate } = await renewServer(folder());
      await untilShown(certificate);
    }

    patch.end(half);
    const [answer] = await patched;
    await buffer(answer);
    expect(answer.statusCode).toBe(202);
    const digest = `sha256:${createHash('sha256').update(half).update(half).digest('hex')}`;
    const where = new URL(answer.headers.location ?? '', gateway.url);
    where.searchParams.set('digest', digest);
    expect(await up.ask(where.href, { method: 'PUT', headers })).toMatchObject({ status: 201 });
    for await (const piece of blob) hash.update(piece as Buffer);
    expect(`sha256:${hash.digest('hex')}`).toBe(layer);
    expect(await idle.ask('/v2/', { headers })).toMatchObject({ status: 200 });
    expect([idle, up, down].map((each) => each.sockets())).toEqual([1, 1, 1]);
    for (const each of [idle, up, down]) each.close();
  });
});

describeWith(['openssl'], 'a host with a certificate of its own', () => {
  const own = async (name: string) => new X509Certificate(await readFile(join(place.folder, `${name}.crt`)));

  test('is shown it by its name, others and nameless clients the common one', async () => {
    const [mine, wild] = [await own('own'), await own('wild')];
    expect((await shown('own.test')).certificate.raw).toEqual(mine.raw);
    expect((await shown('OWN.test')).certificate.raw).toEqual(mine.raw);
    expect((await shown('a.wild.test')).certificate.raw).toEqual(wild.raw);
    for (const other of ['localhost', 'a.b.wild.test', '']) {
      expect((await shown(other)).certificate.issuer).toMatch(/CN=Dockgate CA/);
    }
  });

  test('has it among what the gateway says that it serves', async () => {
    const headers = { authorization: basic(gateway.admin) };
    const { status, body } = await gateway.ask('/api/v1/certificates', { headers });
    expect(status).toBe(200);
    const { certificates } = JSON.parse(body.toString()) as { certificates: Record<string, unknown>[] };
    const port = gateway.connector('hosted').port;
    expect(certificates).toEqual([
      expect.objectContaining({ role: 'authority' }),
      expect.objectContaining({
        role: 'server',
        served: ['port 0: localhost', `port ${port}: hosted`],
        fingerprint: `SHA256:${(await shown()).certificate.fingerprint256}`,
      }),
      expect.objectContaining({
        role: 'server',
        served: ['port 0: own.test (by SNI)'],
        fingerprint: `SHA256:${(await own('own')).fingerprint256}`,
        file: join(place.folder, 'own.crt'),
      }),
      expect.objectContaining({ role: 'server', served: ['port 0: *.wild.test (by SNI)'] }),
    ]);
    expect((await gateway.ask('/api/v1/certificates')).status).toBe(401);
  });

  test('gets a new one when its files are exchanged', async () => {
    const [cert, key] = [join(place.folder, 'own.crt'), join(place.folder, 'own.key')];
    const later = await readFile(join(place.folder, 'later.crt'), 'utf8');
    await rename(join(place.folder, 'later.crt'), cert);
    await eventually(() => {
      expect(gateway.entries.at(-1)).toMatchObject({
        message: 'certificate',
        host: 'own.test',
        reason: expect.stringMatching(/own\.key does not belong to/) as string,
      });
      return Promise.resolve();
    });
    await rename(join(place.folder, 'later.key'), key);
    await untilShown(later, 'own.test');
  });
});

describe('a new CA', () => {
  test('takes over during running pushes and pulls, without a failure', async () => {
    const old = gateway.ca ?? '';
    const before = await shown();
    let running = true;
    let done = 0;
    const worker = async (number: number): Promise<void> => {
      // The clients know the old CA alone, and each request is a connection of its own.
      for (let round = 0; running || round === 0; round += 1) {
        await seedImage(gateway, `team/worker-${number}`, `v${round}`, { layers: [1024] });
        const path = `/v2/team/worker-${number}/manifests/v${round}`;
        const authorization = basic(gateway.admin);
        expect((await gateway.ask(path, { headers: { authorization } })).status).toBe(200);
        done += 1;
      }
    };
    const workers = Promise.all(Array.from({ length: 20 }, (_, number) => worker(number)));

    onTestFinished(() => void (running = false));
    const during = await rotateAuthority(folder(), { immediately: false });
    await eventually(async () => {
      expect((await gateway.ask('/ca.crt')).body.toString()).toBe(during.authority);
      expect((await gateway.plain.ask('/ca.crt')).body.toString()).toBe(during.authority);
    });
    const next = (during.authority ?? '').slice(old.length);
    for (const ca of [old, next]) {
      const seen = await shown('localhost', gateway.port, ca);
      expect(seen.trusted).toBe(true);
      expect(seen.certificate.raw).toEqual(before.certificate.raw);
    }

    const after = await rotateAuthority(folder(), { immediately: true });
    await untilShown(after.certificate);
    const rounds = done;
    await eventually(() => {
      expect(done).toBeGreaterThan(rounds + 20);
      return Promise.resolve();
    });
    running = false;
    await workers;
    for (const ca of [old, next]) {
      expect((await shown('localhost', gateway.port, ca)).trusted).toBe(true);
    }
    expect((await gateway.plain.ask('/ca.crt')).body.toString()).toBe(next);
  });
});
