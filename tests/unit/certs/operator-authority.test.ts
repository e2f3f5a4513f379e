import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { reportCertificates, reportServed, type CertificateSettings } from '../../../certs/index.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';
import { openssl, opensslSelfSigned, opensslVerify } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const CA = ['-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];

const own = (name = 'own'): Partial<CertificateSettings> => ({
  caCert: folder.path(`../${name}.crt`),
  caKey: folder.path(`../${name}.key`),
  now: new Date(),
});

function make(name: string, ...options: string[]): void {
  const pair = [folder.path(`../${name}.crt`), folder.path(`../${name}.key`)] as const;
  opensslSelfSigned(...pair, '-subj', `/CN=${name}`, ...CA, ...options);
}

describeWith(['openssl'], 'the operator’s own CA', () => {
  beforeEach(() => {
    make('own');
  });

  test('signs, is handed out, and its key is not copied', async () => {
    const served = await folder.ensure(own());
    const ca = await readFile(folder.path('../own.crt'), 'utf8');
    expect(served).toMatchObject({ authority: ca, issued: 'new', warnings: [], takeover: undefined });
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(ca);
    await expect(readFile(folder.path('ca.key'))).rejects.toThrow('ENOENT');
    const strict = ['-x509_strict', '-no-CApath', '-CAfile', folder.path('ca.crt')];
    expect(opensslVerify(...strict, folder.path('server.crt'))).toMatch(/: OK$/);
    expect((await folder.ensure(own())).issued).toBe('kept');
  });

  test('is told of with the root that is handed out, and what is between as sent', async () => {
    make('root');
    const [root, key] = [folder.path('../root.crt'), folder.path('../root.key')];
    const below = ['-CA', root, '-CAkey', key, '-subj', '/CN=below', ...CA];
    opensslSelfSigned(folder.path('../below.crt'), folder.path('../below.key'), ...below);
    const both = (await readFile(folder.path('../below.crt'), 'utf8')) + (await readFile(root, 'utf8'));
    await writeFile(folder.path('../below.crt'), both);
    const served = await folder.ensure(own('below'));
    const settings = {
      directory: folder.path(),
      profile: 'ca',
      names: ['idocker.test'],
      ...own('below'),
    } as const;
    const inFiles = await reportCertificates(settings);
    expect(inFiles.map(({ role, subject, file }) => [role, subject, file])).toEqual([
      ['authority', 'CN=root', folder.path('ca.crt')],
      ['intermediate', 'CN=below', folder.path('server.crt')],
      ['server', 'O=Dockgate, CN=idocker.test', folder.path('server.crt')],
    ]);
    expect(reportServed(settings, served)).toEqual(inFiles);
  });

  test('exchanged for another, it signs anew and the other is handed out', async () => {
    await folder.ensure(own());
    make('other');
    const served = await folder.ensure(own('other'));
    expect(served.reason).toBe('the certificate is not from the present CA');
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(served.authority);
    expect(new X509Certificate(served.certificate).issuer).toBe('CN=other');
  });

  test('never takes the place of the CA that Dockgate made', async () => {
    const { authority } = await folder.ensure();
    await expect(folder.ensure(own())).rejects.toThrow(
      /holds the CA that Dockgate made.*: take tls\.caCert and tls\.caKey out, or move .*ca\.key/,
    );
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(authority);
  });

  test('with name constraints is kept to them, and what they leave out is said', async () => {
    make('kept', '-addext', 'nameConstraints=critical,permitted;DNS:idocker.test');
    const served = await folder.ensure({ ...own('kept'), names: ['idocker.test', 'old.test', '10.0.0.1'] });
    expect(served.names).toEqual(['idocker.test', '10.0.0.1']);
    expect(served.warnings).toEqual([
      expect.stringMatching(/may not certify old\.test, .*have .*kept\.crt signed for them, or leave them/),
    ]);
    const strict = ['-x509_strict', '-no-CApath', '-CAfile', folder.path('ca.crt')];
    expect(opensslVerify(...strict, folder.path('server.crt'))).toMatch(/: OK$/);
  });

  test.each<[string, () => Promise<void> | void, RegExp]>([
    [
      'without its certificate',
      () => rm(folder.path('../own.crt')),
      /own\.crt does not exist: .*tls\.caCert/,
    ],
    ['without its key', () => rm(folder.path('../own.key')), /own\.key does not exist: .*tls\.caKey/],
    [
      'with the key of another',
      async () => {
        make('other');
        await writeFile(folder.path('../own.key'), await readFile(folder.path('../other.key')));
      },
      /own\.key does not belong to the first certificate in .*own\.crt/,
    ],
    [
      'that is no CA',
      () => {
        make('own', '-addext', 'basicConstraints=critical,CA:FALSE');
      },
      /first certificate in .*own\.crt is not a CA certificate/,
    ],
    [
      'that is not RSA',
      () => {
        make('own', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
      },
      /own\.key is not an RSA key/,
    ],
    [
      'that is locked',
      () => {
        const key = folder.path('../own.key');
        make('plain');
        openssl(
          'pkey',
          '-in',
          folder.path('../plain.key'),
          '-out',
          key,
          '-aes256',
          '-passout',
          'pass:secret',
        );
      },
      /own\.key is locked with a passphrase/,
    ],
  ])('%s is refused by its path', async (_case, damage, message) => {
    await damage();
    await expect(folder.ensure(own())).rejects.toThrow(message);
  });

  test('is named by both files or by none', async () => {
    await mkdir(folder.path(), { recursive: true });
    await expect(folder.ensure({ ...own(), caKey: undefined })).rejects.toThrow(/caCert and tls\.caKey go/);
  });
});
