import { X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { daysLater, NOW, useCertificateFolder } from '../../support/certificate-folder.ts';
import { opensslText, opensslVerify } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const NAMES = [
  'idocker.test',
  '*.idocker.test',
  'build_host',
  'localhost',
  '10.99.0.1',
  '127.0.0.1',
  'fd00::2',
  '::1',
];

async function certificate(file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(folder.path(file)));
}

describe('the first start', () => {
  test('makes the four files, keys closed to others, and says what it made', async () => {
    const served = await folder.ensure({ names: NAMES });
    expect((await readdir(folder.path())).sort()).toEqual([
      '.lock',
      'ca.crt',
      'ca.key',
      'server.crt',
      'server.key',
    ]);
    expect(await folder.mode()).toBe('700');
    expect([await folder.mode('ca.key'), await folder.mode('server.key')]).toEqual(['600', '600']);
    expect(served).toMatchObject({
      names: NAMES,
      issued: 'new',
      reason: 'there was no certificate yet',
      warnings: [],
    });
    expect(served.certificate).toBe(await readFile(folder.path('server.crt'), 'utf8'));
    expect(served.key).toBe(await readFile(folder.path('server.key'), 'utf8'));
    expect(served.authority).toBe(await readFile(folder.path('ca.crt'), 'utf8'));
  });

  test('serves the CA after the server certificate and gives the CA’s fingerprint', async () => {
    const served = await folder.ensure();
    expect(served.certificate.endsWith(served.authority ?? 'none')).toBe(true);
    expect(served.certificate.match(/BEGIN/g)).toHaveLength(2);
    expect(served.fingerprint).toBe(`SHA256:${(await certificate('ca.crt')).fingerprint256}`);
    expect(served.fingerprint).toMatch(/^SHA256:[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
  });

  test('dates the server certificate from 48 hours ago, for 397 days in all', async () => {
    const { notBefore, notAfter } = await folder.ensure();
    expect(notBefore).toEqual(daysLater(-2));
    expect(notAfter.getTime() - notBefore.getTime() + 1000).toBe(397 * 86_400_000);
  });

  test('dates the CA from 48 hours ago, for ten years', async () => {
    await folder.ensure();
    const { validFromDate, validToDate } = await certificate('ca.crt');
    expect(validFromDate).toEqual(daysLater(-2));
    expect(validToDate.toISOString().slice(0, 7)).toBe('2036-11');
  });

  test('gives serial numbers that are positive, random and at most 20 octets', async () => {
    await folder.ensure();
    const serials = [
      (await certificate('ca.crt')).serialNumber,
      (await certificate('server.crt')).serialNumber,
    ];
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(serials[0]).not.toBe(serials[1]);
  });

  test('names the server by its first name that fits 64 characters, or not at all', async () => {
    const long = `${'a'.repeat(60)}.test`;
    await folder.ensure({ names: [long, 'short.test'] });
    expect((await certificate('server.crt')).subject).toBe('O=Dockgate\nCN=short.test');
    await folder.ensure({ names: [long] });
    expect((await certificate('server.crt')).subject).toBe('O=Dockgate');
  });

  test('gives the CA a subject that no other installation has', async () => {
    await folder.ensure();
    await folder.ensure({ directory: folder.path('second') });
    const [one, other] = [await certificate('ca.crt'), await certificate('second/ca.crt')];
    expect(one.subject).toMatch(/^O=Dockgate\nCN=Dockgate CA [0-9A-F]{8}$/);
    expect(one.subject).not.toBe(other.subject);
  });
});

describeWith(['openssl'], 'openssl', () => {
  const verify = (...options: string[]): string => {
    const now = String(NOW.getTime() / 1000);
    const trust = ['-x509_strict', '-CAfile', folder.path('ca.crt'), '-purpose', 'sslserver'];
    return opensslVerify(
      ...trust,
      ...(options.includes('-attime') ? [] : ['-attime', now]),
      ...options,
      folder.path('server.crt'),
    );
  };

  test.each([
    ...['idocker.test', 'any.idocker.test', 'build_host', 'localhost'].map((name) => [
      '-verify_hostname',
      name,
    ]),
    ...['10.99.0.1', '127.0.0.1', 'fd00::2', '::1'].map((name) => ['-verify_ip', name]),
  ] as [string, string][])('accepts the server certificate, strictly, for %s %s', async (option, name) => {
    await folder.ensure({ names: NAMES });
    expect(verify(option, name)).toBe(`${folder.path('server.crt')}: OK`);
  });

  test('refuses it for a name that it was not made for', async () => {
    await folder.ensure({ names: NAMES });
    expect(verify('-verify_hostname', 'other.test')).toContain('hostname mismatch');
    expect(verify('-verify_ip', '10.99.0.2')).toContain('IP address mismatch');
  });

  test('accepts it for a client whose clock is 48 hours slow, and not for a slower one', async () => {
    await folder.ensure();
    const slow = NOW.getTime() / 1000 - 48 * 3600;
    expect(verify('-attime', String(slow))).toMatch(/: OK$/);
    expect(verify('-attime', String(slow - 1))).toContain('not yet valid');
  });

  test('reads the extensions that a CA and a server certificate must have', async () => {
    await folder.ensure({ names: ['idocker.test', '10.99.0.1'] });
    const [ca, server] = [opensslText(folder.path('ca.crt')), opensslText(folder.path('server.crt'))];
    expect(ca).toMatch(/Basic Constraints: critical\s+CA:TRUE\n/);
    expect(ca).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(server).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
    expect(server).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(server).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\n/);
    expect(server).toMatch(/Subject Alternative Name: \s+DNS:idocker\.test, IP Address:10\.99\.0\.1\n/);
    const identifier = /Subject Key Identifier: \s+(\S+)/.exec(ca)?.[1] ?? 'none';
    expect(server).toMatch(new RegExp(`Authority Key Identifier: \\s+(keyid:)?${identifier}`));
    expect(`${ca}${server}`.match(/Signature Algorithm: sha256WithRSAEncryption/g)).toHaveLength(4);
  });
});

describe('a later start', () => {
  test('keeps what is in order, byte for byte, whatever the order of the names', async () => {
    const first = await folder.ensure({ names: NAMES });
    const second = await folder.ensure({ names: NAMES.toReversed(), now: daysLater(200) });
    expect(second).toEqual({ ...first, issued: 'kept', reason: 'the certificate is in order' });
  });

  test.each<[string, string[], string]>([
    ['added', ['idocker.test', 'new.test'], 'new.test added'],
    ['removed', ['new.test'], 'new.test added; idocker.test removed'],
  ])('renews the server certificate alone when a host was %s', async (_case, names, reason) => {
    const first = await folder.ensure();
    const second = await folder.ensure({ names });
    expect(second).toMatchObject({ issued: 'renewed', names, authority: first.authority });
    expect(second.reason).toContain(reason);
    expect(second.key).not.toBe(first.key);
    expect(await folder.mode('server.key')).toBe('600');
  });

  test('renews past two thirds of its life, under the same CA', async () => {
    const first = await folder.ensure();
    const second = await folder.ensure({ now: daysLater(263) });
    expect(second).toMatchObject({
      issued: 'renewed',
      authority: first.authority,
      notBefore: daysLater(261),
    });
  });

  test.each<[string, string, string, RegExp]>([
    ['the certificate is garbage', 'server.crt', 'garbage', /server\.crt is not a PEM certificate/],
    ['the key is garbage', 'server.key', 'garbage', /server\.key is not a PEM private key/],
    ['the certificate is empty', 'server.crt', '', /server\.crt is not a PEM certificate/],
  ])('renews when %s', async (_case, file, content, reason) => {
    await folder.ensure();
    await writeFile(folder.path(file), content);
    const { issued, reason: said } = await folder.ensure();
    expect(issued).toBe('renewed');
    expect(said).toMatch(reason);
  });

  test('renews when one of the pair is missing', async () => {
    await folder.ensure();
    await rm(folder.path('server.key'));
    expect(await folder.ensure()).toMatchObject({
      issued: 'renewed',
      reason: expect.stringMatching(/server\.key was missing/) as string,
    });
    await rm(folder.path('server.crt'));
    expect(await folder.ensure()).toMatchObject({
      issued: 'renewed',
      reason: expect.stringMatching(/server\.crt was missing/) as string,
    });
  });

  test('closes keys and a folder that were opened to others', async () => {
    await folder.ensure();
    await Promise.all([
      chmod(folder.path('ca.key'), 0o644),
      chmod(folder.path('server.key'), 0o640),
      chmod(folder.path(), 0o755),
    ]);
    expect((await folder.ensure()).warnings).toEqual([]);
    expect([await folder.mode('ca.key'), await folder.mode('server.key'), await folder.mode()]).toEqual([
      '600',
      '600',
      '700',
    ]);
  });
});

describe('after a crash', () => {
  test('between key and certificate of the server, the next start renews both', async () => {
    await folder.ensure();
    const before = await readFile(folder.path('server.crt'));
    await folder.ensure({ names: ['other.test'] });
    await writeFile(folder.path('server.crt'), before);
    const mended = await folder.ensure();
    expect(mended).toMatchObject({ issued: 'renewed', reason: 'the key does not belong to the certificate' });
    expect((await folder.ensure()).issued).toBe('kept');
  });

  test('between key and certificate of the CA, the next start makes the certificate for that key', async () => {
    const first = await folder.ensure();
    await rm(folder.path('ca.crt'));
    const key = await readFile(folder.path('ca.key'), 'utf8');
    const second = await folder.ensure();
    expect(await readFile(folder.path('ca.key'), 'utf8')).toBe(key);
    const [before, after] = [new X509Certificate(first.authority ?? ''), await certificate('ca.crt')];
    expect(after.subject).toBe(before.subject);
    // The earlier root must not be sent any longer, although it verifies.
    expect(second.reason).toBe('what is sent after the certificate changed');
    expect(second.certificate.endsWith(await readFile(folder.path('ca.crt'), 'utf8'))).toBe(true);
    // Whoever trusts the earlier root trusts what is served now.
    const leaf = new X509Certificate(second.certificate);
    expect(leaf.checkIssued(before) && leaf.verify(before.publicKey)).toBe(true);
  });

  test('leftovers under the temporary names are replaced', async () => {
    await folder.ensure();
    await rm(folder.path('server.key'));
    await writeFile(folder.path('server.key.new'), '-----BEGIN PRIV', { mode: 0o644 });
    await folder.ensure();
    expect(await readdir(folder.path())).not.toContain('server.key.new');
    expect(await folder.mode('server.key')).toBe('600');
  });
});
