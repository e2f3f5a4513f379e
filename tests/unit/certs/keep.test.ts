import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keepFile, keepFolder, readKept } from '../../../certs/keep.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';

const folder = useCertificateFolder();

describe('a kept file', () => {
  test.each([
    ['secret', '600'],
    ['public', '644'],
  ] as const)('that is %s has mode %s', async (secrecy, mode) => {
    await keepFolder(folder.path());
    await keepFile(folder.path('file'), 'text', secrecy);
    expect(await folder.mode('file')).toBe(mode);
    expect(await readKept(folder.path('file'))).toBe('text');
  });

  test('that is secret stays so where new files are open to all', async () => {
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    await keepFolder(folder.path());
    await keepFile(folder.path('file'), 'text', 'secret');
    expect([await folder.mode(), await folder.mode('file')]).toEqual(['700', '600']);
  });

  test('replaces what a crash left under the temporary name, and leaves nothing else', async () => {
    await keepFolder(folder.path());
    await writeFile(folder.path('file.new'), 'half a ke', { mode: 0o644 });
    await keepFile(folder.path('file'), 'whole key', 'secret');
    expect(await readdir(folder.path())).toEqual(['file']);
    expect(await readFile(folder.path('file'), 'utf8')).toBe('whole key');
    expect(await folder.mode('file')).toBe('600');
  });
});

test.runIf(process.geteuid?.() === 0)('what root keeps belongs to the owner of the folder', async () => {
  await keepFolder(folder.path());
  await chown(folder.path(), 65_534, 65_534);
  await keepFile(folder.path('file'), 'key', 'secret');
  const { uid, gid } = await stat(folder.path('file'));
  expect([uid, gid, await folder.mode('file')]).toEqual([65_534, 65_534, '600']);
});

test('a folder that others could enter is closed', async () => {
  await mkdir(folder.path(), { recursive: true });
  await chmod(folder.path(), 0o755);
  expect(await keepFolder(folder.path())).toEqual([]);
  expect(await folder.mode()).toBe('700');
});

test('a path that is no folder is refused with the way out', async () => {
  await writeFile(folder.path(), 'a file');
  await expect(keepFolder(folder.path())).rejects.toThrow(
    /cannot write certificates in .*let user \d+ write there/,
  );
});

test('a file that is not there is undefined, one that is no file is refused', async () => {
  await mkdir(folder.path('ca.key'), { recursive: true });
  expect(await readKept(folder.path('nothing'))).toBeUndefined();
  await expect(readKept(folder.path('ca.key'))).rejects.toThrow(/cannot read .*ca\.key \(EISDIR\)/);
});
