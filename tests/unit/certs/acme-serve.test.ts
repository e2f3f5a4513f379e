import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { keepCertificates, reportCertificates, type LiveCertificates } from '../../../certs/index.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';
import { opensslSelfSigned } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const running: LiveCertificates[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((live) => live.stop()));
});

const acme = {
  server: new URL('https://acme.test/dir'),
  email: undefined,
  ca: undefined,
  externalAccount: undefined,
  port: 80,
  proxyFor: () => undefined,
};
const profile = { profile: 'acme', acme, now: new Date() } as const;
const day = (date: Date): string => date.toISOString().slice(0, 10);

/** Stores a certificate as if it had been ordered; it is good for ten days from now. */
async function store(name: string): Promise<X509Certificate> {
  await mkdir(folder.path(), { recursive: true });
  const [crt, key] = [folder.path('given.crt'), folder.path('given.key')];
  opensslSelfSigned(crt, key, '-days', '10', '-subj', '/CN=x', '-addext', `subjectAltName=DNS:${name}`);
  const [chain, secret] = [await readFile(crt, 'utf8'), await readFile(key, 'utf8')];
  await writeFile(folder.path('acme.pem'), `# from https://acme.test/dir\n${chain}${secret}`, {
    mode: 0o644,
  });
  return new X509Certificate(chain);
}

describeWith(['openssl'], 'what was ordered', () => {
  test('is served as it is, and nobody is given a CA', async () => {
    const { fingerprint256, validFromDate } = await store('idocker.test');
    const served = await folder.ensure(profile);
    expect(served).toMatchObject({
      authority: undefined,
      fingerprint: `SHA256:${fingerprint256}`,
      reason: `issued by acme.test on ${day(validFromDate)}`,
      warnings: [],
    });
    expect((await stat(folder.path('acme.pem'))).mode & 0o777).toBe(0o600);
    const settings = { directory: folder.path(), names: ['idocker.test'], ...profile };
    expect(await reportCertificates(settings)).toMatchObject([
      { role: 'server', file: folder.path('acme.pem') },
    ]);
  });

  test('is served when it has expired and for hosts that it lacks, with a warning', async () => {
    const { fingerprint256, validToDate } = await store('idocker.test');
    const now = new Date(validToDate.getTime() + 1000);
    const served = await folder.ensure({ ...profile, now, names: ['idocker.test', 'new.test'] });
    expect(served.fingerprint).toBe(`SHA256:${fingerprint256}`);
    expect(served.warnings).toEqual([
      expect.stringContaining(`acme.pem expired on ${day(validToDate)}, clients refuse it; the log says why`),
      expect.stringMatching(/acme\.pem does not hold for new\.test: clients refuse it under these names$/),
    ]);
  });

  test('gives way to a CA of our own for other hosts, and when it is damaged at the start', async () => {
    await store('other.test');
    const own = await folder.ensure(profile);
    expect(own.names).toEqual(['idocker.test']);
    expect(own.authority).toBe(await readFile(folder.path('ca.crt'), 'utf8'));
    expect(own.warnings.at(-1)).toMatch(
      /^there is no certificate from acme\.test for these hosts yet: until/,
    );
    await writeFile(folder.path('acme.pem'), 'garbage');
    const damaged = await folder.ensure(profile);
    expect(damaged.certificate).toBe(own.certificate);
    expect(damaged.warnings.at(-1)).toMatch(/acme\.pem is not a PEM certificate.*: until there is one/);
  });

  test('takes over while the gateway runs, and stays when its file is damaged', async () => {
    const [changes, refusals]: [string[], string[]] = [[], []];
    const live = await keepCertificates(
      { directory: folder.path(), names: ['idocker.test'], ...profile, now: () => new Date(), interval: 20 },
      {
        changed: ({ fingerprint }) => void changes.push(fingerprint),
        refused: (fault) => void refusals.push(String(fault)),
      },
    );
    running.push(live);
    expect(live.current().authority).toBeDefined();
    const ordered = `SHA256:${(await store('idocker.test')).fingerprint256}`;
    await vi.waitFor(() => {
      expect(changes).toEqual([ordered]);
    }, 15_000);
    await writeFile(folder.path('acme.pem'), 'garbage');
    await vi.waitFor(() => {
      expect(refusals).toEqual([expect.stringContaining('acme.pem is not a PEM certificate')]);
    }, 15_000);
    expect(live.current().fingerprint).toBe(ordered);
  });
});
