// A token service for docker-registry (distribution's "token" auth), run as a program:
//   node token-realm.ts '{"address","user","password","key","certificate","issuer","algorithm"}'
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { SignJWT } from 'jose';

/** What the realm is told; `key` and `certificate` are paths of PEM files. */
export interface RealmSettings {
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly key: string;
  readonly certificate: string;
  readonly issuer: string;
  readonly algorithm: 'ES256' | 'RS256';
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `repository:name:pull,push`, several in one parameter apart by spaces, or several parameters. */
function parseScopes(scopes: readonly string[]): Access[] {
  return scopes
    .flatMap((scope) => scope.split(' '))
    .filter((scope) => scope !== '')
    .map((scope) => {
      const [type = '', ...rest] = scope.split(':');
      const actions = rest.pop()?.split(',') ?? [];
      return { type, name: rest.join(':'), actions };
    });
}

function json(response: http.ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Starts the realm; every caller with the right Basic credentials gets what it asks for, all others 401. */
export function createRealm(settings: RealmSettings): http.Server {
  const key = createPrivateKey(readFileSync(settings.key));
  // docker-registry 2.8 finds the key by the chain in x5c, which must lead to its rootcertbundle.
  const x5c = [new X509Certificate(readFileSync(settings.certificate)).raw.toString('base64')];
  const wanted = `Basic ${Buffer.from(`${settings.user}:${settings.password}`).toString('base64')}`;

  const issue = async (query: URLSearchParams): Promise<object> => {
    const claims = { access: parseScopes(query.getAll('scope')), jti: randomUUID() };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: settings.algorithm, typ: 'JWT', x5c })
      .setIssuer(settings.issuer)
      .setSubject(settings.user)
      .setAudience(query.get('service') ?? '')
      .setIssuedAt()
      .setNotBefore('-10s')
      .setExpirationTime('5m')
      .sign(key);
    return { token, access_token: token, expires_in: 300, issued_at: new Date().toISOString() };
  };

  return http.createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://realm');
    const allowed = incoming.headers.authorization === wanted;
    process.stdout.write(
      `"${incoming.method ?? ''} ${incoming.url ?? ''} HTTP/1.1" ${allowed ? 200 : 401}\n`,
    );
    if (!allowed) {
      json(response, 401, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
      return;
    }
    issue(url.searchParams).then(
      (token) => {
        json(response, 200, token);
      },
      (error: unknown) => {
        json(response, 500, { errors: [{ code: 'UNKNOWN', message: String(error) }] });
      },
    );
  });
}

if (process.argv[1] === import.meta.filename) {
  const settings = JSON.parse(process.argv[2] ?? '{}') as RealmSettings;
  const server = createRealm(settings);
  server.listen(0, settings.address, () => {
    process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
  });
}
