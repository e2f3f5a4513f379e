import { RETRY_AFTER } from '../../support/upstream-faults.ts';
import type { Cell } from './cell.ts';
import type { Outcome } from './rules.ts';
import type { Seen } from './visitor.ts';

/** What a client got: one of the outcomes that there may be, or words for what may never be. */
export function judge(cell: Cell, seen: Seen | undefined, wasAsked: boolean): Outcome | `wrong: ${string}` {
  if (!seen) return 'wrong: no answer at all, the client hangs';
  if (seen.status !== 200 && seen.status !== 0) return judgeRefusal(cell, seen);
  if (!seen.isWhole) return cell.kind === 'blob' ? 'cut' : 'wrong: a short answer that breaks off';
  if (cell.kind === 'tags' || cell.kind === 'referrers' || cell.kind === 'search')
    return judgeList(cell, seen);
  return judgeContent(cell, seen, wasAsked);
}

function judgeContent(cell: Cell, { headers, body }: Seen, wasAsked: boolean): Outcome | `wrong: ${string}` {
  const { image, moved, kind, state, proxy } = cell;
  const [layer] = image.layers;
  const old = kind === 'blob' ? layer?.bytes : image.manifest.bytes;
  const mayMove = kind === 'manifest by tag' && state !== 'uncached';
  const now = mayMove ? moved.manifest.bytes : old;
  const isOld = old?.equals(body) === true;
  const isNow = now?.equals(body) === true;
  if (headers['dockgate-member'] !== proxy)
    return `wrong: said to be of ${String(headers['dockgate-member'])}`;
  if (!isOld && !isNow) return `wrong: 200 with other bytes, ${body.length} of them`;
  if (headers.warning !== undefined)
    return isOld && headers.age !== undefined ? 'stale' : 'wrong: a warning without an old copy or its age';
  if (isOld && state !== 'uncached' && !wasAsked)
    return headers.age === undefined ? 'wrong: a copy without its age' : 'kept';
  return isNow ? 'current' : 'wrong: an old copy without a warning';
}

function judgeList({ kind, listed, here }: Cell, { body }: Seen): Outcome | `wrong: ${string}` {
  const entries = entriesOf(kind, body);
  if (!entries) return `wrong: 200 with no such list: ${text(body)}`;
  // A group may put the proxy's prefix before a name that is found.
  const isOne = (entry: string, of: string): boolean => entry === of || entry.endsWith(`/${of}`);
  const stranger = entries.find((entry) => !listed.some((each) => isOne(entry, each)));
  if (stranger !== undefined) return `wrong: listed ${stranger}, which nobody has`;
  const hasAll = (wanted: readonly string[]): boolean =>
    wanted.every((each) => entries.some((entry) => isOne(entry, each)));
  if (hasAll(listed)) return 'current';
  return hasAll(here) ? 'held' : `wrong: what is here is not listed: ${text(body)}`;
}

function entriesOf(kind: Cell['kind'], body: Buffer): readonly string[] | undefined {
  try {
    const answer = JSON.parse(body.toString()) as {
      readonly tags?: string[];
      readonly manifests?: { digest: string }[];
      readonly results?: { name: string }[];
    };
    if (kind === 'tags') return answer.tags;
    if (kind === 'referrers') return answer.manifests?.map(({ digest }) => digest);
    return answer.results?.map(({ name }) => name);
  } catch {
    return undefined;
  }
}

const refusals: Readonly<Record<number, { readonly outcome: Outcome; readonly code: RegExp }>> = {
  404: { outcome: 'absent', code: /^(MANIFEST|BLOB|NAME)_UNKNOWN$/ },
  429: { outcome: 'rate limited', code: /^TOOMANYREQUESTS$/ },
  502: { outcome: 'bad gateway', code: /^UNAVAILABLE$/ },
  503: { outcome: 'unavailable', code: /^UNAVAILABLE$/ },
};

/** Every refusal is the JSON that clients read; one that is the upstream's names the member and a time to try again. */
function judgeRefusal(
  { proxy }: Cell,
  { status, headers, body, isWhole }: Seen,
): Outcome | `wrong: ${string}` {
  const said = `${status} ${text(body)}`;
  const refusal = refusals[status];
  if (!refusal || !isWhole || headers['content-type'] !== 'application/json') return `wrong: ${said}`;
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string; message: string }[] };
  const [error] = errors;
  if (!error || !refusal.code.test(error.code)) return `wrong: ${said}`;
  if (status === 404) return refusal.outcome;
  if (!error.message.includes(proxy)) return `wrong: does not name ${proxy}: ${said}`;
  const wait = headers['retry-after'] ?? '';
  if (!/^[1-9]\d*$/.test(wait)) return `wrong: no Retry-After: ${said}`;
  return status === 429 && Number(wait) !== RETRY_AFTER ? `wrong: Retry-After ${wait}` : refusal.outcome;
}

function text(body: Buffer): string {
  return body.toString().slice(0, 300);
}
