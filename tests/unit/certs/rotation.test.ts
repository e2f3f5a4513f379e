import { X509Certificate } from 'node:crypto';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { renewServer, rotateAuthority, type ServedCertificates } from '../../../certs/index.ts';
import { daysLater, NOW, useCertificateFolder } from '../../support/certificate-folder.ts';
import { opensslSelfSigned, opensslVerify } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const names = ['idocker.test', '10.99.0.1'];

function settings(now: Date) {
  return { directory: folder.path(), profile: 'ca', names, now } as const;
}

function rotate(now = NOW, immediately = false): Promise<ServedCertificates> {
  return rotateAuthority(settings(now), { immediately });
}

function certificates(pem = ''): X509Certificate[] {
  return [...pem.matchAll(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)].map(
    ([each]) => new X509Certificate(each),
  );
}

/** What openssl says to a client that trusts these certificates alone and is sent what is served. */
async function verdict(
  { certificate }: ServedCertificates,
  known: readonly X509Certificate[],
  now = NOW,
): Promise<string> {
  await writeFile(folder.path('known.pem'), known.join(''));
  await writeFile(folder.path('sent.pem'), certificate);
  const client = ['-x509_strict', '-no-CApath', '-CAfile', folder.path('known.pem'), '-purpose', 'sslserver'];
  const sent = ['-attime', String(Math.trunc(now.getTime() / 1000)), '-untrusted', folder.path('sent.pem')];
  return opensslVerify(...client, ...sent, '-verify_hostname', 'idocker.test', folder.path('sent.pem'));
}

