import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { beforeEach, expect, test } from 'vitest';
import { useCertificateFolder } from '../../support/certificate-folder.ts';

const folder = useCertificateFolder();
const NOBODY = 65_534;
// No mode keeps root out, so as root these tests go on as nobody.
const isRoot = process.geteuid?.() === 0;

beforeEach(async () => {
  await mkdir(folder.path(), { mode: 0o700 });
  if (!isRoot) return;
  await chmod(dirname(dirname(folder.path('x'))), 0o711);
  await chown(folder.path(), NOBODY, NOBODY);
});

/** A file whose content may not be read. */
async function closedFile(name: string): Promise<void> {
  await writeFile(folder.path(name), 'closed', { mode: isRoot ? 0o600 : 0o000 });
}

async function withoutRights<T>(work: () => Promise<T>): Promise<T> {
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test.each(['ca.key', 'server.key'])('a %s that may not be read is refused and stays', async (name) => {
  await closedFile(name);
  const refusal = expect(withoutRights(() => folder.ensure())).rejects;
  await refusal.toThrow(/cannot read .*\.key \(EACCES\): let user \d+ read it \(chown or chmod\)/);
  await chmod(folder.path(name), 0o600);
  expect(await readFile(folder.path(name), 'utf8')).toBe('closed');
});

test('an operator’s key that may not be read is refused by its path', async () => {
  await closedFile('my.crt');
  await closedFile('my.key');
  const files = { cert: folder.path('my.crt'), key: folder.path('my.key') };
  const refusal = expect(withoutRights(() => folder.ensure({ profile: 'files', ...files }))).rejects;
  await refusal.toThrow(/cannot read .*my\.crt \(EACCES\)/);
});

test('a folder that may not be written is refused with the ways out', async () => {
  if (isRoot) await chown(folder.path(), 0, 0);
  await chmod(folder.path(), isRoot ? 0o755 : 0o500);
  const refusal = expect(withoutRights(() => folder.ensure())).rejects;
  await refusal.toThrow(
    /cannot write certificates in .*\(unable to open .*\): let user \d+ write there, or .*tls\.profile: files/,
  );
});

test.runIf(isRoot)('a folder of somebody else’s that others can enter is used, with a warning', async () => {
  await chown(folder.path(), 0, NOBODY);
  await chmod(folder.path(), 0o777);
  const { warnings } = await withoutRights(() => folder.ensure());
  expect(warnings).toEqual([
    expect.stringMatching(/can be read by others and belongs to somebody else: chmod 700 it/),
  ]);
});

test.runIf(isRoot)(
  'what root locks can be locked by the owner of the folder: who may only read it locks nothing',
  async () => {
    await folder.ensure();
    expect((await stat(folder.path('.lock'))).uid).toBe(NOBODY);
    await chown(folder.path('.lock'), 0, 0);
    await folder.ensure({ names: ['other.test'] });
    expect((await stat(folder.path('.lock'))).uid).toBe(NOBODY);
  },
);
