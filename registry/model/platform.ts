import { isDigest, type Digest } from './digest.ts';
import { isJsonObject, parseJsonObject } from './json.ts';

/** The first entry of an index for a platform; undefined without one. OCI image-spec image-index.md "platform". */
export function platformDigest(index: Uint8Array, os: string, architecture: string): Digest | undefined {
  const manifests = parseJsonObject(index)?.manifests;
  const entries = Array.isArray(manifests) ? manifests.filter(isJsonObject) : [];
  const found = entries.find(
    ({ platform }) => isJsonObject(platform) && platform.os === os && platform.architecture === architecture,
  );
  return typeof found?.digest === 'string' && isDigest(found.digest) ? found.digest : undefined;
}
