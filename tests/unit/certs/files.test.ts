import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import type { ServedCertificates } from '../../../certs/index.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';
import { openssl, opensslSelfSigned } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const NAMES = 'subjectAltName=DNS:a.test,DNS:*.b.test,IP:10.0.0.1,IP:fd00::2';

interface Given {
  cert?: string;
  key?: string;
  names?: string[];
  now?: Date;
}

/** The profile files on the certificate that openssl made, which the machine's own clock dates. */
function ensure({ cert = 'my.crt', key = 'my.key', names = ['a.test'], now = new Date() }: Given = {}) {
  const paths = { cert: folder.path(cert), key: folder.path(key) };
  return folder.ensure({ profile: 'files', ...paths, names, now });
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

describeWith(['openssl'], 'the profile files', () => {
  beforeEach(async () => {
    await mkdir(folder.path());
    const options = ['-subj', '/CN=mine', '-days', '90', '-addext', NAMES];
    opensslSelfSigned(folder.path('my.crt'), folder.path('my.key'), ...options);
  });

  test('serves the operator’s pair as it is, with no authority to hand out', async () => {
    const served: ServedCertificates = await ensure({ names: ['a.test', 'x.b.test', '10.0.0.1', 'fd00::2'] });
    expect(served.certificate).toBe(await readFile(folder.path('my.crt'), 'utf8'));
    expect(served.key).toBe(await readFile(folder.path('my.key'), 'utf8'));
    expect(served).toMatchObject({ authority: undefined, issued: 'kept', warnings: [] });
    expect(served.names).toEqual(['a.test', '*.b.test', '10.0.0.1', 'fd00::2']);
  });

  test('gives the server certificate’s fingerprint as openssl prints it', async () => {
    const printed = openssl('x509', '-in', folder.path('my.crt'), '-noout', '-fingerprint', '-sha256');
    expect((await ensure()).fingerprint).toBe(`SHA256:${printed.trim().replace(/^.*=/, '')}`);
  });

  test('serves the chain after the server certificate, without what stands between', async () => {
    opensslSelfSigned(folder.path('issuer.crt'), folder.path('issuer.key'), '-subj', '/CN=issuer');
    const [own, issuer] = [
      await readFile(folder.path('my.crt'), 'utf8'),
      await readFile(folder.path('issuer.crt'), 'utf8'),
    ];
    await writeFile(folder.path('chain.crt'), `Subject: mine\n${own}\nSubject: issuer\n${issuer}`);
    expect((await ensure({ cert: 'chain.crt' })).certificate).toBe(own + issuer);
  });

  test.each<[string, Given, RegExp]>([
    ['a missing certificate', { cert: 'no.crt' }, /no\.crt does not exist: .*tls\.cert/],
    ['a missing key', { key: 'no.key' }, /no\.key does not exist: .*tls\.key/],
    ['a certificate that is a key', { cert: 'my.key' }, /my\.key is not a PEM certificate/],
    ['a key that is a certificate', { key: 'my.crt' }, /my\.crt is not a PEM private key/],
    ['a damaged certificate', { cert: 'damaged.crt' }, /damaged\.crt holds a damaged certificate/],
    ['a chain of which half is written', { cert: 'half.crt' }, /half\.crt holds a damaged certificate/],
    ['a key with a passphrase', { key: 'locked.key' }, /locked\.key is locked with a passphrase/],
    ['the key of another certificate', { key: 'other.key' }, /other\.key does not belong to .*my\.crt/],
  ])('refuses %s by its path', async (_case, given, message) => {
    await writeFile(
      folder.path('damaged.crt'),
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    );
    const own = await readFile(folder.path('my.crt'), 'utf8');
    await writeFile(folder.path('half.crt'), own + own.slice(0, own.length / 2));
    const [key, locked] = [folder.path('my.key'), folder.path('locked.key')];
    openssl('pkey', '-in', key, '-out', locked, '-aes256', '-passout', 'pass:secret');
    opensslSelfSigned(folder.path('other.crt'), folder.path('other.key'), '-subj', '/CN=other');
    await expect(ensure(given)).rejects.toThrow(message);
  });

  test('refuses a configuration without the paths', async () => {
    await expect(folder.ensure({ profile: 'files' })).rejects.toThrow('tls.profile: files needs tls.cert');
    await copyFile(folder.path('my.crt'), folder.path('c.crt'));
    const cert = folder.path('c.crt');
    await expect(folder.ensure({ profile: 'files', cert })).rejects.toThrow(
      'tls.profile: files needs tls.key',
    );
  });

  test.each<[string, Given, RegExp]>([
    ['an expired certificate', { now: inDays(91) }, /my\.crt expired on \d{4}-\d\d-\d\d/],
    ['one that is not valid yet', { now: inDays(-2) }, /my\.crt is valid only from/],
    [
      'names that it does not hold for',
      { names: ['a.test', 'c.test', 'y.x.b.test'] },
      /not hold for c\.test, y\.x\.b\.test:/,
    ],
  ])('serves %s with a warning', async (_case, given, warning) => {
    const { warnings } = await ensure(given);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });
});
