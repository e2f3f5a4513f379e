import { mkdtemp, rm } from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalFingerprint, confirmedBy, offeredCertificates, trustHost } from '../../../certs/index.ts';
import { newHostsToml, withCa, withoutCa } from '../../../certs/trust/hosts-toml.ts';
import { openssl, opensslSelfSigned } from '../../support/openssl.ts';

const PAIRS = 'AB'.repeat(32);
const SPELT = `SHA256:${(PAIRS.match(/../g) ?? []).join(':')}`;

test.each([PAIRS, PAIRS.toLowerCase(), SPELT, SPELT.toLowerCase(), `sha-256=${PAIRS}`, ` ${SPELT}\n`])(
  'fingerprint %j',
  (text) => {
    expect(canonicalFingerprint(text)).toBe(SPELT);
  },
);

test.each(['', 'SHA256:', PAIRS.slice(1), `${PAIRS}0`, `SHA1:${PAIRS.slice(24)}`, `${PAIRS.slice(1)}g`])(
  'no fingerprint: %j',
  (text) => {
    expect(() => canonicalFingerprint(text)).toThrow('is no SHA-256 fingerprint');
  },
);

test.each([
  ['idocker.io', 'idocker.io'],
  ['IDOCKER.io:8443', 'idocker.io:8443'],
  ['10.0.0.5', '10.0.0.5'],
  ['10.0.0.5:443', '10.0.0.5:443'],
  ['fd00::1', '[fd00::1]'],
  ['[FD00::1]:8443', '[fd00::1]:8443'],
  ['my_host', 'my_host'],
])('host %s', (text, host) => {
  expect(trustHost(text)).toBe(host);
});

test.each([
  '',
  '..',
  '../etc',
  'a/b',
  'https://a',
  'a..b',
  '.a',
  '-rf',
  'a b',
  "a'b",
  'a:70000',
  '[fe80::1%eth0]',
  'é',
])('no host: %j', (text) => {
  expect(() => trustHost(text)).toThrow('is no registry');
});

describe('a bundle', () => {
  let folder: string;
  const pems: Record<string, string> = {};
  const print = (name: string): string => offeredCertificates(pems[name] ?? '', name)[0]?.fingerprint ?? '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dg-bundle-'));
    const at = (name: string): string => join(folder, name);
    for (const name of ['old', 'new'])
      opensslSelfSigned(at(`${name}.crt`), at(`${name}.key`), '-subj', `/CN=${name}`);
    openssl('req', '-new', '-key', at('new.key'), '-subj', '/CN=new', '-out', at('new.csr'));
    const sign = ['-CA', at('old.crt'), '-CAkey', at('old.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', at('new.csr'), ...sign, '-out', at('signed.crt'));
    for (const name of ['old', 'new', 'signed']) pems[name] = await readFile(at(`${name}.crt`), 'utf8');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const chosen = (names: readonly string[], by: readonly string[]): string[] => {
    const offered = offeredCertificates(names.map((name) => pems[name]).join('garbage\n'), 'a bundle');
    return confirmedBy(by.map(print), offered).map(({ fingerprint }) => fingerprint);
  };

  test('is trusted as far as it is confirmed', () => {
    expect(chosen(['old', 'new'], ['old'])).toEqual([print('old')]);
    expect(chosen(['old', 'new'], ['new'])).toEqual([print('new')]);
    expect(chosen(['old', 'new', 'old'], ['old', 'new'])).toEqual([print('old'), print('new')]);
    expect(chosen(['new'], ['old'])).toEqual([]);
  });

  test('has what a confirmed one signed confirmed too, and not the other way', () => {
    expect(chosen(['signed', 'old'], ['old'])).toEqual([print('signed'), print('old')]);
    expect(chosen(['signed', 'old'], ['signed'])).toEqual([print('signed')]);
  });
});

describe('hosts.toml', () => {
  const CA = '/c/ca.crt';
  const HOST = 'idocker.io';

  test.each([
    ['an empty one', ''],
    ['a server alone', 'server = "https://idocker.io"\n'],
    ['mirrors', 'server = "https://idocker.io"\n\n[host."https://m.io"]\n  ca = "/m.crt"\n'],
    [
      'the host among the mirrors',
      `[host."https://${HOST}"]\n  capabilities = ["pull"]\n[host."https://m"]\n`,
    ],
    ['a ca', 'ca = "/x.crt" # mine\n[host]'],
    [
      'several',
      `server = "https://${HOST}"\nca = ["/x.crt", '/y.crt',]\n[host."https://idocker.io:443"]\nca = '/z'\n`,
    ],
  ])('%s gets the CA, once, and is as it was without it', (_, toml) => {
    const changed = withCa(toml, HOST, CA) ?? '';
    expect(changed.match(/"\/c\/ca\.crt"/g)).toHaveLength(
      toml.includes('idocker.io"]') || toml.includes(':443"]') ? 2 : 1,
    );
    expect(changed).toContain('[host');
    expect(withCa(changed, HOST, CA)).toBe(changed);
    expect(withoutCa(changed)).toBe(toml);
  });

  test('keeps what was trusted before', () => {
    expect(withCa('ca = "/x.crt"\n[host]\n', HOST, CA)).toContain('\nca = ["/x.crt", "/c/ca.crt"]\n');
    expect(withCa('ca = []\n[host]\n', HOST, CA)).toContain('\nca = ["/c/ca.crt"]\n');
  });

  test('is not touched where it is not understood', () => {
    expect(withCa('ca = [\n  "/x.crt",\n]\n[host]\n', HOST, CA)).toBeUndefined();
  });

  test('of our own needs nothing', () => {
    const own = newHostsToml(HOST, CA);
    expect(withCa(own, HOST, CA)).toBe(own);
    expect(withoutCa(own)).toBeUndefined();
  });
});
