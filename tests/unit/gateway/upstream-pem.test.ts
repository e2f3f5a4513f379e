import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigErrors, loadConfig } from '../../../gateway/config/index.ts';
import { readUpstreamPem } from '../../../gateway/upstream-pem.ts';
import { openssl, opensslSelfSigned } from '../../support/openssl.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';

let folder: string;

beforeAll(async () => {
  folder = await makeFolder();
  for (const name of ['one', 'other']) {
    opensslSelfSigned(join(folder, `${name}.pem`), join(folder, `${name}.key`), '-subj', `/CN=${name}`);
  }
  const [plain, locked] = [join(folder, 'one.key'), join(folder, 'locked.key')];
  openssl('pkey', '-in', plain, '-aes256', '-passout', 'pass:x', '-out', locked);
  await writeFile(join(folder, 'words.pem'), 'no certificate\n');
  await writeFile(
    join(folder, 'damaged.pem'),
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  );
  await mkdir(join(folder, 'folder.pem'));
});

afterAll(async () => {
  await removeFolder(folder);
});

test('certificates and keys are read as they are, relative to the configuration file', async () => {
  const pem = await read('p: ca: other.pem, clientCert: one.pem, clientKey: one.key', 'q:');
  expect(pem.get('p')?.ca).toContain('BEGIN CERTIFICATE');
  expect(pem.get('p')?.clientCertificate?.cert).toContain('BEGIN CERTIFICATE');
  expect(pem.get('p')?.clientCertificate?.key).toContain('BEGIN PRIVATE KEY');
  expect(pem.get('q')).toEqual({ ca: undefined, clientCertificate: undefined });
});

test('every file that cannot be used is told, with its key and what to do', async () => {
  const refusal = await read(
    'a: ca: nowhere.pem, clientCert: words.pem, clientKey: locked.key',
    'b: ca: damaged.pem, clientCert: one.pem, clientKey: other.key',
    'c: ca: folder.pem, clientCert: one.pem, clientKey: one.pem',
  ).catch((fault: unknown) => fault);
  expect(refusal).toBeInstanceOf(ConfigErrors);
  const lines = (refusal as ConfigErrors).message.split('\n');
  const start = `${folder}/dockgate.yaml: repositories.`;
  expect(lines).toEqual([
    `${start}a.ca: ${folder}/nowhere.pem does not exist: put the file there or correct the path`,
    expect.stringMatching(/a\.clientCert: .*words\.pem is not a PEM certificate: /),
    expect.stringMatching(/a\.clientKey: .*locked\.key is locked with a passphrase: /),
    expect.stringMatching(/b\.ca: .*damaged\.pem holds a damaged certificate: /),
    expect.stringMatching(
      /b\.clientKey: .*other\.key does not belong to the first certificate in .*one\.pem: /,
    ),
    expect.stringMatching(/c\.ca: cannot read .*folder\.pem \(EISDIR\): put a readable PEM file there/),
    expect.stringMatching(/c\.clientKey: .*one\.pem is not a PEM private key: /),
  ]);
});

/** Reads the files of proxies that are written `name: key: value, …`. */
async function read(...proxies: readonly string[]) {
  const lines = proxies.map((each) => {
    const [, name = '', keys = ''] = /^(\w+): ?(.*)$/.exec(each) ?? [];
    return `  ${name}: { type: proxy, upstream: https://${name}.io, ${keys} }\n`;
  });
  await writeFile(join(folder, 'dockgate.yaml'), `hosts: {}\nrepositories:\n${lines.join('')}`);
  return readUpstreamPem(await loadConfig({ overrides: {}, env: {}, cwd: folder }));
}
