import { isDigest, parseDigest, type Digest } from './digest.ts';
import { RegistryError } from './errors.ts';

/** A tag, such as `1.0`. OCI distribution-spec 1.1, "Pulling manifests". */
export type Tag = string & { readonly tag: unique symbol };

/** What a manifest is asked by. */
export type Reference = { readonly tag: Tag } | { readonly digest: Digest };

const form = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** True when `text` is a tag. */
export function isTag(text: string): text is Tag {
  return form.test(text);
}

/** `text` as a tag; throws `tagInvalid`. */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text;
  throw new RegistryError('tagInvalid', { detail: { tag: text.slice(0, 200) } });
}

/** `text` as a tag or digest; a colon makes it a digest. Throws `digestInvalid` or `tagInvalid`. */
export function parseReference(text: string): Reference {
  if (isDigest(text)) return { digest: text };
  return text.includes(':') ? { digest: parseDigest(text) } : { tag: parseTag(text) };
}

/** The reference as it stands in a path. */
export function referenceText(reference: Reference): string {
  return 'tag' in reference ? reference.tag : reference.digest;
}
