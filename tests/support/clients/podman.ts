import type { Machine } from '../machine.ts';
import { succeeded } from '../process.ts';
import { createStorageClient, type StorageClient } from './container-storage.ts';

/** Makes a podman with an empty store in that machine. */
export async function createPodman(machine: Machine): Promise<StorageClient> {
  // Without systemd there is neither its cgroup manager nor a journal.
  return await createStorageClient(machine, 'podman', ['--cgroup-manager=cgroupfs', '--events-backend=none']);
}

/** Makes a local index over images that are in that podman's store, for `podman manifest push --all`. */
export async function makePodmanIndex(
  podman: StorageClient,
  index: string,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  succeeded(await podman.command(['manifest', 'create', index]));
  for (const [architecture, image] of Object.entries(images)) {
    const source = `containers-storage:${image}`;
    succeeded(await podman.command(['manifest', 'add', '--arch', architecture, index, source]));
  }
}
