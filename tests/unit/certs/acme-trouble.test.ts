import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import https from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { startOrdering, type Ordering } from '../../../certs/index.ts';
import { createAuthority, type Authority } from '../../support/authority.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';
import { startForwardProxy } from '../upstream/forward-proxy.ts';

const folder = useCertificateFolder();
let place: Place;
let authority: Authority;
let own: https.ServerOptions;
beforeAll(async () => {
  place = await createLoopback();
  authority = await createAuthority(place);
  const { cert, key } = await authority.issue('127.0.0.1');
  own = { cert: await readFile(cert), key: await readFile(key) };
});
afterAll(async () => {
  await place.close();
});

// Before the folder is removed.
const running: Ordering[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((ordering) => ordering.stop()));
});

/** What the server answers instead of what it should, by path. */
type Faults = Readonly<Record<string, (res: ServerResponse) => unknown>>;

/** A server that begins as ACME servers do, and does what a test wants. */
async function startServer(faults: Faults) {
  const asked: string[] = [];
  const server = https.createServer(own, (req, res) => {
    const path = req.url ?? '';
    asked.push(path);
    res.setHeader('replay-nonce', `nonce-${asked.length}`);
    const usual: Faults = {
      '/dir': () =>
        json(res, 200, { newNonce: at('/nonce'), newAccount: at('/account'), newOrder: at('/order') }),
      '/account': () => json(res.setHeader('location', at('/account/1')), 201, { status: 'valid' }),
      '/order': () =>
        json(res.setHeader('location', at('/order/1')), 201, { authorizations: [at('/authz')] }),
    };
    (faults[path] ?? usual[path] ?? (() => res.end()))(res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at = (path: string): string => url + path;
  return { url, asked };
}

function json(res: ServerResponse, status: number, value: unknown): ServerResponse {
  return res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(status: number, type: string, detail: string, headers: Record<string, string> = {}) {
  return (res: ServerResponse): void => {
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    json(res, status, { type: `urn:ietf:params:acme:error:${type}`, detail });
  };
}

interface Trouble {
  ordering: Ordering;
  failures: { reason: string; until: Date }[];
}

/** Orders there, and looks every few milliseconds whether it has to. */
async function order(
  url: string,
  { ca = authority.caFile, proxy }: { ca?: string | false; proxy?: URL } = {},
): Promise<Trouble> {
  const failures: Trouble['failures'] = [];
  const server = { server: new URL(`${url}/dir`), email: undefined, externalAccount: undefined };
  const ordering = await startOrdering(
    {
      directory: folder.path(),
      profile: 'acme',
      names: ['idocker.test'],
      acme: { ...server, ca: ca === false ? undefined : ca, port: 80, proxyFor: () => proxy },
      interval: 10,
    },
    {
      ordering: () => undefined,
      failed: (reason, until) => void failures.push({ reason, until }),
      refused: (fault) => void failures.push({ reason: String(fault), until: new Date(0) }),
    },
  );
  running.push(ordering);
  return { ordering, failures };
}

/** The first failure. */
async function failure({ failures }: Trouble) {
  return vi.waitFor(
    () => {
      const [first] = failures;
      if (first === undefined) throw new Error('nothing has failed');
      return { reason: first.reason, pause: first.until.getTime() - Date.now() };
    },
    { timeout: 20_000, interval: 10 },
  );
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describeWith(['openssl'], 'an ACME server that', () => {
  test('is asked too often is asked again when it allows it, and not before', async () => {
    const tooMany = refuse(429, 'rateLimited', 'too many certificates already issued', {
      'retry-after': '7200',
    });
    const server = await startServer({ '/order': tooMany });
    const trouble = await order(server.url);
    const { reason, pause } = await failure(trouble);
    expect(reason).toMatch(
      /^127\.0\.0\.1:\d+ refused: too many certificates already issued \(rateLimited\): wait/,
    );
    expect(pause).toBeGreaterThan(119 * MINUTE);
    expect(pause).toBeLessThanOrEqual(120 * MINUTE);
    const { length } = server.asked;
    await sleep(200);
    expect(server.asked).toHaveLength(length);
    await trouble.ordering.stop();
    // Another start, another gateway: the pause holds for them too.
    await order(server.url);
    await sleep(200);
    expect(server.asked).toHaveLength(length);
  });

  test.each<[string, Faults, RegExp]>([
    [
      'answers a page',
      { '/dir': (res) => res.writeHead(502).end('<html>\nBad Gateway') },
      /^127\.0\.0\.1:\d+ answered 502 instead of an ACME answer: check tls\.acme\.directory$/,
    ],
    [
      'has moved',
      { '/dir': (res) => res.writeHead(301, { location: 'https://new.test/dir' }).end() },
      /answered 301 and leads to https:\/\/new\.test\/dir instead of/,
    ],
    [
      'is none',
      { '/dir': (res) => json(res, 200, {}) },
      /^https:.*\/dir is not the directory of an ACME server/,
    ],
    [
      'wants to be asked without encryption',
      {
        '/order': (res) =>
          json(res.setHeader('location', 'http://a/1'), 201, { authorizations: ['http://a/2'] }),
      },
      /^the ACME server named an address that is not https: http:\/\/a\/2$/,
    ],
    [
      'gives a path for a token',
      {
        '/authz': (res) =>
          json(res, 200, {
            status: 'pending',
            identifier: { type: 'dns', value: 'idocker.test' },
            challenges: [{ type: 'http-01', token: '../server.key', url: 'https://a/1' }],
          }),
      },
      /^the ACME server gave a token that is none$/,
    ],
    [
      'offers no challenge over HTTP',
      {
        '/authz': (res) =>
          json(res, 200, {
            status: 'pending',
            identifier: { type: 'dns', value: 'idocker.test' },
            challenges: [{ type: 'dns-01' }],
          }),
      },
      /^the ACME server does not validate idocker\.test over HTTP: give that host a certificate of its own/,
    ],
    [
      'has new terms',
      {
        '/order': (res) =>
          json(res, 403, {
            type: 'urn:ietf:params:acme:error:userActionRequired',
            detail: 'Terms of service have changed',
            instance: 'https://a.test/terms',
          }),
      },
      /Terms of service have changed \(userActionRequired\): .*open https:\/\/a\.test\/terms$/,
    ],
    [
      'has a line end in what it says',
      { '/order': refuse(400, 'malformed', 'one\ntwo\u001b[31m') },
      /refused: one two \[31m \(malformed\)$/,
    ],
    [
      'never likes a nonce',
      { '/account': refuse(400, 'badNonce', 'JWS has an invalid anti-replay nonce') },
      /refused: JWS has an invalid anti-replay nonce \(badNonce\)$/,
    ],
    [
      'breaks off',
      { '/dir': (res) => res.destroy() },
      /^cannot ask 127\.0\.0\.1:\d+ \(other side closed\): check tls\.acme\.directory/,
    ],
    [
      'says more than can be',
      { '/dir': (res) => res.end(Buffer.alloc(2 * 1024 * 1024)) },
      /\(the answer is too long\)/,
    ],
  ])('%s', async (_, faults, words) => {
    const server = await startServer(faults);
    const { reason, pause } = await failure(await order(server.url));
    expect(reason).toMatch(words);
    expect(pause).toBeGreaterThan(20 * SECOND);
    expect(pause).toBeLessThanOrEqual(5 * MINUTE);
    expect(await readdir(folder.path())).not.toContain('acme.pem');
  });

  test('is not trusted is named, and what to do', async () => {
    const server = await startServer({});
    const { reason } = await failure(await order(server.url, { ca: false }));
    expect(reason).toMatch(/^cannot ask .*: name the PEM file of its authority with tls\.acme\.ca$/);
    const { reason: missing } = await failure(await order('https://other.test', { ca: '/nonexistent.pem' }));
    expect(missing).toBe('/nonexistent.pem does not exist: correct tls.acme.ca');
  });

  test('says nothing does not keep the gateway from stopping', async () => {
    const server = await startServer({ '/dir': () => undefined });
    const trouble = await order(server.url);
    await vi.waitFor(() => {
      expect(server.asked).toEqual(['/dir']);
    }, 20_000);
    await trouble.ordering.stop();
    expect(trouble.failures).toEqual([]);
    expect(await readdir(folder.path())).not.toContain('acme-setback.json');
  });

  test('is asked through the proxy on the way out', async () => {
    const server = await startServer({ '/order': refuse(400, 'malformed', 'so far it came') });
    const proxy = await startForwardProxy();
    const { reason } = await failure(await order(server.url, { proxy: proxy.url }));
    expect(reason).toContain('so far it came');
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(server.url).host}`]));
    const closed = await startForwardProxy({ refuse: 407 });
    const other = new URL(server.url.replace('127.0.0.1', 'localhost'));
    const refused = await failure(await order(other.origin, { proxy: closed.url }));
    expect(refused.reason).toMatch(/^cannot ask localhost:\d+ through the proxy 127\.0\.0\.1:\d+ \(/);
  });
});
