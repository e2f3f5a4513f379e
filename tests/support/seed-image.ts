import { request, type Ask, type Reply } from './http-request.ts';
import { makeImage, makeIndex, type Blob, type Image, type ImageOptions, type Manifest } from './image.ts';
import type { MediaTypes } from './image.ts';
import type { Place } from './place.ts';

/** A registry to write to: `authorization` gives the header for pulling and pushing a name, if it wants one. */
export interface Target {
  readonly place: Place;
  readonly url: string;
  readonly ca?: string;
  readonly authorization?: (name: string) => Promise<string>;
}

async function send(
  target: Target,
  name: string,
  path: string | URL,
  ask: Ask,
  status: number,
): Promise<Reply> {
  const authorization = await target.authorization?.(name);
  const headers = { ...ask.headers, ...(authorization === undefined ? {} : { authorization }) };
  const trust = target.ca === undefined ? {} : { ca: target.ca };
  const reply = await request(target.place, new URL(path, target.url), { ...ask, ...trust, headers });
  if (reply.status === status) return reply;
  throw new Error(
    `${ask.method ?? 'GET'} ${String(path)} answered ${reply.status}: ${reply.body.toString()}`,
  );
}

/** Uploads one blob with POST and PUT; throws when the registry answers anything but 202 and 201. */
export async function seedBlob(target: Target, name: string, blob: Blob): Promise<void> {
  const session = await send(target, name, `/v2/${name}/blobs/uploads/`, { method: 'POST' }, 202);
  const where = new URL(session.headers.location ?? '', target.url);
  where.searchParams.set('digest', blob.digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await send(target, name, where, { method: 'PUT', headers, body: blob.bytes }, 201);
}

/** Puts one manifest under a tag or a digest, and gives the answer; throws when that is not 201. */
export async function seedManifest(
  target: Target,
  name: string,
  reference: string,
  it: Manifest,
): Promise<Reply> {
  const headers = { 'content-type': it.mediaType };
  return await send(
    target,
    name,
    `/v2/${name}/manifests/${reference}`,
    { method: 'PUT', headers, body: it.bytes },
    201,
  );
}

async function seedParts(target: Target, name: string, image: Image, reference: string): Promise<void> {
  for (const blob of [...image.layers, image.config]) await seedBlob(target, name, blob);
  await seedManifest(target, name, reference, image.manifest);
}

/** Makes an image and writes it straight over HTTP, with no client; gives digests and bytes back. */
export async function seedImage(
  target: Target,
  name: string,
  tag: string,
  options: ImageOptions = {},
): Promise<Image> {
  const image = makeImage(options);
  await seedParts(target, name, image, tag);
  return image;
}

/** Makes an image per architecture and an index over them under the tag. */
export async function seedIndex(
  target: Target,
  name: string,
  tag: string,
  architectures: readonly string[] = ['amd64', 'arm64'],
  mediaTypes: MediaTypes = 'oci',
): Promise<{ index: Manifest; images: Record<string, Image> }> {
  const made = architectures.map(
    (architecture) => [architecture, makeImage({ architecture, mediaTypes })] as const,
  );
  const images = Object.fromEntries(made);
  for (const image of Object.values(images)) await seedParts(target, name, image, image.manifest.digest);
  const index = makeIndex(images, mediaTypes);
  await seedManifest(target, name, tag, index);
  return { index, images };
}
