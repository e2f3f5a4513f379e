import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureCertificates, rotateAuthority, type ServedCertificates } from '../../../certs/index.ts';
import type { KeyPair } from '../../../gateway/key-pairs.ts';
import { listen, type Listener } from '../../../gateway/listener.ts';
import { openssl, opensslSelfSigned } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';
import { isThere, trustingClients, type TrustingClient } from '../../support/trusting-clients.ts';

/** What a server is called, and what its clients know; `refused` when that must not be enough, `but` for one of them. */
interface Server {
  readonly names?: string[];
  readonly known: string[];
  readonly refused?: true;
  readonly but?: string;
}

const SERVERS: Readonly<Record<string, Server>> = {
  'a CA of its own': {
    names: ['idocker.test', 'any.idocker.test', '127.0.0.1', '::1'],
    known: ['its CA'],
  },
  'a CA that is kept to names': {
    names: ['idocker.test', 'any.idocker.test', '127.0.0.1', '::1'],
    known: ['its CA'],
  },
  'a CA that is kept to an address': { names: ['127.0.0.1'], known: ['its CA'] },
  'a certificate that signs itself': { names: ['idocker.test', '127.0.0.1'], known: ['itself'] },
  'a root of the operator': { known: ['the root'] },
  'a CA of the operator below a root': { known: ['the root'] },
  'files of the operator': { known: ['the root'] },
  'files of one host': { names: ['own.idocker.test'], known: ['the root'] },
  'the first CA, before a rotation': { known: ['first'] },
  'the first CA while the second is handed out': { known: ['first', 'second', 'first and second'] },
  'the second CA': { known: ['first', 'second', 'first and second'] },
  'the second CA while the third is handed out': {
    known: ['first', 'second', 'first and second', 'third', 'second and third'],
  },
  'the third CA': {
    known: ['first', 'second', 'first and second', 'third', 'second and third', 'all three'],
  },
  'a second CA that is kept to names': { known: ['first', 'second', 'both'] },
  'a CA of its own, too long ago': { known: ['its CA'], refused: true },
  // Java does not look at the dates of what it was told to trust.
  'a certificate that signed itself too long ago': { known: ['itself'], refused: true, but: 'Java' },
};

const FOREIGN = 'a CA of somebody else';

/** One row of the table: a visit, and whether it must succeed. */
interface Row {
  readonly server: string;
  readonly name: string;
  readonly known: string;
  readonly trusts: boolean;
  readonly but?: string | undefined;
}

const ROWS: readonly Row[] = Object.entries(SERVERS).flatMap(([server, { names, known, refused, but }]) => {
  const [first = 'idocker.test', ...others] = names ?? [];
  const [it = ''] = known;
  const rows = [
    ...known.map((each) => ({ server, name: first, known: each, trusts: refused !== true, but })),
    ...others.map((name) => ({ server, name, known: it, trusts: true })),
  ];
  if (refused) return rows;
  const wrong = { server, name: 'other.test', known: it, trusts: false };
  return [...rows, wrong, { server, name: first, known: FOREIGN, trusts: false }];
});

