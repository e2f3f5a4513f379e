import type { BlobReader } from '../blobs/index.ts';
import { emptyLayer, type Digest } from '../model/index.ts';
import type { OpenedBlob } from '../repositories/index.ts';
import type { Target } from './handler.ts';

/** The bytes that `emptyLayer` names. */
const bytes = Buffer.from('H4sIAAAJbogA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA=', 'base64');

/**
 * The layer that only the schema 1 form of an image names, under any name, since it is nobody's. Not for who asks
 * before a push: a schema 2 manifest may name it too, and then needs a blob that is held (trap T1).
 */
export function findEmptyLayer(digest: Digest, { schema1, source, reach }: Target): OpenedBlob | undefined {
  if (!schema1 || digest !== emptyLayer || reach === 'local') return undefined;
  return { reader: readerOf(bytes), member: source.repository, from: 'hosted', age: undefined };
}

function readerOf(content: Buffer): BlobReader {
  return {
    size: content.byteLength,
    read: (into, position) => Promise.resolve(content.copy(into, 0, position)),
    close: () => Promise.resolve(),
  };
}
