import type { UpstreamFault } from '../../support/upstream-faults.ts';

// What a client is to be told when the upstream of a proxy fails, as rules that know nothing of the code:
//
//  1. Content that is here under its digest, a manifest or a blob, is served; the upstream is not asked.
//  2. A tag that was confirmed a short time ago is served; the upstream is not asked.
//  3. A tag that must be revalidated, with an upstream that gives no sound answer, is the old copy, with Age and a
//     Warning. A definite 404 is the end of the tag. An upstream that answers in the end is believed.
//  4. What is not here is told honestly, naming the member, with a time to try again: an upstream that cannot be
//     reached, breaks off, or is silent, or that says 5xx, is 503; one that cannot be trusted or talks nonsense (wrong
//     certificate, wrong bytes, a web page, a circle of redirects) is 502; 429 stays 429 with the upstream's own time.
//  5. A registry that lets anybody in and then says 401 or 403 hides the name (docs/decisions/0003): not here, 404.
//  6. A blob that breaks off is asked for from where it broke off. If that does not help, or the bytes are wrong, the
//     client is cut or refused: it never gets a whole answer. A blob that moves, however slowly, is not given up. The
//     short answers (manifest, tags) are asked for as a whole: slow ones are given up, and a broken one may be.
//  7. A redirect to another host is followed, without our Authorization.
//  8. Tags that are here are listed when the upstream cannot be asked for its own. None are here: rules 4 and 5.
//  9. Referrers and search are always 200: with what the upstream says, or without it.
// 10. An upstream that is well again is asked again, and everything is right.

/** Every way to fail: those of an upstream, and a name that leads to none. */
export type Fault = UpstreamFault | 'DNS fails';

/** What the proxy has before the upstream fails; `stale` must be revalidated. */
export const states = ['uncached', 'cached fresh', 'cached stale'] as const;
export type State = (typeof states)[number];

/** What is asked for. */
export const kinds = [
  'manifest by tag',
  'manifest by digest',
  'blob',
  'tags',
  'referrers',
  'search',
] as const;
export type Kind = (typeof kinds)[number];

/** What a client can meet with; matrix/judge.ts says how each is told. */
export type Outcome =
  | 'current' // 200: what the upstream has now
  | 'kept' // 200: what is here, without a question to the upstream
  | 'stale' // 200: what was here, with Age and Warning
  | 'held' // 200: a list of what is here
  | 'absent' // 404
  | 'rate limited' // 429
  | 'bad gateway' // 502
  | 'unavailable' // 503
  | 'cut'; // the connection, before the end of a 200 or before its head has left

/** What a short answer that is not here ends as (rules 4, 5, 6 and 7). */
const short: Readonly<Record<Fault, readonly Outcome[]>> = {
  refused: ['unavailable'],
  'DNS fails': ['unavailable'],
  'TLS wrong': ['bad gateway'],
  'hangs before headers': ['unavailable'],
  'stalls in the middle': ['unavailable'],
  'resets in the middle once': ['unavailable', 'current'],
  'resets in the middle always': ['unavailable'],
  truncates: ['unavailable'],
  'wrong bytes': ['bad gateway'],
  'wrong length': ['bad gateway'],
  '401': ['absent'],
  '403': ['absent'],
  '404': ['absent'],
  '429': ['rate limited'],
  '500': ['unavailable'],
  '503': ['unavailable'],
  'HTML with 200': ['bad gateway'],
  'redirect loop': ['bad gateway'],
  'redirect to another host': ['current'],
  // HTTP/1.1 allows it, and HEAD may tell.
  'without a length': ['current'],
  // It is either too long or takes too long, whichever shows first.
  'endless body': ['bad gateway', 'unavailable'],
  'slow drip': ['unavailable'],
};

/** Where a blob that is not here ends otherwise than a short answer (rule 6). */
const blob: Partial<Record<Fault, readonly Outcome[]>> = {
  'stalls in the middle': ['cut', 'unavailable'],
  'resets in the middle once': ['current'],
  'resets in the middle always': ['cut', 'unavailable'],
  truncates: ['cut', 'unavailable'],
  'wrong bytes': ['cut', 'bad gateway'],
  'wrong length': ['cut', 'bad gateway'],
  'endless body': ['cut', 'bad gateway', 'unavailable'],
  'slow drip': ['current'],
};

/** What may become of a tag that must be revalidated (rule 3). */
const revalidated: Partial<Record<Fault, readonly Outcome[]>> = {
  'resets in the middle once': ['stale', 'current'],
  '404': ['absent'],
  'redirect to another host': ['current'],
  'without a length': ['current'],
};

/** What may come of asking for that while the upstream fails so. */
export function expected(fault: Fault, state: State, kind: Kind): readonly Outcome[] {
  if (kind === 'referrers' || kind === 'search') return list(fault);
  if (kind === 'tags') return state === 'uncached' ? short[fault] : list(fault);
  if (state === 'uncached') return (kind === 'blob' ? blob[fault] : undefined) ?? short[fault];
  if (kind === 'manifest by tag' && state === 'cached stale') return revalidated[fault] ?? ['stale'];
  return ['kept'];
}

/** What may come of asking again when the upstream is well (rule 10). */
export function expectedHealed(state: State, kind: Kind): readonly Outcome[] {
  if (state === 'uncached') return ['current'];
  if (kind === 'manifest by digest' || kind === 'blob') return ['kept'];
  if (state === 'cached stale') return ['current'];
  return kind === 'manifest by tag' ? ['kept'] : ['held', 'current'];
}

/** Rules 8 and 9. */
function list(fault: Fault): readonly Outcome[] {
  return fault === 'redirect to another host' || fault === 'without a length'
    ? ['current']
    : ['held', 'current'];
}