const DAY = 86_400_000;
const names = ['idocker.test', '*.idocker.test', '127.0.0.1', '::1'];
const listeners = new Map<string, Listener>();
let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);
const sentFile = (server: string): string => at(`${server}.sent`);
const knownFile = (server: string, known: string): string =>
  at(known === FOREIGN ? 'foreign' : `${server}, ${known}.known`).replaceAll(' ', '-');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dg-clients-'));
  await ofCas();
  await ofOperator();
  await ofRotation();
}, 120_000);
afterAll(async () => {
  for (const listener of listeners.values()) listener.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** Serves certificates, for clients that know what `knowledge` names. */
async function serve(
  server: string,
  main: KeyPair,
  knowledge: Readonly<Record<string, string | undefined>>,
  own?: readonly [string, KeyPair],
): Promise<void> {
  const tls = { main, byHost: new Map(own && [own]) };
  const handle = (_req: unknown, res: ServerResponse): void => void res.end('served');
  listeners.set(server, await listen({ port: 0, address: '127.0.0.1', tls, handle }));
  await writeFile(sentFile(server), (own?.[1] ?? main).certificate);
  for (const [known, pem = ''] of Object.entries(knowledge)) await writeFile(knownFile(server, known), pem);
}

type Settings = Parameters<typeof ensureCertificates>[0];

async function ofCas(): Promise<void> {
  const made = async (server: string, known: string, settings: Partial<Settings> = {}): Promise<void> => {
    const directory = at(server);
    const served = await ensureCertificates({ directory, profile: 'ca', names, ...settings });
    await serve(server, served, { [known]: served.authority });
  };
  const [alone, longAgo] = [{ profile: 'self-signed' }, { now: new Date(Date.now() - 500 * DAY) }] as const;
  await made('a CA of its own', 'its CA');
  await made('a CA that is kept to names', 'its CA', { constrainNames: true });
  await made('a CA that is kept to an address', 'its CA', { constrainNames: true, names: ['127.0.0.1'] });
  await made('a certificate that signs itself', 'itself', alone);
  await made('a CA of its own, too long ago', 'its CA', longAgo);
  await made('a certificate that signed itself too long ago', 'itself', { ...alone, ...longAgo });
  await writeFile(knownFile('', FOREIGN), await readFile(at('a CA of its own, too long ago', 'ca.crt')));
}

/** With openssl: an operator's root of another kind of key than ours, a CA below it, and a certificate of that one. */
async function ofOperator(): Promise<void> {
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-days', '3650'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  opensslSelfSigned(at('root.crt'), at('root.key'), '-subj', '/CN=root', ...usage, ...curve);
  opensslSelfSigned(at('plain.crt'), at('plain.key'), '-subj', '/O=House/CN=plain root', ...usage);
  issue('house', 'root', 'rsa:2048', [
    'basicConstraints=critical,CA:TRUE,pathlen:0',
    'keyUsage=critical,keyCertSign',
  ]);
  const sans = ['idocker.test', '*.idocker.test'].map((name) => `DNS:${name}`).join();
  issue('files', 'house', 'rsa:2048', [`subjectAltName=${sans}`, 'extendedKeyUsage=serverAuth']);
  const root = await readFile(at('root.crt'), 'utf8');
  const by = (ca: string): Promise<ServedCertificates> =>
    ensureCertificates({
      directory: at(`by ${ca}`),
      profile: 'ca',
      names,
      caCert: at(`${ca}.crt`),
      caKey: at(`${ca}.key`),
    });
  const plain = await by('plain');
  await serve('a root of the operator', plain, { 'the root': plain.authority });
  const below = await by('house');
  expect(below.authority).toBe(root);
  expect(await readFile(at('by house', 'ca.crt'), 'utf8')).toBe(root);
  expect(below.certificate.endsWith(await readFile(at('house.crt'), 'utf8'))).toBe(true);
  await serve('a CA of the operator below a root', below, { 'the root': root });
  const theirs = {
    directory: at('none'),
    profile: 'files',
    cert: at('files.crt'),
    key: at('files.key'),
  } as const;
  const files = await ensureCertificates({ ...theirs, names: ['idocker.test'] });
  await serve('files of the operator', files, { 'the root': root });
  await serve('files of one host', plain, { 'the root': root }, ['own.idocker.test', files]);
}

/** Makes `name`.crt, with what signed it after it, and `name`.key. */
function issue(name: string, by: string, kind: string, extensions: readonly string[]): void {
  const [key, request] = [at(`${name}.key`), at(`${name}.csr`)];
  openssl('req', '-new', '-newkey', kind, '-nodes', '-keyout', key, '-subj', `/CN=${name}`, '-out', request);
  const identifiers = ['subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid'];
  writeFileSync(at(`${name}.ext`), [...extensions, ...identifiers].join('\n'));
  const signer = ['-CA', at(`${by}.crt`), '-CAkey', at(`${by}.key`), '-CAcreateserial', '-days', '300'];
  const signed = openssl('x509', '-req', '-in', request, ...signer, '-extfile', at(`${name}.ext`));
  writeFileSync(at(`${name}.crt`), signed + readFileSync(at(`${by}.crt`), 'utf8'));
}

async function ofRotation(): Promise<void> {
  const settings = { directory: at('rotated'), profile: 'ca', names } as const;
  const rotate = (immediately: boolean): Promise<ServedCertificates> =>
    rotateAuthority(settings, { immediately });
  const before = await ensureCertificates(settings);
  const first = before.authority ?? '';
  await serve('the first CA, before a rotation', before, { first });
  const during = await rotate(false);
  const second = (during.authority ?? '').slice(first.length);
  const two = { first, second, 'first and second': during.authority };
  await serve('the first CA while the second is handed out', during, two);
  const after = await rotate(true);
  expect(after.authority).toBe(second);
  await serve('the second CA', after, two);
  const again = await rotate(false);
  const third = (again.authority ?? '').slice(second.length);
  const three = { ...two, third, 'second and third': again.authority, 'all three': first + second + third };
  await serve('the second CA while the third is handed out', again, three);
  await serve('the third CA', await rotate(true), three);

  const kept = { ...settings, directory: at('rotated and kept'), constrainNames: true };
  const old = (await ensureCertificates(kept)).authority ?? '';
  const next = await rotateAuthority(kept, { immediately: true });
  const known = { first: old, second: next.authority, both: old + (next.authority ?? '') };
  await serve('a second CA that is kept to names', next, known);
}

/** Asks for all rows at once, since some programs take long to start. */
async function ask({ ask }: TrustingClient): Promise<string[]> {
  const visits = ROWS.map(({ server, name, known }) => ({
    port: listeners.get(server)?.port ?? 0,
    name,
    sent: sentFile(server),
    known: knownFile(server, known),
  }));
  return ask(visits, folder);
}

/** The table for one client, in words that name what is expected. */
function rowsFor({ title }: TrustingClient): (Row & { at: number; how: string })[] {
  return ROWS.map((row, at) => {
    const trusts = row.but === title ? !row.trusts : row.trusts;
    return { ...row, trusts, at, how: trusts ? 'trusts' : 'refuses' };
  });
}

for (const client of trustingClients) {
  const body = (): void => {
    let said: string[] = [];
    beforeAll(async () => {
      said = await ask(client);
    }, 300_000);

    test.each(rowsFor(client))('$server as $name, knowing $known: $how it', ({ at, trusts }) => {
      if (trusts) expect(said[at]).toBe('OK');
      else expect(said[at]).not.toBe('OK');
    });
  };
  const { title, needs, ifThere } = client;
  if (ifThere === undefined || isThere(ifThere)) describeWith(needs, title, body);
  else describe.skip(`${title} [no ${ifThere}, which is not required]`, body);
}
