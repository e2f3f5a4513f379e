import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { daysLater, NOW, useCertificateFolder } from '../../support/certificate-folder.ts';
import { openssl, opensslSelfSigned, opensslVerify } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();

describe('the CA that clients trust', () => {
  test('is refused without its key, with the ways out, and stays', async () => {
    const { authority } = await folder.ensure();
    await rm(folder.path('ca.key'));
    await expect(folder.ensure()).rejects.toThrow(
      /ca\.crt is there without its key .*put the key back; or set tls\.profile: files/,
    );
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(authority);
  });

  test('is refused with another’s key', async () => {
    await folder.ensure();
    await folder.ensure({ directory: folder.path('second') });
    await writeFile(folder.path('ca.key'), await readFile(folder.path('second/ca.key')));
    await expect(folder.ensure()).rejects.toThrow(
      /ca\.key does not belong to .*ca\.crt: put the right pair there, or move both/,
    );
  });

  test('is refused when it is no CA', async () => {
    await folder.ensure();
    await writeFile(folder.path('ca.crt'), await readFile(folder.path('server.crt')));
    await expect(folder.ensure()).rejects.toThrow(/ca\.crt is not a CA certificate/);
  });

  test.each([
    ['ca.crt', /ca\.crt is not a PEM certificate/],
    ['ca.key', /ca\.key is not a PEM private key/],
  ])('is refused when %s is garbage', async (file, message) => {
    await folder.ensure();
    await writeFile(folder.path(file), 'garbage');
    await expect(folder.ensure()).rejects.toThrow(message);
  });

  test('exchanged for another one, it renews the server certificate', async () => {
    await folder.ensure();
    const other = await folder.ensure({ directory: folder.path('second') });
    for (const file of ['ca.crt', 'ca.key']) {
      await writeFile(folder.path(file), await readFile(folder.path(`second/${file}`)));
    }
    const served = await folder.ensure();
    expect(served).toMatchObject({
      issued: 'renewed',
      reason: 'the certificate is not from the present CA',
      authority: other.authority,
    });
  });

  test('is what the server certificate must be signed by, not only followed by', async () => {
    const { authority = '' } = await folder.ensure();
    const other = await folder.ensure({ directory: folder.path('second') });
    await writeFile(folder.path('server.key'), other.key);
    await writeFile(folder.path('server.crt'), new X509Certificate(other.certificate).toString() + authority);
    const { issued, reason } = await folder.ensure();
    expect([issued, reason]).toEqual(['renewed', 'the certificate is not from the present CA']);
  });

  test.each([
    ['with a server certificate’s life left', 3_250, undefined],
    [
      'with less than that left',
      3_260,
      /ends on 2036-11-\d\d, and no certificate signed by it works after that.* run "dockgate certs renew --authority"/,
    ],
    ['after its end', 3_660, /expired on 2036-11-\d\d, no client can connect: run "dockgate/],
    ['before its time', -3, /is valid only from 2026-11-19: check this machine's clock/],
  ])('%s is kept and told of', async (_case, days, warning) => {
    const { authority } = await folder.ensure();
    const later = await folder.ensure({ now: daysLater(days) });
    expect(later.authority).toBe(authority);
    expect(later.warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  });
});

describeWith(['openssl'], 'a CA that the operator brought', () => {
  const pair = (): [string, string] => [folder.path('ca.crt'), folder.path('ca.key')];
  const CA = ['-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];

  beforeEach(async () => {
    await mkdir(folder.path());
  });

  test('signs, with a subject in other letters and an identifier made in another way', async () => {
    const own = ['subjectKeyIdentifier=01:02:03:04:05', 'authorityKeyIdentifier=none'];
    const identifier = own.flatMap((extension) => ['-addext', extension]);
    opensslSelfSigned(...pair(), '-utf8', '-subj', '/C=DE/O=Bücher & Söhne/CN=Prüf-CA', ...CA, ...identifier);
    const now = new Date();
    const { issued } = await folder.ensure({ now });
    expect(issued).toBe('new');
    const strict = ['-x509_strict', '-CAfile', folder.path('ca.crt'), '-verify_hostname', 'idocker.test'];
    expect(opensslVerify(...strict, folder.path('server.crt'))).toMatch(/: OK$/);
    expect((await folder.ensure({ now })).issued).toBe('kept');
  });

  test('may stand under another one: both are served and handed out', async () => {
    const [root, rootKey] = [folder.path('root.crt'), folder.path('root.key')];
    opensslSelfSigned(root, rootKey, '-subj', '/CN=root', ...CA);
    const ask = [
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      folder.path('ca.key'),
      '-subj',
      '/CN=house',
    ];
    openssl('req', ...ask, '-out', folder.path('house.csr'));
    await writeFile(
      folder.path('house.ext'),
      'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    );
    const by = ['-CA', root, '-CAkey', rootKey, '-CAcreateserial', '-days', '3650'];
    openssl(
      'x509',
      '-req',
      '-in',
      folder.path('house.csr'),
      ...by,
      '-extfile',
      folder.path('house.ext'),
      '-out',
      folder.path('house.crt'),
    );
    const chain = (await readFile(folder.path('house.crt'), 'utf8')) + (await readFile(root, 'utf8'));
    await writeFile(folder.path('ca.crt'), chain);
    const served = await folder.ensure({ now: new Date() });
    expect(served.authority).toBe(chain);
    expect(served.certificate.endsWith(chain)).toBe(true);
    const strict = ['-x509_strict', '-CAfile', root, '-untrusted', folder.path('server.crt')];
    expect(opensslVerify(...strict, folder.path('server.crt'))).toMatch(/: OK$/);
  });

  test('is refused when its key is not RSA', async () => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', folder.path('ca.key'));
    openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      folder.path('ca.key'),
      '-subj',
      '/CN=ec',
      '-out',
      folder.path('ca.crt'),
    );
    await expect(folder.ensure()).rejects.toThrow(
      /ca\.key is not an RSA key, and Dockgate signs with RSA only/,
    );
  });

  test('is refused when it may not sign certificates', async () => {
    opensslSelfSigned(...pair(), '-subj', '/CN=mail', '-addext', 'keyUsage=critical,digitalSignature');
    await expect(folder.ensure()).rejects.toThrow(/ca\.crt is not a CA certificate/);
  });

  test('is refused when its subject cannot be repeated', async () => {
    opensslSelfSigned(...pair(), '-multivalue-rdn', '-subj', '/O=one+OU=part/CN=several', ...CA);
    await expect(folder.ensure({ now: NOW })).rejects.toThrow(
      /cannot sign with this CA, because it cannot repeat the subject \(.*CN=several/s,
    );
  });
});
