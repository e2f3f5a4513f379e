import { RegistryError } from './errors.ts';

/** A digest as `algorithm:hex`, with an algorithm that we can compute. OCI image-spec, descriptor.md "Digests". */
export type Digest = string & { readonly digest: unique symbol };

/** An algorithm that OCI image-spec registers. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const form = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** True when `text` is a digest of a registered algorithm with the right number of lower-case hex digits. */
export function isDigest(text: string): text is Digest {
  return form.test(text);
}

/** `text` as a digest; throws `digestInvalid`. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError('digestInvalid', {
    message: 'invalid digest: expected sha256: with 64 or sha512: with 128 lower-case hex digits',
    detail: { digest: text.slice(0, 200) },
  });
}

/** The algorithm of a digest. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

/** The digest that has these hex digits. */
export function digestFrom(algorithm: DigestAlgorithm, hex: string): Digest {
  return `${algorithm}:${hex}` as Digest;
}

/** `text` as an algorithm, or undefined. */
export function parseAlgorithm(text: string): DigestAlgorithm | undefined {
  return text === 'sha256' || text === 'sha512' ? text : undefined;
}
