import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { rotateAuthority } from '../../../certs/index.ts';
import { newKey } from '../../../certs/key.ts';
import { isConstrained, mayCertify } from '../../../certs/name-constraints.ts';
import { octetsOf } from '../../../certs/octets.ts';
import { newRoot } from '../../../certs/root.ts';
import { NOW, useCertificateFolder } from '../../support/certificate-folder.ts';
import { opensslSelfSigned, opensslText, opensslVerify } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const key = await newKey(2048);

test.each([
  ['10.99.0.1', '0a630001'],
  ['fd00::2', 'fd000000000000000000000000000002'],
  ['::', '00000000000000000000000000000000'],
  ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
])('the octets of %s', (address, octets) => {
  expect(octetsOf(address).toString('hex')).toBe(octets);
});

describe('a CA that is kept to names', () => {
  const kept = newRoot(key, ['idocker.test', '*.example.test', '10.0.0.1', 'fd00::2'], NOW);

  test.each([
    ['idocker.test', true],
    ['*.idocker.test', true],
    ['a.b.idocker.test', true],
    ['notidocker.test', false],
    ['test', false],
    ['example.test', true],
    ['x.example.test', true],
    ['10.0.0.1', true],
    ['10.0.0.2', false],
    ['fd00::2', true],
    ['fd00::3', false],
  ])('%s: %s', (name, may) => {
    expect(mayCertify([kept], name)).toBe(may);
  });

  test.each([
    [['10.0.0.1'], 'idocker.test'],
    [['idocker.test'], '10.0.0.1'],
    [['idocker.test'], 'fd00::2'],
  ])('to %s only may not certify %s', (names, name) => {
    const root = newRoot(key, names, NOW);
    expect(isConstrained(root)).toBe(true);
    expect(mayCertify([root], name)).toBe(false);
  });

  test('is one in a chain, and then it counts', () => {
    const free = newRoot(key, undefined, NOW);
    expect([isConstrained(free), mayCertify([free], 'any.test')]).toEqual([false, true]);
    expect(mayCertify([free, kept], 'any.test')).toBe(false);
  });
});

describeWith(['openssl'], 'openssl', () => {
  async function verdict(name: string): Promise<string> {
    const time = ['-attime', String(NOW.getTime() / 1000), '-x509_strict'];
    const known = ['-no-CApath', '-CAfile', folder.path('ca.crt')];
    const wanted = name.includes(':') || /^\d/.test(name) ? '-verify_ip' : '-verify_hostname';
    return Promise.resolve(opensslVerify(...time, ...known, wanted, name, folder.path('server.crt')));
  }

  test.each<[string, string[]]>([
    ['names and addresses', ['idocker.test', '*.idocker.test', '10.99.0.1', 'fd00::2']],
    ['names alone', ['idocker.test']],
    ['addresses alone', ['10.99.0.1', '::1']],
  ])('accepts a certificate of a CA kept to %s', async (_case, names) => {
    const { warnings } = await folder.ensure({ names, constrainNames: true });
    expect(warnings).toEqual([]);
    expect(opensslText(folder.path('ca.crt'))).toMatch(/Name Constraints: critical\s+Permitted:/);
    for (const name of names) expect(await verdict(name.replace('*', 'x'))).toMatch(/: OK$/);
  });

  test('accepts what is left when a host is added that the CA may not certify', async () => {
    await folder.ensure({ names: ['idocker.test'], constrainNames: true });
    const settings = { names: ['idocker.test', 'new.test'], constrainNames: true };
    const served = await folder.ensure(settings);
    expect(served.names).toEqual(['idocker.test']);
    expect(served.warnings).toEqual([
      expect.stringMatching(/may not certify new\.test, .*: run "dockgate certs renew --authority"/),
    ]);
    expect(await verdict('idocker.test')).toMatch(/: OK$/);
    const by = { directory: folder.path(), profile: 'ca', now: NOW } as const;
    const during = await rotateAuthority({ ...settings, ...by }, { immediately: false });
    expect(during.warnings).toEqual([
      expect.stringMatching(/may not certify new\.test: once the next CA signs, clients that know it alone/),
    ]);
    expect((await folder.ensure(settings)).warnings).toEqual([
      expect.stringMatching(/new\.test, .*: the next CA, which signs from 2026-12-21 on, may; let clients/),
    ]);
    expect((await folder.ensure({ ...settings, names: ['idocker.test', 'newer.test'] })).warnings).toEqual([
      expect.stringMatching(/newer\.test, .*: run .*--authority" once more when the next CA signs/),
    ]);
    await rotateAuthority({ ...settings, ...by }, { immediately: true });
    const mended = await folder.ensure(settings);
    expect(mended).toMatchObject({ names: ['idocker.test', 'new.test'], warnings: [] });
    expect(await verdict('new.test')).toMatch(/: OK$/);
  });

  test('reads the limits that another CA was given', async () => {
    await mkdir(folder.path());
    const limits = 'nameConstraints=critical,permitted;DNS:.dots.test,permitted;IP:10.0.0.0/255.0.0.0';
    const more = 'excluded;DNS:secret.dots.test,permitted;email:a.test';
    const files = [folder.path('own.crt'), folder.path('own.key')] as const;
    opensslSelfSigned(...files, '-subj', '/CN=own', '-addext', `${limits},${more}`);
    const own = new X509Certificate(await readFile(files[0]));
    const names = ['a.dots.test', 'dots.test', 'x.secret.dots.test', '10.1.2.3', '11.0.0.1', 'fd00::1'];
    expect(names.filter((name) => mayCertify([own], name))).toEqual(['a.dots.test', '10.1.2.3']);
  });

  test('a CA from before the wish is told of', async () => {
    await folder.ensure();
    const { warnings } = await folder.ensure({ constrainNames: true });
    expect(warnings).toEqual([expect.stringMatching(/may certify any name, since it is older than/)]);
  });

  test('a CA that may certify none of the hosts is refused', async () => {
    await folder.ensure({ constrainNames: true });
    await expect(folder.ensure({ names: ['other.test'], constrainNames: true })).rejects.toThrow(
      /may certify none of the hosts/,
    );
  });
});
