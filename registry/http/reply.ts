import type { BlobReader } from '../blobs/index.ts';
import type { ByteRange } from '../model/index.ts';
import type { BlobSender } from './send-blob.ts';

/** An answer as a value; respond.ts writes it. */
export interface Reply {
  readonly status: number;
  /** A list is one line each. */
  readonly headers?: Readonly<Record<string, string | number | string[]>>;
  /** JSON, bytes, or a blob (the part `range` of it). HEAD gets the same headers without it. */
  readonly body?:
    | { readonly json: unknown }
    | { readonly bytes: Uint8Array }
    | { readonly blob: BlobReader; readonly range: ByteRange; readonly sender: BlobSender };
}
