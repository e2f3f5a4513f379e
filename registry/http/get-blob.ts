import { parseRange, RegistryError, type Operation } from '../model/index.ts';
import type { FoundBlob } from '../repositories/index.ts';
import { etagOf, isNotModified, rangeHeader } from './conditional.ts';
import { findEmptyLayer } from './empty-layer.ts';
import type { Handler, Target } from './handler.ts';
import { sourceHeaders } from './source-headers.ts';

type GetBlob = Extract<Operation, { kind: 'blob-get' }>;

/** GET and HEAD of a blob, whole or a range. OCI distribution-spec 1.1, "Pulling blobs", end-2; RFC 9110 14. */
export const getBlob: Handler<GetBlob> = async ({ req, facts, door }, operation, target) => {
  const { name, digest, head } = operation;
  facts.digest = digest;
  const found =
    findEmptyLayer(digest, target) ??
    (head ? await findBlob(operation, target) : await target.source.openBlob(name, digest, target.reach));
  if (!found) throw new RegistryError('blobUnknown', { detail: { name, digest } });
  const reader = 'reader' in found ? found.reader : undefined;
  const size = 'reader' in found ? found.reader.size : found.size;
  const headers = {
    ...sourceHeaders(found, facts),
    'Docker-Content-Digest': digest,
    ETag: etagOf(digest),
  };
  try {
    if (isNotModified(req, digest)) {
      await reader?.close();
      return { status: 304, headers: { ...headers, 'Accept-Ranges': 'bytes' } };
    }
    // Only GET has ranges. RFC 9110 14.2.
    const range = head ? undefined : parseRange(rangeHeader(req, digest), size);
    const sent = range ?? { first: 0, last: size - 1 };
    if (reader?.file !== undefined && door.delegate) {
      await reader.close();
      facts.delegated = true;
      // Whole, and without a word on ranges: they are for who sends it to offer and to cut.
      return { status: 200, headers: { ...headers, ...octets, ...door.delegate(reader.file) } };
    }
    return {
      status: range ? 206 : 200,
      headers: {
        ...headers,
        ...octets,
        'Accept-Ranges': 'bytes',
        'Content-Length': sent.last - sent.first + 1,
        ...(range && { 'Content-Range': `bytes ${range.first}-${range.last}/${size}` }),
      },
      ...(reader && { body: { blob: reader, range: sent, sender: target.sender } }),
    };
  } catch (fault) {
    await reader?.close();
    throw fault;
  }
};

const octets = { 'Content-Type': 'application/octet-stream' };

/** Who asks before a push is told also of what another member holds: the push will adopt it from there (trap T1). */
async function findBlob(
  { name, digest }: GetBlob,
  { source, view, reach, promises }: Target,
): Promise<FoundBlob | undefined> {
  const found = await source.findBlob(name, digest, reach);
  if (found || reach !== 'local') return found;
  const look = (): Promise<FoundBlob | undefined> => view.findBlob(name, digest, 'local');
  if (!(await look())) return undefined;
  await promises.give(digest);
  // An eviction may have come between the look and the promise.
  return look();
}
