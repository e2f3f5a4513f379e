import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Place } from './place.ts';
import { succeeded } from './process.ts';

/** A certificate and its key, as paths of PEM files. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test, made by openssl and not by the code under test. */
export interface Authority {
  /** PEM text of the root, what a client must trust. */
  readonly ca: string;
  readonly caFile: string;
  /** Signs a server certificate for host names and IP addresses. */
  issue(...names: string[]): Promise<Pair>;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256', '-days', '30'];

/** Makes a root under the place's folder; `title` becomes its common name. */
export async function createAuthority(place: Place, title = 'test root'): Promise<Authority> {
  const folder = join(place.folder, title.replaceAll(' ', '-'));
  await mkdir(folder, { mode: 0o700 });
  const [caFile, caKey] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  const self = ['openssl', 'req', '-x509', ...KEY, '-subj', `/CN=${title}`];
  succeeded(await place.run([...self, '-keyout', caKey, '-out', caFile]));
  return {
    ca: await readFile(caFile, 'utf8'),
    caFile,
    async issue(...names) {
      const base = join(folder, (names[0] ?? 'none').replaceAll(/[^\w.]/g, '-'));
      const pair = { cert: `${base}.crt`, key: `${base}.key` };
      const sans = names.map((name) => (isIP(name) === 0 ? `DNS:${name}` : `IP:${name}`)).join(',');
      const ask = ['openssl', 'req', ...KEY.slice(0, -2), '-subj', `/CN=${names[0] ?? ''}`];
      succeeded(await place.run([...ask, '-keyout', pair.key, '-out', `${base}.csr`]));
      await writeFile(`${base}.ext`, `subjectAltName=${sans}\nextendedKeyUsage=serverAuth\n`);
      const sign = ['openssl', 'x509', '-req', '-in', `${base}.csr`, '-CA', caFile, '-CAkey', caKey];
      const rest = ['-CAcreateserial', '-sha256', '-days', '30', '-extfile', `${base}.ext`];
      succeeded(await place.run([...sign, ...rest, '-out', pair.cert]));
      return pair;
    },
  };
}
