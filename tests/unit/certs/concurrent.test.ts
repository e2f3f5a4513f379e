import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ServedCertificates } from '../../../certs/index.ts';
import { whileLocked } from '../../../certs/lock.ts';
import { useCertificateFolder } from '../../support/certificate-folder.ts';

const folder = useCertificateFolder();
const PROGRAM = fileURLToPath(new URL('../../support/ensure-certificates.ts', import.meta.url));

interface Contender {
  /** Lets it go; resolves with what it printed. */
  go: () => Promise<ServedCertificates>;
}

async function contender(directory: string, profile: string): Promise<Contender> {
  const child = spawn(process.execPath, [PROGRAM, directory, profile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'readable');
  return {
    go: async () => {
      child.stdin.end();
      return JSON.parse((await text(child.stdout)).replace('ready\n', '')) as ServedCertificates;
    },
  };
}

describe('processes that start at once on an empty folder', () => {
  test.each(['ca', 'self-signed'])('serve one and the same certificate (%s)', async (profile) => {
    const contenders = await Promise.all([1, 2, 3].map(() => contender(folder.path(), profile)));
    const served = await Promise.all(contenders.map(({ go }) => go()));
    expect(new Set(served.map(({ certificate }) => certificate)).size).toBe(1);
    expect(new Set(served.map(({ key }) => key)).size).toBe(1);
    expect(served.map(({ issued }) => issued).sort()).toEqual(['kept', 'kept', 'new']);
    const ca = new X509Certificate(await readFile(folder.path('ca.crt')));
    const leaf = new X509Certificate(await readFile(folder.path('server.crt')));
    expect(leaf.verify(ca.publicKey)).toBe(true);
  });
});

describe('the lock of a folder', () => {
  test('lets one in at a time, in one process too', async () => {
    await mkdir(folder.path());
    const inside: string[] = [];
    const visit = (name: string) =>
      whileLocked(folder.path(), async () => {
        inside.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        inside.push(`${name} out`);
      });
    await Promise.all([visit('a'), visit('b'), visit('c')]);
    expect(inside.map((step) => step.slice(2))).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
  });

  test('is free again after work that failed', async () => {
    await mkdir(folder.path());
    await expect(whileLocked(folder.path(), () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
    expect(await whileLocked(folder.path(), () => Promise.resolve('in'))).toBe('in');
  });

  test('is free again after its holder was killed', async () => {
    await mkdir(folder.path());
    const hold = `import { whileLocked } from ${JSON.stringify(new URL('../../../certs/lock.ts', import.meta.url).href)};
      await whileLocked(${JSON.stringify(folder.path())}, () => { console.log('held'); return new Promise((r) => setTimeout(r, 60_000)); });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', hold], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    let entered = false;
    const waiting = whileLocked(folder.path(), () => Promise.resolve((entered = true)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(entered).toBe(false);
    child.kill('SIGKILL');
    expect(await waiting).toBe(true);
  });
});
