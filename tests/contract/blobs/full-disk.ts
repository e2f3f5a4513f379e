// Run in a mount namespace of its own: `full-disk.ts <folder>`, on a file system of 4 MiB. Fills it, and prints as JSON
// what became of everything.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { openFilesystem } from '../../../registry/blobs/index.ts';
import { RegistryError } from '../../../registry/model/index.ts';
import { bodyOf, digestOf, readAll, sha256, store } from './bytes.ts';

const [, , folder = ''] = process.argv;
const blobs = await openFilesystem(folder);
const { incoming } = blobs;

/** How a promise ends: `fine`, the kind of the refusal, or another fault. */
async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'fine',
    (fault: unknown) => (fault instanceof RegistryError ? fault.kind : String(fault)),
  );
}

const before = randomBytes(1024 * 1024);
await store(blobs, 'before', before);
await incoming.create('large');
const large = await outcome(incoming.append('large', bodyOf(randomBytes(8 * 1024 * 1024)), sha256));
const streamed = await outcome(
  incoming.append('large', bodyOf(randomBytes(8 * 1024 * 1024)), { ...sha256, onGrowth: () => undefined }),
);
const check = await outcome(blobs.check());
const probes = (await readdir(join(folder, 'incoming'))).filter((file) => file.startsWith('probe'));
const kept = (await readAll(await blobs.open(digestOf(before)))).equals(before);
await incoming.drop('large');
const after = await outcome(store(blobs, 'after', randomBytes(1024 * 1024)));
process.stdout.write(JSON.stringify({ large, streamed, check, probes, kept, after }));
