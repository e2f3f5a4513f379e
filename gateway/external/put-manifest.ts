import {
  PushRefusal,
  readBody,
  RegistryError,
  respondError,
  UpstreamFailure,
  wantBody,
  type Operation,
} from '../../registry/index.ts';
import { readManifest, SinkUnclear, type BringOver, type Brought } from './bring-over.ts';
import type { CarriedManifest, Sink, Source } from './content.ts';
import type { Doubts } from './doubts.ts';
import type { ExternalVisit } from './visit.ts';

/** As much as any registry takes, and more than the specification asks for; OCI distribution-spec 1.1, end-7. */
const manifestLimit = 8 * 1024 * 1024;

/** What references are brought with. */
export interface BringParts {
  readonly bringOver: BringOver;
  readonly doubts: Doubts;
  readonly from: Source;
  readonly to: Sink;
}

type PutManifest = Extract<Operation, { kind: 'manifest-put' }>;

/**
 * Passes a manifest on, with its exact bytes, once what it references is where it is pushed to (trap T1). Whether
 * something may be missing is decided by who takes the push: a refusal of ours says only that it could not be brought.
 */
export async function putManifest(
  parts: BringParts,
  visit: ExternalVisit,
  operation: PutManifest,
  forward: (body: Buffer) => Promise<void>,
): Promise<void> {
  const { req, res, facts } = visit;
  const { reference } = operation;
  facts.digest = 'digest' in reference ? reference.digest : reference.tag;
  try {
    wantBody(req, res);
    const bytes = await readBody(req, manifestLimit);
    await bringReferences(parts, visit, operation, { mediaType: req.headers['content-type'] ?? '', bytes });
    await forward(bytes);
  } catch (fault) {
    await respondError(req, res, fault, facts);
  }
}

/** Brings what a manifest references; throws RegistryError when that failed, and anything once the client is gone. */
export async function bringReferences(
  { bringOver, doubts, from, to }: BringParts,
  { res, facts }: ExternalVisit,
  { name }: PutManifest,
  pushed: CarriedManifest,
): Promise<void> {
  const manifest = readManifest(pushed);
  if (!manifest) return;
  const leaving = new AbortController();
  res.once('close', () => {
    leaving.abort(new Error('the client is gone'));
  });
  try {
    const outcome = await bringOver.bring(name, manifest, from, to, leaving.signal);
    if (outcome.brought.length > 0) facts.adopted = outcome.brought.length;
    for (const { digest } of outcome.failed) doubts.note(name, digest);
    const refusal = refusalOf(outcome);
    if (!refusal) return;
    facts.fault = reasonsOf(outcome);
    throw refusal;
  } catch (fault) {
    // Its answer to the manifest will say what is the matter, and to whom it wants to see a login.
    if (!(fault instanceof SinkUnclear)) throw fault;
  }
}

/** What to tell a client whose blobs could not be brought; undefined where the manifest itself is to tell it. */
function refusalOf({ failed }: Brought): RegistryError | undefined {
  if (failed.length === 0) return undefined;
  const faults = failed.map(({ fault }) => fault);
  const full = faults.find((fault) => fault instanceof RegistryError && fault.kind === 'storageFull');
  if (full instanceof RegistryError) return full;
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
