import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { join } from 'node:path';
import process from 'node:process';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { exportCertificates, renewServer, startOrdering } from '../../certs/index.ts';
import { NOWHERE, startAcmeServer, type AcmeServer } from '../support/acme-server.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/dockgate.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
// Programs are started and keys made by several of them, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const YEARS = 365 * 86_400_000;

let place: Place;
/** Where the ACME server looks for challenges. */
let port: number;
let acme: AcmeServer;

beforeAll(async () => {
  place = await createLoopback();
  port = await freePort();
  acme = await startAcmeServer(place, { httpPort: port });
});
afterAll(async () => {
  await place.close();
});

/** Sections of a gateway that is certified for these hosts by `server`. */
function settings(hosts: readonly string[], server = acme, account: object = {}): Record<string, unknown> {
  const { directory, caFile: ca } = server;
  return {
    hosts: Object.fromEntries(hosts.map((host) => [host, { read: 'hosted', write: 'hosted' }])),
    repositories: { hosted: { type: 'hosted' } },
    listen: { https: 0, http: port },
    tls: {
      profile: 'acme',
      acme: { directory, ca, email: 'operator@idocker.test', agreeToTerms: true, ...account },
    },
  };
}

/** A gateway until the end of the test, or until it is stopped. */
async function start(sections: Record<string, unknown>): Promise<LocalGateway> {
  const gateway = await startLocalGateway(place, sections);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= gateway.stop());
  onTestFinished(stop);
  return { ...gateway, stop };
}

/** What a new connection is shown, and whether `ca` makes it trusted. */
async function shown(at: number, servername: string, ca?: string) {
  const trust = ca === undefined ? {} : { ca };
  const socket = tls.connect({
    host: 'localhost',
    port: at,
    servername,
    rejectUnauthorized: false,
    ...trust,
  });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new Error('no certificate was shown');
  return { certificate, trusted: socket.authorized };
}

/** Generous, since it is no test of speed. */
function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 60_000, interval: 40 });
}

/** Waits until a certificate is shown that the ACME server issued for this host. */
async function certified(at: number, host: string, server = acme): Promise<X509Certificate> {
  const root = await server.root();
  return eventually(async () => {
    const { certificate, trusted } = await shown(at, host, root);
    expect([trusted, certificate.checkHost(host)]).toEqual([true, host]);
    return certificate;
  });
}

/** A data folder whose host is `idocker.test`, as what looks after certificates takes it. */
function folderOf(data: string) {
  const { directory, caFile: ca } = acme;
  const server = { server: new URL(directory), ca, email: undefined, externalAccount: undefined };
  return {
    directory: join(data, 'certs'),
    profile: 'acme' as const,
    names: ['idocker.test'],
    acme: { ...server, port, proxyFor: () => undefined },
  };
}

/** Orders for a data folder as a gateway does, and looks all the time whether it has to, until the end of the test. */
async function orderIn(data: string, now = () => new Date(), onOrder = () => 0) {
  const [reasons, refusals]: [string[], string[]] = [[], []];
  const ordering = await startOrdering(
    { ...folderOf(data), now, interval: 20 },
    {
      ordering({ reason }) {
        reasons.push(reason);
        onOrder();
      },
      failed: (reason) => void refusals.push(reason),
      refused: (fault) => void refusals.push(String(fault)),
    },
  );
  onTestFinished(() => ordering.stop());
  return { reasons, refusals };
}

const certs = (argv: readonly string[], data: string) =>
  place.run([process.execPath, PROGRAM, 'certs', ...argv, '--config', `${data}.yaml`], {
    folder: place.folder,
  });
const failures = ({ entries }: LocalGateway) => entries.filter(({ nextTry }) => nextTry !== undefined);
const challenge = '/.well-known/acme-challenge/';

