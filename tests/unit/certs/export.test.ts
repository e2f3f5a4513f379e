import { X509Certificate } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { exportCertificates } from '../../../certs/index.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';
import { openssl, opensslSelfSigned } from '../../support/openssl.ts';
import { runProgram, succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { isThere } from '../../support/trusting-clients.ts';

const folder = useCertificateFolder();
const PASSWORD = 'a pass: word';
const KINDS = [
  ['RSA', []],
  ['elliptic curve', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['Ed25519', ['-newkey', 'ed25519']],
] as const;

describeWith(['openssl'], 'PKCS#12', () => {
  const at = (name: string): string => folder.path(name);
  /** The certificate of the server, and another kind of CA after it. */
  async function written(options: readonly string[]): Promise<string[]> {
    opensslSelfSigned(at('my.crt'), at('my.key'), '-subj', '/CN=my', ...options);
    opensslSelfSigned(at('ca.crt'), at('ca.key'), '-subj', '/CN=ca', ...KINDS[1][1]);
    const both = [await readFile(at('my.crt'), 'utf8'), await readFile(at('ca.crt'), 'utf8')];
    await writeFile(at('chain.crt'), both.join(''));
    const files = { profile: 'files', cert: at('chain.crt'), key: at('my.key') } as const;
    await exportCertificates(
      { directory: folder.path(), names: ['a.test'], ...files },
      { p12: { file: at('my.p12'), password: PASSWORD } },
    );
    return both;
  }
  const blocks = (text: string): string[] =>
    text.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)?.sort() ?? [];

  beforeEach(() => mkdir(folder.path()));

  test.each(KINDS)('of a key of the kind %s is read by openssl', async (_kind, options) => {
    const chain = await written(options);
    const read = openssl('pkcs12', '-in', at('my.p12'), '-passin', `pass:${PASSWORD}`, '-nodes');
    expect(blocks(read)).toEqual(blocks(chain.join('') + (await readFile(at('my.key'), 'utf8'))));
    expect(read.match(/friendlyName: dockgate/g)).toHaveLength(2);
    expect(() => openssl('pkcs12', '-in', at('my.p12'), '-passin', 'pass:other', '-noout')).toThrow(
      /Mac verify error/,
    );
  });

  test.skipIf(!isThere('keytool')).each(KINDS.slice(0, 2))(
    'of the kind %s is read by Java',
    async (_, options) => {
      const [own = ''] = await written(options);
      const list = ['keytool', '-list', '-keystore', at('my.p12'), '-storepass', PASSWORD];
      const { stdout } = succeeded(await runProgram({ argv: [], forks: false }, list, folder.path()));
      expect(stdout).toMatch(/^dockgate, .*PrivateKeyEntry/m);
      expect(stdout).toContain(new X509Certificate(own).fingerprint256);
    },
  );
});

describe('a bundle', () => {
  const at = (name: string): string => folder.path(`../${name}`);
  const write = async (path: string): Promise<void> =>
    exportCertificates(
      { directory: folder.path(), profile: 'ca', names: ['idocker.test'] },
      { bundle: path },
    );
  let authority: string;
  beforeEach(async () => {
    authority = (await folder.ensure()).authority ?? '';
  });

  test('goes into what is open already, such as /dev/stdout, and not in its place', async () => {
    const file = await open(at('redirected.pem'), 'w');
    await write(`/dev/fd/${file.fd}`);
    await file.close();
    expect(await readFile(at('redirected.pem'), 'utf8')).toBe(authority);
  });

  test('takes the place of a link, is not written where that leads, and leaves what lies beside it', async () => {
    await writeFile(at('real.pem'), 'theirs');
    await symlink('real.pem', at('my.pem'));
    await writeFile(at('my.pem.new'), 'theirs');
    await write(at('my.pem'));
    expect((await lstat(at('my.pem'))).isFile()).toBe(true);
    expect(await readFile(at('real.pem'), 'utf8')).toBe('theirs');
    expect(await readFile(at('my.pem.new'), 'utf8')).toBe('theirs');
    await expect(write(folder.path())).rejects.toThrow('cannot write');
    const files = await readdir(folder.path('..'));
    expect(files.toSorted()).toEqual(['certs', 'my.pem', 'my.pem.new', 'real.pem']);
  });
});
