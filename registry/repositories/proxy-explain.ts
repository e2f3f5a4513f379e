import type { Block, HeldManifest, Place } from '../metadata/index.ts';
import { referenceText, type Name, type Reference } from '../model/index.ts';
import { UpstreamFailure, type Upstream } from '../upstream/index.ts';
import type { MemberAnswer } from './explain.ts';
import type { LocalContent } from './local-content.ts';
import type { ProxyNames } from './proxy-names.ts';

/** What the answer of a proxy is made of. */
export interface ProxyExplainParts {
  readonly repository: string;
  readonly names: ProxyNames;
  readonly content: LocalContent;
  /** Whether a client gets this copy without waiting for the upstream. */
  readonly isServedAtOnce: (held: HeldManifest) => boolean;
  /** Whether the upstream has said not long ago that there is no such thing. */
  readonly isAbsent: (place: Place, reference: string) => Promise<boolean>;
  /** Who has blocked the upstream by hand. */
  readonly block: () => Promise<Block | undefined>;
  readonly upstream: Upstream;
}

type Answer = Partial<MemberAnswer> & Pick<MemberAnswer, 'answer'>;

/** What a proxy answers for an image; an upstream is asked by HEAD where a pull would ask it, and nothing is kept. */
export async function explainProxy(
  parts: ProxyExplainParts,
  name: Name,
  reference: Reference,
): Promise<MemberAnswer> {
  const { repository, names, content } = parts;
  const { mayAsk, rule } = await admit(parts, name);
  const held = await content.findManifest(names.placesOf(name), reference);
  const kept = held && cached(held);
  const said: Answer =
    mayAsk && !(held && parts.isServedAtOnce(held))
      ? await ask(parts, names.placeOf(name), reference, kept)
      : (kept ?? { answer: mayAsk ? 'not-found' : 'not-asked' });
  return { member: repository, type: 'proxy', rule, asked: said.answer !== 'not-asked', ...said };
}

async function admit(
  { names, block }: ProxyExplainParts,
  name: Name,
): Promise<{ mayAsk: boolean; rule: string }> {
  const blocked = await block();
  if (!blocked) return names.admit(name);
  const reason = blocked.reason === '' ? '' : `: ${blocked.reason}`;
  return { mayAsk: false, rule: `${blocked.by} has blocked its upstream${reason}` };
}

function cached(held: HeldManifest): Answer {
  const age = Math.max(0, Math.floor((Date.now() - held.confirmedAt) / 1000));
  return { answer: 'found', source: 'cache', digest: held.digest, mediaType: held.mediaType, age };
}

async function ask(
  { upstream, isAbsent }: ProxyExplainParts,
  place: Place,
  reference: Reference,
  kept: Answer | undefined,
): Promise<Answer> {
  if (await isAbsent(place, referenceText(reference)))
    return { answer: 'not-found', reason: 'the upstream has said so not long ago' };
  try {
    const head = await upstream.headManifest(place.name, reference);
    if (!head) return { answer: 'not-found', reason: 'the upstream does not have it' };
    const { digest, mediaType } = head;
    return {
      answer: 'found',
      source: 'upstream',
      ...(digest !== undefined && { digest }),
      ...(mediaType !== '' && { mediaType }),
      age: 0,
    };
  } catch (fault) {
    if (!(fault instanceof UpstreamFailure)) throw fault;
    // A failure names its repository by itself, and so does the answer.
    const reason = fault.message.slice(`${fault.upstream}: `.length);
    if (kept) return { ...kept, stale: reason };
    if (fault.kind === 'hidden') return { answer: 'not-found', reason, failure: 'hidden' };
    const { kind: failure, retryAfter } = fault;
    return { answer: 'failed', reason, failure, ...(retryAfter !== undefined && { retryAfter }) };
  }
}
