import { RegistryError } from './errors.ts';

/** A run of bytes: first and last position, both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The part of `size` bytes that a Range header asks for; undefined when all of it is to be sent: no header, another
 * unit, a malformed one, or several ranges (RFC 9110 14.2 lets a server ignore those).
 * Throws `rangeNotSatisfiable` when a single range lies outside, or ends before it begins.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec((header ?? '').trim());
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  const range =
    from === ''
      ? { first: Math.max(0, size - Number(to)), last: size - 1 }
      : { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
  if (range.first > range.last) throw new RegistryError('rangeNotSatisfiable', { detail: { size }, size });
  return range;
}

/**
 * The Content-Range of an uploaded chunk, `<first>-<last>` (also accepted: `bytes <first>-<last>/<size>`), or undefined
 * without the header. Throws `blobUploadInvalid`. OCI distribution-spec 1.1, "Pushing a blob in chunks".
 */
export function parseContentRange(header: string | undefined): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?\s*(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  const range = { first: Number(match?.[1]), last: Number(match?.[2]) };
  if (match && range.first <= range.last) return range;
  throw new RegistryError('blobUploadInvalid', {
    message: 'malformed Content-Range: expected <first>-<last>',
  });
}