describeWith(['openssl'], 'while a CA takes over', () => {
  let before: ServedCertificates;
  let old: X509Certificate;
  beforeEach(async () => {
    before = await folder.ensure({ names });
    [old] = certificates(before.authority) as [X509Certificate];
  });

  async function expectTrusted(
    served: ServedCertificates,
    knowledge: readonly (readonly X509Certificate[])[],
    now?: Date,
  ): Promise<void> {
    for (const known of knowledge) expect(await verdict(served, known, now)).toMatch(/: OK$/);
  }

  test('clients are given both, and the certificate stays', async () => {
    const during = await rotate();
    const [first, next] = certificates(during.authority);
    expect(first?.raw).toEqual(old.raw);
    expect(next?.subject).toMatch(/CN=Dockgate CA/);
    expect(await readFile(folder.path('ca.crt'), 'utf8')).toBe(during.authority);
    expect(during.fingerprints).toEqual([before.fingerprint, `SHA256:${next?.fingerprint256 ?? ''}`]);
    expect(during).toMatchObject({ issued: 'kept', key: before.key, takeover: daysLater(30), names });
    expect(await folder.mode('ca-next.key')).toBe('600');
  });

  test('every client trusts what is served: the old CA alone, the next alone, both', async () => {
    await expectTrusted(before, [[old]]);
    const during = await rotate();
    const [, next] = certificates(during.authority) as [X509Certificate, X509Certificate];
    await expectTrusted(during, [[old], [next], [old, next], [next, old]]);
    const justBefore = await folder.ensure({ names, now: daysLater(29) });
    expect(justBefore.certificate).toBe(during.certificate);
    const after = await folder.ensure({ names, now: daysLater(30) });
    expect(certificates(after.authority).map(({ raw }) => raw)).toEqual([next.raw]);
    expect(after).toMatchObject({ issued: 'renewed', takeover: undefined, warnings: [] });
    await expectTrusted(after, [[old], [next], [old, next], [next, old]], daysLater(31));
    expect((await folder.ensure({ names, now: daysLater(40) })).issued).toBe('kept');
    const stranger = await folder.ensure({ directory: folder.path('second') });
    expect(await verdict(after, certificates(stranger.authority), daysLater(31))).toContain('error');
  });

  test('the old key is gone once the next CA signs', async () => {
    const key = await readFile(folder.path('ca.key'), 'utf8');
    await rotate();
    const next = await readFile(folder.path('ca-next.key'), 'utf8');
    await rotate(daysLater(1), true);
    expect(await readFile(folder.path('ca.key'), 'utf8')).toBe(next);
    expect(next).not.toBe(key);
    expect((await readdir(folder.path())).sort()).toEqual(
      ['.lock', 'ca-cross.crt', 'ca.crt', 'ca.key', 'server.crt', 'server.key'].sort(),
    );
  });

  test('at once, without any overlap, clients that know the old CA go on', async () => {
    const after = await rotate(NOW, true);
    const [next] = certificates(after.authority) as [X509Certificate];
    expect(next.raw).not.toEqual(old.raw);
    await expectTrusted(after, [[old], [next], [old, next]]);
  });

  test('a second time, clients of every CA so far go on', async () => {
    const once = await rotate(NOW, true);
    const [second] = certificates(once.authority) as [X509Certificate];
    const during = await rotate(daysLater(1));
    const third = certificates(during.authority)[1] ?? old;
    await expectTrusted(during, [[old], [second], [third], [old, second], [second, third]], daysLater(2));
    const twice = await folder.ensure({ names, now: daysLater(31) });
    await expectTrusted(twice, [[old], [second], [third], [old, second, third]], daysLater(31));
  });

  test('a third time, and when the first CA has ended', async () => {
    const known = [old];
    for (const day of [1_000, 2_000, 3_000]) {
      known.push(...certificates((await rotate(daysLater(day), true)).authority));
    }
    const until = await rotate(daysLater(3_600));
    const next = certificates(until.authority)[1] ?? old;
    await expectTrusted(until, [[next], ...known.map((one) => [one])], daysLater(3_600));
    const ended = await folder.ensure({ names, now: daysLater(3_660) });
    await expectTrusted(ended, [[next], ...known.slice(1).map((one) => [one])], daysLater(3_660));
    expect(await verdict(ended, [old], daysLater(3_660))).toContain('error');
  });

  test('a CA that took over has the subject of the first, also when its certificate is lost', async () => {
    const after = await rotate(NOW, true);
    const [second] = certificates(after.authority) as [X509Certificate];
    expect([second.subject, second.publicKey.equals(old.publicKey)]).toEqual([old.subject, false]);
    await rm(folder.path('ca.crt'));
    const again = await folder.ensure({ names });
    expect(certificates(again.authority)[0]).toMatchObject({ subject: old.subject });
    await expectTrusted(again, [[old], [second], certificates(again.authority)]);
  });

  test('asked for twice, it goes on from where it is', async () => {
    const once = await rotate();
    const twice = await rotate(daysLater(5));
    expect(twice).toMatchObject({ authority: once.authority, takeover: once.takeover });
  });

  test('the server certificate can be renewed, still by the old CA', async () => {
    const during = await rotate();
    const renewed = await renewServer(settings(NOW));
    expect(renewed.key).not.toBe(during.key);
    expect(new X509Certificate(renewed.certificate).checkIssued(old)).toBe(true);
    const [, next] = certificates(during.authority) as [X509Certificate, X509Certificate];
    await expectTrusted(renewed, [[old], [next]]);
  });

  test('the old CA is sent no longer than it lasts', async () => {
    await rotate(daysLater(3_000), true);
    const renewed = await folder.ensure({ names, now: daysLater(3_640) });
    expect(certificates(renewed.certificate)).toHaveLength(2);
    expect(certificates(renewed.certificate)[1]?.issuer).toBe(old.subject);
    const later = await folder.ensure({ names, now: daysLater(3_700) });
    expect(certificates(later.certificate)[1]?.raw).toEqual(certificates(later.authority)[0]?.raw);
  });

  describe('a crash in the middle is finished by the next start', () => {
    test.each<[string, string[]]>([
      ['after the next CA was made', ['ca.crt', 'server.crt']],
      ['before the next CA was made', ['ca.crt', 'server.crt', 'ca-next.crt']],
    ])('%s', async (_case, lost) => {
      await rotate();
      for (const file of lost) await rm(folder.path(file));
      await writeFile(folder.path('ca.crt'), before.authority ?? '');
      await writeFile(folder.path('server.crt'), before.certificate);
      const mended = await folder.ensure({ names });
      expect(mended.issued).toBe('kept');
      expect(certificates(mended.authority)).toHaveLength(lost.includes('ca-next.crt') ? 1 : 2);
      await expectTrusted(mended, [[old], certificates(mended.authority)]);
      const [first] = certificates((await rotate()).authority);
      expect(first?.raw).toEqual(old.raw);
    });

    test.each<[string, string[]]>([
      ['before the next key signs', ['ca-cross.crt']],
      ['after the next key signs', ['ca-cross.crt', 'ca.key']],
      ['after the next CA alone is handed out', ['ca-cross.crt', 'ca.key', 'ca.crt']],
      ['before the server certificate is renewed', ['ca-cross.crt', 'ca.key', 'ca.crt', 'ca-next.crt']],
    ])('of the takeover, %s', async (_case, written) => {
      const during = await rotate();
      const [, next] = certificates(during.authority) as [X509Certificate, X509Certificate];
      const kept = ['ca-next.crt', 'ca-next.key', 'ca.key', 'ca.crt', 'server.crt', 'server.key'];
      for (const file of kept) await copyFile(folder.path(file), folder.path(`${file}.before`));
      await rotate(daysLater(1), true);
      for (const file of kept) {
        if (!written.includes(file)) await copyFile(folder.path(`${file}.before`), folder.path(file));
      }
      const mended = await folder.ensure({ names, now: daysLater(1) });
      await expectTrusted(mended, [[old], [next], [old, next]], daysLater(1));
      const [signer] = certificates(mended.authority);
      expect(signer?.raw).toEqual(written.includes('ca.key') ? next.raw : old.raw);
      expect((await folder.ensure({ names, now: daysLater(1) })).issued).toBe('kept');
    });
  });

  test('a CA that may have no CA below it is followed with a warning and a bundle', async () => {
    const limited = ['-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    const length = ['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0'];
    const pair = [folder.path('ca.crt'), folder.path('ca.key')] as const;
    opensslSelfSigned(
      ...pair,
      '-subj',
      '/O=Bücher/CN=own',
      '-utf8',
      ...limited,
      ...length,
      '-set_serial',
      '7',
    );
    const now = new Date();
    await folder.ensure({ names, now });
    const during = await rotate(now);
    expect(during.warnings).toEqual([expect.stringMatching(/may have no CA below it, so clients that know/)]);
    const [first, next] = certificates(during.authority) as [X509Certificate, X509Certificate];
    await expectTrusted(during, [[first], [next], [first, next]], now);
    const after = await rotate(now, true);
    await expectTrusted(after, [[next], [first, next]], now);
    expect(await verdict(after, [first], now)).toContain('error');
  });
});

describe('renewal on demand', () => {
  test('gives a new certificate for the names that the present one has', async () => {
    const first = await folder.ensure({ names });
    const second = await renewServer({ ...settings(NOW), names: ['other.test'] });
    expect(second).toMatchObject({ issued: 'renewed', reason: 'it was asked for', names });
    expect(second).toMatchObject({ authority: first.authority });
    expect(second.key).not.toBe(first.key);
  });

  test('makes what is missing for the wanted names', async () => {
    expect(await renewServer(settings(NOW))).toMatchObject({ issued: 'new', names });
  });

  test('of what is the operator’s is refused with what to do', async () => {
    const theirs = { ...settings(NOW), cert: '/their.crt', key: '/their.key' };
    await expect(renewServer({ ...theirs, profile: 'files' })).rejects.toThrow(
      /their\.crt is not Dockgate's to renew: put a new one/,
    );
    await expect(rotateAuthority({ ...theirs, profile: 'files' }, { immediately: false })).rejects.toThrow(
      /no CA to replace with tls\.profile: files/,
    );
    await expect(
      rotateAuthority({ ...settings(NOW), caCert: '/ca.crt', caKey: '/ca.key' }, { immediately: false }),
    ).rejects.toThrow(/ca\.crt is not Dockgate's to replace/);
  });
});
