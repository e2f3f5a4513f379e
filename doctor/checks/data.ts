import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import type { Check } from '../check.ts';
import { error, ok, skipped, warning, type Remark } from '../finding.ts';

const mebibyte = 1024 * 1024;
/** In bytes: a push needs this much soon. */
const little = 1024 * mebibyte;
/** In bytes: the database itself may fail. */
const none = 128 * mebibyte;

/** Whether the folders of a gateway on this machine can be written and have room. */
export const dataCheck: Check = {
  name: 'data',
  needs: [],
  async run({ local, facts }) {
    if (!local)
      return [
        facts.isDockgate
          ? skipped('the data folder is on another machine', 'run this there with --data to see it')
          : skipped('the disk of the registry cannot be seen from here'),
      ];
    const { data, blobs } = local;
    const remarks = await Promise.all([...new Set([data, blobs])].map(judge));
    return remarks;
  },
};

async function judge(folder: string): Promise<Remark> {
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    return error(
      `${folder} ${reasons[code ?? ''] ?? `cannot be used (${code ?? ''})`}`,
      advice(folder, code),
    );
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const what = `${folder} has ${Math.floor(free / mebibyte)} MiB free`;
  if (free >= little) return ok(what);
  const room = `free space there or move it to a larger disk ("data" and "blobStores" in dockgate.yaml); "maxSize" and "maxUnused" of a proxy keep its cache small`;
  return free < none ? error(what, room) : warning(what, room);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EROFS: 'is on a file system that is mounted read-only',
  EACCES: 'may not be written by the user who runs this',
};

function advice(folder: string, code: string | undefined): string {
  switch (code) {
    case 'EROFS':
      return `mount it writable ("mount -o remount,rw", /etc/fstab; a container: no read_only volume); after an error of the disk the kernel mounts it read-only, see dmesg`;
    case 'ENOENT':
      return 'name the folder of the running gateway with --data or --config';
    default:
      return `run this as the user who runs the gateway, or give it ${folder} (chown)`;
  }
}
