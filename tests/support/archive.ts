import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { open, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, imageConfig } from './image.ts';
import type { Place } from './place.ts';
import { succeeded } from './process.ts';
import { tarHeader, tarTail } from './tar.ts';

const PIECE = 1 << 20;

/** Writes a layer tar with one random file of `size` bytes, piece by piece, and gives its digest. */
async function writeLayer(path: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  const write = async (bytes: Buffer): Promise<void> => {
    hash.update(bytes);
    await file.write(bytes);
  };
  await write(tarHeader(`random-${randomUUID()}`, size));
  for (let left = size; left > 0; left -= PIECE) await write(randomBytes(Math.min(left, PIECE)));
  await write(tarTail(size, true));
  await file.close();
  return `sha256:${hash.digest('hex')}`;
}

/** An image file that docker, podman, buildah, skopeo and ctr all can load. */
export interface Archive {
  /** Path of a tar file as `docker save` writes it. */
  readonly path: string;
  /** The digest of its configuration, which docker calls the image's id. */
  readonly id: string;
}

/** Makes an image tagged `image` with random layers of `sizes` bytes, without any client and any network. */
export async function writeArchive(place: Place, image: string, sizes: readonly number[]): Promise<Archive> {
  const folder = join(place.folder, `archive-${randomUUID()}`);
  await mkdir(folder);
  const diffIds: string[] = [];
  for (const [index, size] of sizes.entries())
    diffIds.push(await writeLayer(join(folder, `${index}.tar`), size));
  const config = imageConfig(diffIds);
  await writeFile(join(folder, 'config.json'), config);
  const layers = sizes.map((_, index) => `${index}.tar`);
  const list = [{ Config: 'config.json', RepoTags: [image], Layers: layers }];
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(list));
  const path = `${folder}.tar`;
  const names = ['manifest.json', 'config.json', ...layers];
  succeeded(
    await place.run(['tar', '-C', folder, '--remove-files', '-cf', path, ...names], { timeout: 600_000 }),
  );
  return { path, id: digestOf(config) };
}
