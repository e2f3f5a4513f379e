import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from './place.ts';

/** Starts Debian's nginx with that file, kept in `folder`, and waits until it listens on `port`; it ends with the place. */
export async function startNginx(place: Place, folder: string, config: string, port: number): Promise<void> {
  await writeFile(join(folder, 'nginx.conf'), config);
  const server = place.spawn(['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder]);
  for (let attempt = 0; attempt < 200; attempt++) {
    const ended = await Promise.race([sleep(50, false), server.ended.then(() => true)]);
    if (ended) break;
    const socket = await place.connect(place.address, port).catch(() => undefined);
    socket?.destroy();
    if (socket) return;
  }
  throw new Error(`nginx did not start; it printed:\n${server.output()}`);
}
