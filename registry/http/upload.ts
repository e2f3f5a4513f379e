import { parseContentRange, RegistryError, type Digest, type Name } from '../model/index.ts';
import type { Chunk } from '../repositories/index.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';
import { contentLength, wantBody } from './request-body.ts';

/** Where an upload goes on; relative (trap T9). */
export function uploadPath(name: Name, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

/** The answer to a blob that is now held under a name. */
export function created(name: Name, digest: Digest): Reply {
  return {
    status: 201,
    headers: { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}

/** How far a session has come; an empty one is `0-0`, as docker's registry has it. */
export function progress(name: Name, id: string, size: number): Record<string, string> {
  return {
    Location: uploadPath(name, id),
    Range: `0-${Math.max(0, size - 1)}`,
    'Docker-Upload-UUID': id,
  };
}

/** The body of a request as a chunk of an upload. Throws `blobUploadInvalid` for a malformed Content-Range. */
export function chunkOf({ req, res }: Exchange): Chunk {
  const range = parseContentRange(req.headers['content-range']);
  const length = contentLength(req);
  if (range && length === 0) throw new RegistryError('sizeInvalid');
  wantBody(req, res);
  return { body: req, range, length };
}
