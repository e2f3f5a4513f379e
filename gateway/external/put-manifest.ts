import {
  PushRefusal,
  readBody,
  RegistryError,
  respondError,
  UpstreamFailure,
  wantBody,
  type Operation,
} from '../../registry/index.ts';
import type { Backends } from './backend.ts';
import { readManifest, SinkUnclear, type BringOver, type Brought } from './bring-over.ts';
import { sinkOf, sourceOf, type Sink, type Source } from './content.ts';
import type { Doubts } from './doubts.ts';
import type { Manner } from './manner.ts';
import type { ExternalVisit } from './visit.ts';

/** As much as any registry takes, and more than the specification asks for; OCI distribution-spec 1.1, end-7. */
const manifestLimit = 8 * 1024 * 1024;

/** What a push of a manifest works with. */
export interface PutManifestParts {
  readonly bringOver: BringOver;
  readonly doubts: Doubts;
  readonly backends: Backends;
}

type PutManifest = Extract<Operation, { kind: 'manifest-put' }>;

/**
 * Passes a manifest on, with its exact bytes, once what it references is where it is pushed to (trap T1). Whether
 * something may be missing is decided by who takes the push: a refusal of ours says only that it could not be brought.
 */
export async function putManifest(
  { bringOver, doubts, backends }: PutManifestParts,
  visit: ExternalVisit,
  { name, reference }: PutManifest,
  manner: Manner,
  forward: (body: Buffer) => Promise<void>,
): Promise<void> {
  const { req, res, facts } = visit;
  facts.digest = 'digest' in reference ? reference.digest : reference.tag;
  wantBody(req, res);
  const bytes = await readBody(req, manifestLimit);
  const manifest = readManifest({ mediaType: req.headers['content-type'] ?? '', bytes });
  const ends = endsFor(backends, visit, manner);
  const leaving = new AbortController();
  res.once('close', () => {
    leaving.abort(new Error('the client is gone'));
  });
  try {
    if (manifest && ends) {
      const outcome = await bringOver.bring(name, manifest, ends.from, ends.to, leaving.signal);
      if (outcome.brought.length > 0) facts.adopted = outcome.brought.length;
      for (const { digest } of outcome.failed) doubts.note(name, digest);
      const refusal = refusalOf(outcome);
      if (refusal) {
        facts.fault = reasonsOf(outcome);
        await respondError(req, res, refusal, facts);
        return;
      }
    }
  } catch (fault) {
    if (leaving.signal.aborted) {
      facts.error = 'client gone';
      return;
    }
    // Its answer to the manifest will say what is the matter, and to whom it wants to see a login.
    if (!(fault instanceof SinkUnclear)) throw fault;
  }
  await forward(bytes);
}

/** Both ends as this caller may use them; undefined where one of them is not external. */
function endsFor(
  { reader, writer, destination, write }: Backends,
  { req }: ExternalVisit,
  manner: Manner,
): { from: Source; to: Sink } | undefined {
  if (!reader || !writer || !destination || !write) return undefined;
  const authorization = manner.hidesLogin ? undefined : req.headers.authorization;
  const authorizer = manner.hidesLogin ? write.authorizer : authorization;
  return {
    from: sourceOf(reader.as(authorization)),
    to: sinkOf({ upstream: writer.as(authorization), destination, authorizer }),
  };
}

/** What to tell a client whose blobs could not be brought; undefined where the manifest itself is to tell it. */
function refusalOf({ failed }: Brought): RegistryError | undefined {
  if (failed.length === 0) return undefined;
  const faults = failed.map(({ fault }) => fault);
  const refused = faults.find((fault) => fault instanceof PushRefusal);
  // Who is not let in is asked for a login by the answer to the manifest.
  if (refused && (refused.status === 401 || refused.status === 403)) return undefined;
  if (refused?.status === 429) {
    return new RegistryError('tooManyRequests', { message: refused.message, ...waitOf(refused) });
  }
  if (refused && [413, 507].includes(refused.status)) {
    return new RegistryError('storageFull', { message: refused.message });
  }
  const limited = faults.find((fault) => fault instanceof UpstreamFailure && fault.kind === 'rate-limited');
  if (limited instanceof UpstreamFailure) {
    const message = 'too many requests: the registry that is read allows no more for now';
    return new RegistryError('tooManyRequests', { message, ...waitOf(limited) });
  }
  return new RegistryError('manifestBlobUnknown', {
    message:
      'manifest references blobs that could not be brought over from the registry that is read; push again, they are then asked of you',
    detail: failed.map(({ digest }) => ({ digest })),
  });
}

function waitOf({ retryAfter }: { retryAfter: number | undefined }): { retryAfter?: number } {
  return retryAfter === undefined ? {} : { retryAfter };
}

/** For the log; clients are not told of addresses behind us. */
function reasonsOf({ failed }: Brought): string {
  return failed
    .map(({ digest, fault }) => `${digest}: ${fault instanceof Error ? fault.message : String(fault)}`)
    .join('; ');
}
