import type { BlobReader } from '../blobs/index.ts';
import { RegistryError, type Digest, type Name } from '../model/index.ts';
import type { PrefetchEvent } from './prefetch-event.ts';
import type { OpenedBlob, ReadableRepository } from './repository.ts';
import { unlessAborted } from './unless-aborted.ts';

/** A blob that is to be here. */
export interface BlobOrder {
  readonly image: string;
  readonly repository: ReadableRepository;
  readonly name: Name;
  readonly digest: Digest;
  /** Whether it need not be in a registry. */
  readonly isForeign: boolean;
}

const pieceSize = 256 * 1024;
/** How long nothing is said of a blob that goes on, in ms. */
const quiet = 500;

/** Reads a blob to its end unless it is held, so that it is kept. Throws what reading throws, and `blobUnknown`. */
export async function* prefetchBlob(
  order: BlobOrder,
  signal: AbortSignal,
): AsyncGenerator<PrefetchEvent, void, undefined> {
  const { image, repository, name, digest } = order;
  const held = await unlessAborted(repository.findBlob(name, digest, 'local'), signal);
  if (held) {
    yield { image, kind: 'blob', digest, size: held.size, held: true };
    return;
  }
  const opened = await open(order, signal);
  if (!opened) {
    yield { image, kind: 'skipped', digest, reason: reasonToSkip };
    return;
  }
  const { reader } = opened;
  try {
    yield* readToTheEnd(order, reader, signal);
    yield { image, kind: 'blob', digest, size: reader.size, held: false };
  } finally {
    await reader.close();
  }
}

const reasonToSkip =
  'a non-distributable layer that the upstream does not have; clients get it from where the manifest says';

async function open(
  { repository, name, digest, isForeign }: BlobOrder,
  signal: AbortSignal,
): Promise<OpenedBlob | undefined> {
  const opening = repository.openBlob(name, digest, 'anywhere');
  try {
    const opened = await unlessAborted(opening, signal);
    if (opened || isForeign) return opened;
  } catch (fault) {
    // Nobody waits for it any more, but it may still open; closing it can then tell nobody that it failed.
    void opening.then((late) => late?.reader.close()).catch(() => undefined);
    throw fault;
  }
  throw new RegistryError('blobUnknown', {
    message: `${digest} of ${name} is not in ${repository.repository}, nor upstream`,
  });
}

async function* readToTheEnd(
  { image, digest }: BlobOrder,
  reader: BlobReader,
  signal: AbortSignal,
): AsyncGenerator<PrefetchEvent, void, undefined> {
  const { size } = reader;
  const piece = Buffer.allocUnsafeSlow(Math.min(pieceSize, size));
  let saidAt = 0;
  for (let bytes = 0; bytes < size;) {
    const count = await unlessAborted(reader.read(piece, bytes), signal);
    if (count === 0) throw new Error(`${digest} ended after ${bytes} of ${size} bytes`);
    bytes += count;
    if (bytes === size || Date.now() - saidAt < quiet) continue;
    saidAt = Date.now();
    yield { image, kind: 'progress', digest, bytes, size };
  }
}
