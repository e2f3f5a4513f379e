import { buffer } from 'node:stream/consumers';
import { UpstreamFailure, type FailureKind, type Upstream } from '../../../registry/upstream/index.ts';
import { parseTag } from '../../../registry/model/index.ts';
import { blobDigest, manifestDigest, name } from './scripted.ts';

export type Call = 'headManifest' | 'getManifest' | 'headBlob' | 'getBlob' | 'listTags';

/** Every call with the arguments of these tests; manifests by digest, blobs read to their end. */
const calls: Record<Call, (upstream: Upstream) => Promise<unknown>> = {
  headManifest: (upstream) => upstream.headManifest(name, { digest: manifestDigest }),
  getManifest: (upstream) => upstream.getManifest(name, { digest: manifestDigest }),
  headBlob: (upstream) => upstream.headBlob(name, blobDigest),
  getBlob: async (upstream) => {
    const found = await upstream.getBlob(name, blobDigest, 0);
    return found && (await buffer(found.body));
  },
  listTags: (upstream) => upstream.listTags(name),
};

export const allCalls = Object.keys(calls) as Call[];
export const latest = { tag: parseTag('latest') };

/** What became of a call: something, nothing (a definite 404), or the failure. */
export async function outcomeOf(
  upstream: Upstream,
  call: Call,
): Promise<'something' | 'nothing' | UpstreamFailure> {
  try {
    return (await calls[call](upstream)) === undefined ? 'nothing' : 'something';
  } catch (error) {
    if (error instanceof UpstreamFailure) return error;
    throw error;
  }
}

/** The failure that a promise rejects with; throws when it does not, or with another error. */
export async function failureOf(promise: Promise<unknown>, kind: FailureKind): Promise<UpstreamFailure> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof UpstreamFailure && error.kind === kind) return error;
  throw new Error(`expected the failure ${kind}`, { cause: error });
}