describeWith(['pebble', 'openssl'], 'a certificate by ACME', () => {
  test('is ordered once the server can be asked; a CA of its own stands in until then', async () => {
    await acme.stop();
    const gateway = await start(settings(['idocker.test', 'second.test']));
    const [failure] = await eventually(() => {
      expect(failures(gateway)).toHaveLength(1);
      return failures(gateway);
    });
    expect(failure?.reason).toMatch(
      /^cannot ask localhost:\d+ \(.*ECONNREFUSED.*\): check tls\.acme\.directory/,
    );
    expect(Date.parse(String(failure?.nextTry))).toBeGreaterThan(Date.now() + 10_000);
    expect((await shown(gateway.port, 'idocker.test', gateway.ca)).trusted).toBe(true);
    const authority = await gateway.plain.ask('/ca.crt');
    expect(authority.body.toString()).toBe(gateway.ca);
    expect(gateway.entries.find(({ warning }) => warning !== undefined)?.warning).toMatch(
      /^there is no certificate from localhost:\d+ for these hosts yet: until there is one/,
    );

    await acme.start();
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async (): Promise<boolean> => {
      const sent = https.request(`${gateway.url}/healthz`, { agent, rejectUnauthorized: false }).end();
      const [reply] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
      await once(reply.resume(), 'end');
      return sent.reusedSocket;
    };
    await ask();
    const { stdout } = succeeded(await certs(['renew'], gateway.data));
    expect(stdout).toMatch(/^renewed until \d{4}-\d\d-\d\d for (idocker\.test, second\.test|second\.test, )/);
    const certificate = await certified(gateway.port, 'idocker.test');
    expect(certificate.raw).toEqual((await certified(gateway.port, 'second.test')).raw);
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    expect(await ask()).toBe(true);
    agent.destroy();

    expect((await gateway.plain.ask('/ca.crt')).status).toBe(404);
    const setup = await gateway.plain.ask('/setup.txt', { headers: { host: 'idocker.test' } });
    expect(setup.body.toString()).toContain('signed by an authority that its operator chose');
    const folder = join(gateway.data, 'certs');
    expect((await readdir(join(folder, 'acme-challenges'))).filter((file) => file !== '.lock')).toEqual([]);
    for (const file of ['acme.pem', 'acme-accounts.json']) {
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    }
    await expect(stat(join(folder, 'acme-setback.json'))).rejects.toThrow('ENOENT');
  });

  test('answers tokens on the plain port, for its hosts alone, and redirects none', async () => {
    const gateway = await start(settings(['idocker.test']));
    await certified(gateway.port, 'idocker.test');
    await writeFile(join(gateway.data, 'certs', 'acme-challenges', 'a-token_1'), 'a-token_1.thumbprint');
    const ask = (path: string, host = 'idocker.test') => gateway.plain.ask(path, { headers: { host } });
    const found = await ask(`${challenge}a-token_1`);
    expect([found.status, found.body.toString()]).toEqual([200, 'a-token_1.thumbprint']);
    expect(found.headers['content-type']).toBe('application/octet-stream');
    for (const path of ['unknown', '..%2Facme-accounts.json', '.lock', '%00']) {
      expect((await ask(challenge + path)).status).toBe(404);
    }
    expect((await ask(`${challenge}a-token_1`, 'other.test')).status).toBe(404);
    expect((await ask('/v2/')).status).toBe(308);
    // Where somebody in front redirects.
    const options = { headers: { host: 'idocker.test' }, rejectUnauthorized: false };
    const secure = https.get(`${gateway.url}${challenge}a-token_1`, options);
    const [{ statusCode }] = (await once(secure, 'response')) as [{ statusCode: number }];
    expect(statusCode).toBe(200);
  });

  test('is served at the next start without a question, and ordered anew for other hosts', async () => {
    const first = await start(settings(['idocker.test']));
    const before = await certified(first.port, 'idocker.test');
    await first.stop();
    const { data } = first;

    await acme.lead('third.test', NOWHERE);
    const sections = { ...settings(['idocker.test', 'third.test']), data };
    const second = await start(sections);
    expect((await shown(second.port, 'idocker.test')).certificate.raw).toEqual(before.raw);
    const [failure] = await eventually(() => {
      expect(failures(second)).toHaveLength(1);
      return failures(second);
    });
    expect(failure?.reason).toMatch(`could not fetch http://third.test${challenge} (`);
    expect(failure?.reason).toMatch(
      new RegExp(
        `: port 80 of third\\.test must reach port ${port} of this machine from where that server is$`,
      ),
    );
    expect(failure?.means).toBe('the one before goes on being served');
    expect((await shown(second.port, 'idocker.test')).certificate.raw).toEqual(before.raw);
    await second.stop();

    // The pause outlives a restart.
    const third = await start(sections);
    const refused = await certs(['renew'], data);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^dockgate: localhost:\d+ could not fetch http:\/\/third\.test\//);
    expect(third.entries).not.toContainEqual(expect.objectContaining({ message: 'certificate is ordered' }));
    await acme.lead('third.test');
    await renewServer({ ...folderOf(data), names: ['idocker.test', 'third.test'] });
    expect((await certified(third.port, 'third.test')).checkHost('idocker.test')).toBe('idocker.test');
    await third.stop();

    const last = await start({ ...settings(['third.test']), data });
    await eventually(async () => {
      const { subjectAltName } = (await shown(last.port, 'third.test')).certificate;
      expect(subjectAltName).toBe('DNS:third.test');
    });
  });

  test('is ordered for those of the hosts that can be reached', async () => {
    await acme.lead('third.test', NOWHERE);
    const gateway = await start(settings(['idocker.test', 'third.test']));
    expect((await certified(gateway.port, 'idocker.test')).subjectAltName).toBe('DNS:idocker.test');
    await eventually(() => {
      expect(failures(gateway)[0]?.reason).toContain('port 80 of third.test must reach');
    });
    const warnings = gateway.entries.map(({ warning }) => warning);
    expect(warnings).toContainEqual(
      expect.stringMatching(/acme\.pem does not hold for third\.test: clients/),
    );
    expect(await readdir(join(gateway.data, 'certs'))).toContain('acme-setback.json');
  });

  test('is renewed at two thirds of its life while the gateway runs', async () => {
    const gateway = await start(settings(['idocker.test']));
    const before = await certified(gateway.port, 'idocker.test');
    let ahead = 4 * YEARS;
    const { reasons, refusals } = await orderIn(
      gateway.data,
      () => new Date(Date.now() + ahead),
      () => (ahead = 0),
    );
    await eventually(async () => {
      expect((await shown(gateway.port, 'idocker.test')).certificate.raw).not.toEqual(before.raw);
    });
    expect(reasons).toEqual([expect.stringContaining('past two thirds of its life')]);
    expect(refusals).toEqual([]);
    await certified(gateway.port, 'idocker.test');
  });

  test('is ordered once by two processes on one folder, whichever has the port', async () => {
    const data = join(place.folder, 'shared');
    const serve = async (name: string, http: number) => {
      const file = join(place.folder, `${name}.yaml`);
      const sections = { ...settings(['idocker.test']), data, listen: { https: 0, http } };
      await writeFile(file, JSON.stringify(sections));
      return place.spawn([process.execPath, MAIN, 'serve', '--config', file]);
    };
    await acme.stop();
    const servers = await Promise.all([serve('one', port), serve('two', await freePort())]);
    onTestFinished(() => Promise.all(servers.map((server) => server.stop())).then(() => undefined));
    const ports: number[] = [];
    for (const server of servers) {
      const [, at] = await server.waitFor(/"port":(\d+),"scheme":"https"/);
      ports.push(Number(at));
    }
    const failed = () => servers.filter((server) => server.stdout().includes('"nextTry"'));
    await eventually(() => {
      expect(failed()).toHaveLength(1);
    });
    await acme.start();
    await rm(join(data, 'certs', 'acme-setback.json'));
    // Three more that look all the time; those of the processes may come in between.
    const orderings = await Promise.all([1, 2, 3].map(() => orderIn(data)));
    const [one, two] = await Promise.all(
      ports.map(async (at) => (await certified(at, 'idocker.test')).serialNumber),
    );
    expect(one).toBe(two);
    expect(orderings.flatMap(({ refusals }) => refusals)).toEqual([]);
    expect(acme.output().match(/Issued certificate/g)).toHaveLength(1);
    const shows = JSON.parse(
      succeeded(await certs(['show', '--json'], join(place.folder, 'one'))).stdout,
    ) as { certificates: { role: string; file: string; names: string[] }[] };
    expect(shows.certificates.find(({ role }) => role === 'server')).toMatchObject({
      file: join(data, 'certs', 'acme.pem'),
      names: ['idocker.test'],
    });
    const out = join(place.folder, 'exported.pem');
    await exportCertificates(folderOf(data), { pem: out });
    const exported = await readFile(out, 'utf8');
    expect(exported.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(tls.createSecureContext({ cert: exported, key: exported })).toBeDefined();
  });

  test('comes from a server that knows its customers by an external account', async () => {
    const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
    await using elsewhere = await createLoopback();
    const server = await startAcmeServer(elsewhere, {
      httpPort: port,
      externalAccounts: { 'kid-1': hmacKey },
    });
    const unknown = await start(settings(['idocker.test'], server));
    await eventually(() => {
      expect(failures(unknown)[0]?.reason).toMatch(
        /^localhost:\d+ serves known customers only: set tls\.acme\.externalAccount/,
      );
    });
    await unknown.stop();
    const known = await start(
      settings(['idocker.test'], server, { externalAccount: { kid: 'kid-1', hmacKey } }),
    );
    await certified(known.port, 'idocker.test', server);
  });
});
