import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FaultyUpstream } from '../../support/faulty-upstream.ts';

/**
 * What should have ended: in a gateway that runs, requests to upstreams, files on their way and downloads; in one that
 * has stopped, connections and all that is remembered of downloads too.
 */
export async function findLeftovers(
  data: string,
  servers: readonly FaultyUpstream[],
  gateway: 'running' | 'stopped',
): Promise<readonly string[]> {
  const files = await readdir(join(data, 'blobs', 'incoming'));
  const found = files.map((file) => `file ${file}`);
  for (const server of servers) {
    if (server.running() > 0) found.push(`${server.running()} requests to ${server.url}`);
    const open = gateway === 'stopped' ? await server.connections() : 0;
    if (open > 0) found.push(`${open} connections to ${server.url}`);
  }
  // How a download ended may still be told for a while.
  const which = gateway === 'running' ? 'WHERE outcome IS NULL' : '';
  const rows = query(data, `SELECT * FROM downloads ${which}`);
  return [...found, ...rows.map((row) => `row ${JSON.stringify(row)}`)];
}

/** Blobs and manifests whose bytes do not have the digest under which they are kept. */
export async function findDamage(data: string): Promise<readonly string[]> {
  const damage: string[] = [];
  const folder = join(data, 'blobs', 'sha256');
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const blobs = files.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  for (const blob of blobs)
    if (sha256(await readFile(blob)) !== basename(blob)) damage.push(`blob ${basename(blob)}`);
  const manifests = query(data, 'SELECT digest, bytes FROM manifests');
  for (const { digest, bytes } of manifests as unknown as { digest: string; bytes: Uint8Array }[])
    if (`sha256:${sha256(bytes)}` !== digest) damage.push(`manifest ${digest}`);
  // Something must be there, or nothing was looked at.
  if (blobs.length === 0 || manifests.length === 0) damage.push('nothing is kept at all');
  return damage;
}

function query(data: string, sql: string): readonly Record<string, unknown>[] {
  const database = new DatabaseSync(join(data, 'metadata.db'), { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
