/**
 * The one table of what can go wrong: kind -> wire code, HTTP status and the message a client reads.
 * Codes of 4xx are those of OCI distribution-spec 1.1, "Error Codes"; the two of 5xx are what docker and
 * containerd know as temporary. Some kinds share a code because the specification has no finer one.
 */
export const errorTable = {
  blobUnknown: { code: 'BLOB_UNKNOWN', status: 404, message: 'blob unknown to registry' },
  blobUploadInvalid: { code: 'BLOB_UPLOAD_INVALID', status: 400, message: 'blob upload invalid' },
  blobUploadOutOfOrder: { code: 'BLOB_UPLOAD_INVALID', status: 416, message: 'chunk out of order' },
  blobUploadUnknown: { code: 'BLOB_UPLOAD_UNKNOWN', status: 404, message: 'blob upload unknown to registry' },
  digestInvalid: {
    code: 'DIGEST_INVALID',
    status: 400,
    message: 'provided digest did not match uploaded content',
  },
  manifestBlobUnknown: {
    code: 'MANIFEST_BLOB_UNKNOWN',
    status: 404,
    message: 'manifest references a manifest or blob unknown to registry',
  },
  manifestInvalid: { code: 'MANIFEST_INVALID', status: 400, message: 'manifest invalid' },
  manifestTooLarge: { code: 'SIZE_INVALID', status: 413, message: 'manifest is larger than the limit' },
  manifestUnknown: { code: 'MANIFEST_UNKNOWN', status: 404, message: 'manifest unknown' },
  nameInvalid: { code: 'NAME_INVALID', status: 400, message: 'invalid repository name' },
  nameUnknown: { code: 'NAME_UNKNOWN', status: 404, message: 'repository name not known to registry' },
  tagInvalid: { code: 'NAME_INVALID', status: 400, message: 'invalid tag' },
  sizeInvalid: { code: 'SIZE_INVALID', status: 400, message: 'provided length did not match content length' },
  rangeNotSatisfiable: {
    code: 'SIZE_INVALID',
    status: 416,
    message: 'requested range is outside of the blob',
  },
  pageInvalid: {
    code: 'SIZE_INVALID',
    status: 400,
    message: 'the page size n must be a whole number from 0',
  },
  unauthorized: { code: 'UNAUTHORIZED', status: 401, message: 'authentication required' },
  denied: { code: 'DENIED', status: 403, message: 'requested access to the resource is denied' },
  unsupported: { code: 'UNSUPPORTED', status: 405, message: 'the operation is unsupported' },
  unknownEndpoint: { code: 'UNSUPPORTED', status: 404, message: 'there is no such endpoint' },
  tooManyRequests: { code: 'TOOMANYREQUESTS', status: 429, message: 'too many requests' },
  storageFull: {
    code: 'UNAVAILABLE',
    status: 507,
    message: 'the blob store is full: free space or make it larger',
  },
  internal: { code: 'UNKNOWN', status: 500, message: 'unexpected fault in the registry; its log says more' },
  badGateway: { code: 'UNAVAILABLE', status: 502, message: 'an upstream registry answered wrongly' },
  unavailable: { code: 'UNAVAILABLE', status: 503, message: 'service unavailable' },
} as const;

/** A row of {@link errorTable}. */
export type ErrorKind = keyof typeof errorTable;

/**
 * What else an error says: `detail` goes on the wire as it is, `retryAfter` is in seconds, `allow` lists methods,
 * `size` is how many bytes there are of what a range was asked of.
 */
export interface ErrorFacts {
  readonly message?: string;
  readonly detail?: unknown;
  readonly retryAfter?: number;
  readonly allow?: readonly string[];
  readonly size?: number;
  readonly cause?: unknown;
}

/** A refusal that a client is told of in the words of the table; anything else that is thrown is a fault of ours. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly kind: ErrorKind;
  readonly detail: unknown;
  readonly retryAfter: number | undefined;
  readonly allow: readonly string[] | undefined;
  readonly size: number | undefined;

  constructor(kind: ErrorKind, facts: ErrorFacts = {}) {
    super(facts.message ?? errorTable[kind].message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.kind = kind;
    this.detail = facts.detail;
    this.retryAfter = facts.retryAfter;
    this.allow = facts.allow;
    this.size = facts.size;
  }
}
