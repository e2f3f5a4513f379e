import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority, type Authority } from '../../support/authority.ts';
import { examined, ownCertificate, problems, said, type OwnCertificate } from '../../support/examined.ts';
import { createLoopback, type Place } from '../../support/place.ts';

let place: Place;
let own: OwnCertificate;
let authority: Authority;
beforeAll(async () => {
  place = await createLoopback();
  own = await ownCertificate(place);
  authority = await createAuthority(place);
});
afterAll(async () => {
  await place.close();
});

/** Ends with the test. */
async function listen(server: net.Server): Promise<number> {
  const open = new Set<net.Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
  });
  onTestFinished(async () => {
    for (const each of open) each.destroy();
    await new Promise((done) => server.close(done));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener, options: TlsOptions = {}): Promise<number> {
  const pair = { cert: await readFile(own.cert), key: await readFile(own.key) };
  return listen(https.createServer({ ...pair, ...options }, listener));
}

/** A server that answers every request with a status, headers and a body. */
const answering =
  (status: number, headers: http.OutgoingHttpHeaders = {}, body = ''): RequestListener =>
  (_req, res) => {
    res.writeHead(status, headers).end(body);
  };

const version = { 'docker-distribution-api-version': 'registry/2.0' };
const error = JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });

describe('the way there', () => {
  test('a port where nobody listens', async () => {
    const server = http.createServer();
    const port = await listen(server);
    await new Promise((done) => server.close(done));
    const found = await examined(port);
    expect(problems(found)).toEqual(['error: port']);
    expect(said(found, 'tls')).toContain('it needs "port"');
    expect(said(found, 'upload')).toContain('it needs "challenge"');
  });

  test('plain HTTP where HTTPS is meant', async () => {
    const found = await examined(await listen(http.createServer(answering(200, version))));
    expect(problems(found)).toContain('error: tls');
    expect(said(found, 'tls')).toMatch(/speaks plain HTTP[^]*listen 443 ssl/);
  });

  test('versions of TLS that are forbidden', async () => {
    const port = await serve(answering(200, version), {
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    const found = await examined(port, { ca: own.ca });
    expect(problems(found)).toContain('warning: tls');
    expect(said(found, 'tls')).toMatch(/TLS 1 and TLS 1\.1[^]*ssl_protocols/);
  });

  test('a server that accepts and never answers is given up', { timeout: 60_000 }, async () => {
    const interrupted = new AbortController();
    const port = await serve(() => undefined);
    const found = examined(port, {
      ca: own.ca,
      signal: interrupted.signal,
      onFinding: ({ check }) => {
        if (check === 'port')
          setTimeout(() => {
            interrupted.abort();
          }, 500);
      },
    });
    expect((await found).filter(({ what }) => what === 'it was ended early').length).toBeGreaterThan(10);
  });
});

/** Time is what these are about; enough for a busy machine to do the rest. */
describe('a check that hangs is cut and named, and the others run', () => {
  const most = 3000;
  const timeout = 60_000;

  test('no answer', { timeout }, async () => {
    const port = await serve(() => undefined);
    const found = await examined(port, { ca: own.ca, limit: most });
    expect(problems(found)).toEqual(['error: challenge']);
    expect(said(found, 'challenge')).toMatch(/GET \/v2\/ was not answered within 3 s[^]*dockgate-doctor/);
    expect(said(found, 'certificate-names')).toContain('is for 127.0.0.1');
  });

  test('an answer that drips', { timeout }, async () => {
    const port = await serve((_req, res) => {
      res.writeHead(401, { ...version, 'www-authenticate': 'Basic realm="a"', 'content-length': 1000 });
      const drip = setInterval(() => res.write(' '), 200);
      res.once('close', () => {
        clearInterval(drip);
      });
    });
    const found = await examined(port, { ca: own.ca, limit: most });
    expect(problems(found)).toEqual(['error: challenge']);
    expect(said(found, 'challenge')).toMatch(/answered, but not to the end, within 3 s/);
  });

  test('a handshake', { timeout }, async () => {
    const port = await listen(net.createServer(() => undefined));
    const found = await examined(port, { ca: own.ca, limit: most });
    expect(problems(found)).toEqual(['error: tls']);
    expect(said(found, 'tls')).toMatch(/takes connections, and the TLS handshake got no answer within 3 s/);
    expect(said(found, 'certificate-chain')).toContain('it needs "tls"');
  });

  test('a check that heeds no signal, and then the next one', { timeout }, async () => {
    const port = await serve(answering(200, version));
    const found = await examined(port, {
      ca: own.ca,
      limit: most,
      credentials: () => new Promise(() => undefined),
    });
    expect(problems(found)).toEqual(['error: challenge']);
    expect(found.map(({ check }) => check)).toContain('upstreams');
  });
});

describe('certificates', () => {
  const pairOf = async (...names: string[]): Promise<{ cert: Buffer; key: Buffer }> => {
    const { cert, key } = await authority.issue(...names);
    return { cert: await readFile(cert), key: await readFile(key) };
  };

  test('whose issuer is not sent', async () => {
    const found = await examined(await serve(answering(200, version), await pairOf('127.0.0.1')));
    expect(said(found, 'certificate-chain')).toMatch(
      /issuer test root is neither sent nor trusted[^]*ssl_certificate/,
    );
    expect(said(found, 'challenge')).toContain('it needs "certificate-chain"');
  });

  test('of an authority that was made anew', async () => {
    await using elsewhere = await createLoopback();
    const { ca } = await createAuthority(elsewhere);
    const found = await examined(await serve(answering(200, version), await pairOf('127.0.0.1')), { ca });
    expect(said(found, 'certificate-chain')).toMatch(/another test root than the one that is trusted/);
  });

  test('for another name', async () => {
    const port = await serve(answering(200, version), await pairOf('registry.test', '127.0.0.2'));
    const found = await examined(port, { ca: authority.ca });
    expect(said(found, 'certificate-names')).toMatch(
      /not for 127\.0\.0\.1 but for DNS:registry\.test, IP Address:127\.0\.0\.2/,
    );
  });

  test('with the name as common name only', async () => {
    const { ca, key } = await ownCertificate(place, { names: '', subject: 'localhost' });
    const port = await serve(answering(404), { cert: ca, key: await readFile(key) });
    const found = await examined(port, { ca, base: new URL(`https://localhost:${port}`) });
    expect(said(found, 'certificate-names')).toMatch(/has no subjectAltName[^]*DNS:localhost/);
  });

  test('that end soon', async () => {
    const now = Date.now() + 28 * 86_400_000;
    const port = await serve(answering(200, { ...version, date: new Date(now).toUTCString() }));
    const found = await examined(port, { ca: own.ca, now: () => now });
    expect(problems(found)).toContain('warning: certificate-dates');
  });
});

describe('clocks', () => {
  test.each([
    [30_000, 'ok'],
    [10 * 60_000, 'warning'],
    [23 * 3_600_000, 'warning'],
    [-25 * 3_600_000, 'error'],
  ])('%j ms apart: %s', async (skew, level) => {
    const port = await serve(answering(200, version));
    const found = await examined(port, { ca: own.ca, now: () => Date.now() + skew });
    expect(found.find(({ check }) => check === 'clock')?.level).toBe(level);
  });
});

describe('plain HTTP', () => {
  const beside = async (listener: RequestListener) =>
    examined(await serve(answering(404)), {
      ca: own.ca,
      plainPort: await listen(http.createServer(listener)),
    });

  test.each([
    ['a registry without encryption', answering(401, version), 'warning', /without encryption/],
    [
      'a redirect to elsewhere',
      answering(301, { location: 'https://other.test/v2/' }),
      'warning',
      /to https:\/\/other\.test instead/,
    ],
    ['nothing of ours', answering(404), 'ok', /plain HTTP/],
  ] as const)('%s', async (_, listener, level, text) => {
    const found = await beside(listener);
    expect(found.find(({ check }) => check === 'plain-http')?.level).toBe(level);
    expect(said(found, 'plain-http')).toMatch(text);
  });

  test("another authority's ca.crt", async () => {
    const found = await beside((req, res) => {
      res.writeHead(req.url === '/ca.crt' ? 200 : 404).end(authority.ca);
    });
    expect(problems(found)).toContain('error: plain-http');
    expect(said(found, 'plain-http')).toMatch(/did not sign[^]*fingerprint/);
  });

  test('the right ca.crt', async () => {
    const found = await beside((req, res) => {
      res.writeHead(req.url === '/ca.crt' ? 200 : 404).end(own.ca);
    });
    expect(found.find(({ check }) => check === 'plain-http')?.level).toBe('ok');
  });
});

describe('what /v2/ says', () => {
  test.each([
    ['a page', answering(200, {}, '<html>'), 'error', /this is no registry/],
    [
      'a page that is not found',
      answering(404, { server: 'nginx' }, '<html>'),
      'error',
      /404 from nginx, a page of HTML[^]*location \/v2\//,
    ],
    ['a redirect', answering(302, { location: '/login' }), 'error', /instead of redirecting to \/login/],
    [
      'a redirect to where it is',
      answering(308, { location: 'https://127.0.0.1/v2/' }),
      'error',
      /takes it for plain HTTP[^]*X-Forwarded-Proto[^]*trustedProxies/,
    ],
    ['no challenge', answering(401, version, error), 'error', /without WWW-Authenticate/],
    [
      'a challenge of others',
      answering(401, { ...version, 'www-authenticate': 'Negotiate' }, error),
      'error',
      /asks for negotiate/,
    ],
    [
      'two challenges',
      answering(401, { ...version, 'www-authenticate': 'Basic realm="a", Bearer realm="https://x"' }, error),
      'warning',
      /2 challenges/,
    ],
    [
      'a challenge with a page',
      answering(401, { ...version, 'www-authenticate': 'Basic realm="a"' }, '<html>'),
      'warning',
      /without the JSON error/,
    ],
    [
      'no version',
      answering(401, { 'www-authenticate': 'Basic realm="a"' }, error),
      'warning',
      /Docker-Distribution-Api-Version/,
    ],
  ] as const)('%s', async (_, listener, level, text) => {
    const found = await examined(await serve(listener), { ca: own.ca });
    expect(found.find(({ check }) => check === 'challenge')?.level).toBe(level);
    expect(said(found, 'challenge')).toMatch(text);
  });

  test('what a server says does nothing to the terminal, and is no longer than one reads', async () => {
    const message = `\u001b]0;title\u0007\u009b2J\r\nok       login\u202e ${'a'.repeat(5000)}`;
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
    const found = await examined(await serve(answering(403, version, body)), { ca: own.ca });
    expect(said(found, 'challenge')).toContain('answered 403 (DENIED:  ]0;title 2J ok       login  aaa');
    for (const { what } of found) {
      expect(what).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(what.length).toBeLessThanOrEqual(2001);
    }
  });

  test('nothing that keeps anybody out', async () => {
    const user = { user: 'a', password: 'b' };
    const found = await examined(await serve(answering(200, version)), { ca: own.ca, user });
    expect(said(found, 'challenge')).toMatch(/never send the credentials/);
  });

  test.each([
    ['/v2/token', /clients want a whole URL/],
    ['https://10.0.0.5/v2/token', /is not at 127\.0\.0\.1/],
    ['https://127.0.0.1:1/v2/token', /is at port 1/],
    ['https://token.invalid/', /cannot be reached/],
  ])('the realm %s', async (realm, text) => {
    const header = `Bearer realm="${realm}",service="x"`;
    const found = await examined(
      await serve(answering(401, { ...version, 'www-authenticate': header }, error)),
      { ca: own.ca },
    );
    expect(problems(found)).toEqual(['error: realm']);
    expect(said(found, 'realm')).toMatch(text);
  });

  test('a scope for another name', async () => {
    const port = await serve((req, res) => {
      const scope = req.method === 'POST' ? ',scope="repository:v2/other:pull,push"' : '';
      const realm = `Bearer realm="https://${req.headers.host ?? ''}/token"${scope}`;
      res.writeHead(401, { ...version, 'www-authenticate': realm }).end(error);
    });
    const found = await examined(port, { ca: own.ca });
    expect(said(found, 'realm')).toMatch(/scope repository:v2\/other[^]*path was changed/);
  });

  /** Takes the login of everybody, and answers what comes after it with `status`. */
  const asNexus =
    (status: number, body = ''): RequestListener =>
    (req, res) => {
      const headers = { ...version, server: 'Nexus/3.70.1 (OSS)' };
      req.resume().once('end', () => {
        if (req.headers.authorization === undefined)
          res.writeHead(401, { ...headers, 'www-authenticate': 'BASIC realm="Sonatype Nexus"' }).end(error);
        else if (req.url === '/v2/') res.writeHead(200, headers).end('{}');
        else res.writeHead(status, headers).end(body);
      });
    };

  test.each([
    ['a group, in one edition', asNexus(404), /where GET is answered[^]*hosted repository/],
    [
      'a group, in another',
      asNexus(
        403,
        JSON.stringify({ errors: [{ message: 'Deploying to groups is a PRO-licensed feature.' }] }),
      ),
      /PRO-licensed[^]*is a group of Nexus/,
    ],
  ])('Nexus takes no push: %s', async (_, listener, text) => {
    const found = await examined(await serve(listener), { ca: own.ca, user: { user: 'a', password: 'b' } });
    expect(problems(found)).toEqual(['error: upload']);
    expect(said(found, 'upload')).toMatch(text);
    expect(said(found, 'data')).not.toContain('--data');
  });

  test('the web page of Nexus', async () => {
    const found = await examined(await serve(answering(404, { server: 'Nexus/3.70.1 (OSS)' })), {
      ca: own.ca,
    });
    expect(problems(found)).toEqual(['error: challenge']);
    expect(said(found, 'challenge')).toMatch(/404 from Nexus[^]*a connector/);
  });

  test('a token, and then nothing more: something drops the Authorization header', async () => {
    const port = await serve((req, res) => {
      const realm = `Bearer realm="https://${req.headers.host ?? ''}/token"`;
      if (req.url?.startsWith('/token')) res.end(JSON.stringify({ token: 'abc' }));
      else res.writeHead(401, { ...version, 'www-authenticate': realm }).end(error);
    });
    const found = await examined(port, { ca: own.ca, user: { user: 'a', password: 'b' } });
    expect(problems(found)).toEqual(['error: login']);
    expect(said(found, 'login')).toContain('drops or replaces the Authorization header');
  });

  test('a password goes to no realm without encryption', async () => {
    const asked: (string | undefined)[] = [];
    const realm = await listen(
      http.createServer((req, res) => {
        asked.push(req.headers.authorization);
        res.end(JSON.stringify({ token: 'abc' }));
      }),
    );
    const header = `Bearer realm="http://127.0.0.1:${realm}/token"`;
    const port = await serve(answering(401, { ...version, 'www-authenticate': header }, error));
    const found = await examined(port, { ca: own.ca, user: { user: 'a', password: 'b' } });
    expect(problems(found)).toEqual(['error: realm']);
    expect(asked.filter((each) => each !== undefined)).toEqual([]);
  });
});
