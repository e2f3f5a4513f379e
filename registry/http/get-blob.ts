import { parseRange, RegistryError, type Operation } from '../model/index.ts';
import { etagOf, isNotModified, rangeHeader } from './conditional.ts';
import type { Handler } from './handler.ts';
import { sourceHeaders } from './source-headers.ts';

/** GET and HEAD of a blob, whole or a range. OCI distribution-spec 1.1, "Pulling blobs", end-2; RFC 9110 14. */
export const getBlob: Handler<Extract<Operation, { kind: 'blob-get' }>> = async (
  { req, facts },
  { name, digest, head },
  { source, reach },
) => {
  facts.digest = digest;
  const found = head
    ? await source.findBlob(name, digest, reach)
    : await source.openBlob(name, digest, reach);
  if (!found) throw new RegistryError('blobUnknown', { detail: { name, digest } });
  facts.member = found.member;
  const reader = 'reader' in found ? found.reader : undefined;
  const size = 'reader' in found ? found.reader.size : found.size;
  const headers = {
    ...sourceHeaders(found),
    'Accept-Ranges': 'bytes',
    'Docker-Content-Digest': digest,
    ETag: etagOf(digest),
  };
  try {
    if (isNotModified(req, digest)) {
      await reader?.close();
      return { status: 304, headers };
    }
    const range = parseRange(rangeHeader(req, digest), size);
    const sent = range ?? { first: 0, last: size - 1 };
    return {
      status: range ? 206 : 200,
      headers: {
        ...headers,
        'Content-Type': 'application/octet-stream',
        'Content-Length': sent.last - sent.first + 1,
        ...(range && { 'Content-Range': `bytes ${range.first}-${range.last}/${size}` }),
      },
      ...(reader && { body: { blob: reader, range: sent } }),
    };
  } catch (fault) {
    await reader?.close();
    throw fault;
  }
};
