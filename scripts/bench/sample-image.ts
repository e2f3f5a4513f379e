import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, type Image } from '../../tests/support/image.ts';
import { imageName, type Contender } from './contender.ts';
import { curl } from './curl.ts';
import { push } from './push.ts';

/** Under which tag its manifest is asked for. */
export const sampleTag = 'latest';

/** An image of eight small layers: its manifest is as large as those of usual images, some 1.6 kB. */
export function makeSampleImage(): Image {
  return makeImage({ layers: Array.from({ length: 8 }, () => 1000) });
}

/** Pushes the image under {@link imageName}. */
export async function pushSampleImage(contender: Contender, image: Image, folder: string): Promise<void> {
  const authorization = await contender.authorization('push');
  const path = join(folder, 'part');
  for (const { bytes, digest } of [...image.layers, image.config]) {
    await writeFile(path, bytes);
    await push(contender, { path, digest }, authorization);
  }
  await writeFile(path, image.manifest.bytes);
  await curl({
    registry: contender,
    url: `${contender.url}/v2/${imageName}/manifests/${sampleTag}`,
    expect: 201,
    authorization,
    args: ['--upload-file', path, '--header', `Content-Type: ${image.manifest.mediaType}`],
  });
}
