import { request, type Reply } from './http-request.ts';
import { digestOf, TYPES, type Blob, type Image, type Manifest } from './image.ts';
import { seedBlob, seedManifest, type Target } from './seed-image.ts';

/** A manifest with the blobs and the manifests that it names: an image, an index, an artifact. */
export interface ContentTree {
  readonly manifest: Manifest;
  readonly blobs: readonly Blob[];
  readonly children: readonly ContentTree[];
}

/** A blob with what its descriptor says of it. OCI image-spec descriptor.md. */
export interface Part {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Further fields of a manifest or of a descriptor. */
type Fields = Readonly<Record<string, unknown>>;

/** The configuration of an artifact that has none. OCI image-spec manifest.md, guidance for an empty descriptor. */
export const EMPTY: Part = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') };

/** The descriptor of a manifest, with its platform or its annotations. */
export function descriptorOf(manifest: Manifest, fields: Fields = {}): object {
  const { mediaType, digest, bytes } = manifest;
  return { mediaType, digest, size: bytes.length, ...fields };
}

function descriptorOfPart({ mediaType, bytes, annotations }: Part): object {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return annotations === undefined ? descriptor : { ...descriptor, annotations };
}

function manifestOf(mediaType: string, fields: Fields): Manifest {
  // With line ends and spaces: whoever writes it a second time changes the digest.
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }, undefined, 2));
  return { mediaType, bytes, digest: digestOf(bytes) };
}

/** Makes an OCI image manifest; `fields` are for example `subject`, `artifactType` and `annotations`. */
export function makeTree(config: Part, layers: readonly Part[], fields: Fields = {}): ContentTree {
  const described = { config: descriptorOfPart(config), layers: layers.map(descriptorOfPart) };
  return {
    manifest: manifestOf(TYPES.oci.manifest, { ...fields, ...described }),
    blobs: [config, ...layers].map(({ bytes }) => ({ bytes, digest: digestOf(bytes) })),
    children: [],
  };
}

/** Makes an OCI index over trees, each with what its descriptor says besides. */
export function makeTreeIndex(entries: readonly (readonly [ContentTree, Fields])[]): ContentTree {
  const manifests = entries.map(([{ manifest }, fields]) => descriptorOf(manifest, fields));
  return {
    manifest: manifestOf(TYPES.oci.index, { manifests }),
    blobs: [],
    children: entries.map(([tree]) => tree),
  };
}

/** An image as a tree. */
export function treeOf({ manifest, config, layers }: Image): ContentTree {
  return { manifest, blobs: [config, ...layers], children: [] };
}

/** Writes a tree straight over HTTP, what is named before what names it; gives the answer to its manifest. */
export async function seedTree(
  target: Target,
  name: string,
  reference: string,
  tree: ContentTree,
): Promise<Reply> {
  for (const child of tree.children) await seedTree(target, name, child.manifest.digest, child);
  for (const blob of tree.blobs) await seedBlob(target, name, blob);
  return await seedManifest(target, name, reference, tree.manifest);
}

async function damageAt(target: Target, name: string, path: string, bytes: Buffer): Promise<string[]> {
  const accept = [...Object.values(TYPES.oci), ...Object.values(TYPES.docker)].join(', ');
  const authorization = await target.authorization?.(name);
  const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
  const trust = target.ca === undefined ? {} : { ca: target.ca };
  const url = new URL(`/v2/${name}/${path}`, target.url);
  const reply = await request(target.place, url, { ...trust, headers });
  if (reply.status === 200 && reply.body.equals(bytes)) return [];
  return [`${name}/${path} answered ${reply.status} with ${reply.body.length} bytes`];
}

/** What of a tree that should be there byte for byte is not; empty when nothing is missing. */
export async function damageOf(
  target: Target,
  name: string,
  reference: string,
  { manifest, blobs, children }: ContentTree,
): Promise<string[]> {
  const damage = await damageAt(target, name, `manifests/${reference}`, manifest.bytes);
  for (const { digest, bytes } of blobs)
    damage.push(...(await damageAt(target, name, `blobs/${digest}`, bytes)));
  for (const child of children) damage.push(...(await damageOf(target, name, child.manifest.digest, child)));
  return damage;
}
