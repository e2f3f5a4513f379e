import type { Machine } from '../machine.ts';
import type { Outcome } from '../process.ts';
import { createStorageClient, type StorageClient } from './container-storage.ts';

/** Makes a buildah with an empty store in that machine. */
export async function createBuildah(machine: Machine): Promise<StorageClient> {
  return await createStorageClient(machine, 'buildah');
}

/** Builds a context folder; chroot isolation needs no runtime, no cgroup and no user namespace. */
export async function buildWithBuildah(
  buildah: StorageClient,
  image: string,
  context: string,
): Promise<Outcome> {
  return await buildah.command(['build', '--isolation', 'chroot', '--tag', image, context]);
}
