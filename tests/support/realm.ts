import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseAccessLog, settledLog, withoutMarks, type LoggedRequest } from './access-log.ts';
import { request } from './http-request.ts';
import type { Place } from './place.ts';
import { succeeded } from './process.ts';
import type { RealmSettings } from './token-realm.ts';

/** A name and a password that a registry wants. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** A running token service that a docker-registry trusts. */
export interface Realm {
  /** The `auth` section of that registry's configuration. */
  readonly section: object;
  /** A header that may pull and push `name`. */
  authorization(name: string): Promise<string>;
  /** What it has been asked so far. */
  requests(): Promise<LoggedRequest[]>;
}

/** The header for HTTP Basic. */
export function basic({ user, password }: Account): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const SERVICE = 'upstream';

/** Makes a key and starts the realm in a process of its own, on a free port of the place. */
export async function startRealm(
  place: Place,
  folder: string,
  account: Account,
  algorithm: RealmSettings['algorithm'],
): Promise<Realm> {
  const [key, certificate] = [join(folder, 'realm.key'), join(folder, 'realm.crt')];
  const kind = algorithm === 'ES256' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048'];
  const self = ['openssl', 'req', '-x509', '-nodes', '-sha256', '-days', '30', '-subj', '/CN=realm'];
  succeeded(await place.run([...self, '-newkey', ...kind, '-keyout', key, '-out', certificate]));
  const { address } = place;
  const settings: RealmSettings = { address, ...account, key, certificate, issuer: 'realm', algorithm };
  const script = fileURLToPath(new URL('token-realm.ts', import.meta.url));
  const server = place.spawn([process.execPath, script, JSON.stringify(settings)]);
  const [, port = ''] = await server.waitFor(/listening on (\d+)/);
  const url = `http://${address}:${port}/token`;
  return {
    section: {
      token: { realm: url, service: SERVICE, issuer: settings.issuer, rootcertbundle: certificate },
    },
    async authorization(name) {
      const query = `?service=${SERVICE}&scope=repository:${name}:pull,push`;
      const reply = await request(place, url + query, { headers: { authorization: basic(account) } });
      const { token } = JSON.parse(reply.body.toString()) as { token: string };
      return `Bearer ${token}`;
    },
    requests: async () => withoutMarks(parseAccessLog(await settledLog(place, server, url))),
  };
}
