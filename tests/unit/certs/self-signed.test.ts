import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServedCertificates } from '../../../certs/index.ts';
import { daysLater, NOW, useCertificateFolder } from '../../support/certificate-folder.ts';
import { runProgram } from '../../support/process.ts';
import { opensslText, opensslVerify } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const NAMES = ['localhost', '127.0.0.1', '10.99.0.1', 'fd00::2'];
const profile = 'self-signed';

describe('the first start', () => {
  test('makes one certificate, which is also what clients trust', async () => {
    const served = await folder.ensure({ profile, names: NAMES });
    expect(served).toMatchObject({
      issued: 'new',
      names: NAMES,
      warnings: [],
      authority: served.certificate,
    });
    expect(await readFile(folder.path('server.crt'), 'utf8')).toBe(served.certificate);
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(served.certificate);
    expect(served.fingerprint).toBe(`SHA256:${new X509Certificate(served.certificate).fingerprint256}`);
    expect([await folder.mode(), await folder.mode('server.key')]).toEqual(['700', '600']);
  });

  test('dates it from 48 hours ago, for 397 days in all', async () => {
    const { notBefore, notAfter } = await folder.ensure({ profile });
    expect(notBefore).toEqual(daysLater(-2));
    expect(notAfter.getTime() - notBefore.getTime() + 1000).toBe(397 * 86_400_000);
  });
});

describe('a later start', () => {
  test('keeps it, whatever the order of the names', async () => {
    const first = await folder.ensure({ profile, names: NAMES });
    const second = await folder.ensure({ profile, names: NAMES.toReversed() });
    expect(second).toEqual({ ...first, issued: 'kept', reason: 'the certificate is in order' });
  });

  test('replaces it when the names changed, under another subject, and says what clients need', async () => {
    const first = await folder.ensure({ profile });
    const second = await folder.ensure({ profile, names: NAMES });
    expect(second.warnings).toEqual([
      expect.stringMatching(/was replaced \(.*\): every client has to trust the new .*ca\.crt/),
    ]);
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(second.certificate);
    const subjects = [first, second].map(({ certificate }) => new X509Certificate(certificate).subject);
    expect(subjects[0]).not.toBe(subjects[1]);
  });

  test('replaces it past two thirds of its life', async () => {
    await folder.ensure({ profile });
    expect((await folder.ensure({ profile, now: daysLater(262) })).issued).toBe('kept');
    expect((await folder.ensure({ profile, now: daysLater(263) })).issued).toBe('renewed');
  });

  test('puts back a copy for the clients that a crash left old', async () => {
    const { certificate } = await folder.ensure({ profile });
    await writeFile(folder.path('ca.crt'), 'an older one');
    expect((await folder.ensure({ profile })).issued).toBe('kept');
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(certificate);
  });

  test('never overwrites the CA of the profile ca', async () => {
    const { authority } = await folder.ensure();
    await expect(folder.ensure({ profile })).rejects.toThrow(
      /holds the CA that Dockgate made.* go back to tls\.profile: ca, or move/,
    );
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(authority);
  });

  test('replaces a server certificate of a CA that was moved away', async () => {
    await folder.ensure();
    await Promise.all([rm(folder.path('ca.key')), rm(folder.path('ca.crt'))]);
    const { issued, reason } = await folder.ensure({ profile });
    expect([issued, reason]).toEqual(['renewed', 'the certificate is not from the present CA']);
  });
});

describeWith(['openssl'], 'openssl', () => {
  test('accepts it as its own trust anchor for names and addresses', async () => {
    await folder.ensure({ profile, names: NAMES });
    const time = ['-attime', String(NOW.getTime() / 1000), '-purpose', 'sslserver', '-x509_strict'];
    const trust = ['-CAfile', folder.path('ca.crt'), ...time];
    for (const name of [
      ['-verify_hostname', 'localhost'],
      ['-verify_ip', '10.99.0.1'],
      ['-verify_ip', 'fd00::2'],
    ]) {
      expect(opensslVerify(...trust, ...name, folder.path('server.crt'))).toMatch(/: OK$/);
    }
    expect(opensslVerify(...trust, '-verify_hostname', 'b.test', folder.path('server.crt'))).toContain(
      'mismatch',
    );
  });

  test('reads SHA-256 and the extensions that trust stores and servers need', async () => {
    await folder.ensure({ profile, names: ['localhost', '10.99.0.1'] });
    const text = opensslText(folder.path('server.crt'));
    expect(text).toMatch(/Signature Algorithm: sha256WithRSAEncryption/);
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment, Certificate Sign\n/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\n/);
    expect(text).toMatch(/Subject Alternative Name: \s+DNS:localhost, IP Address:10\.99\.0\.1\n/);
  });
});

describe('a real connection', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function serve({ certificate, key }: ServedCertificates): Promise<number> {
    const server = createServer({ cert: certificate, key }, (_request, response) => response.end('served'));
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }

  test.each(['ca', 'self-signed'] as const)(
    'to the profile %s is trusted with its authority alone',
    async (kind) => {
      const served = await folder.ensure({ profile: kind, names: NAMES, now: new Date() });
      const port = await serve(served);
      const trusting = connect({ port, host: '127.0.0.1', ca: served.authority, servername: 'localhost' });
      await once(trusting, 'secureConnect');
      expect(trusting.authorized).toBe(true);
      trusting.destroy();
      const distrusting = connect({ port, host: '127.0.0.1', servername: 'localhost' });
      await expect(once(distrusting, 'secureConnect')).rejects.toThrow(/self-signed certificate/);
    },
  );

  describeWith(['curl'], 'by curl', () => {
    test.each(['ca', 'self-signed'] as const)('to the profile %s is trusted with --cacert', async (kind) => {
      const port = await serve(await folder.ensure({ profile: kind, names: NAMES, now: new Date() }));
      for (const host of ['localhost', '127.0.0.1']) {
        const url = `https://${host}:${port}/`;
        const curl = ['curl', '-sS', '-4', '--cacert', folder.path('ca.crt'), url];
        const outcome = await runProgram({ argv: [], forks: false }, curl, folder.path());
        expect(outcome).toMatchObject({ code: 0, stdout: 'served' });
      }
    });
  });
});
