import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keepFile, readKept } from '../keep.ts';
import type { AcmeFailure } from './problem.ts';
import { isRecord } from './problem.ts';

/** An order that failed; on disk, so that neither a restart nor a second gateway asks too soon. */
export interface Setback {
  /** What was ordered where: something else may be tried at once. */
  of: string;
  /** Failures in a row. */
  count: number;
  /** Not before this instant is it tried again, in milliseconds since 1970. */
  until: number;
  /** One sentence. */
  reason: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/**
 * First and longest pause. After a refusal: Let's Encrypt lets a name fail five times an hour. After no answer: nobody
 * counted that.
 */
const REFUSED = { first: 5 * MINUTE, longest: 12 * HOUR };
const UNANSWERED = { first: MINUTE / 2, longest: HOUR };
/** No server is waited for longer than this, whatever it says: what it counts is counted by the week. */
const LONGEST = 7 * 24 * HOUR;

/** What follows from a failure: a pause that doubles with each, and is no shorter than the server wishes. */
export function setbackAfter(
  before: Setback | undefined,
  of: string,
  { isJudged, retryAt }: Pick<AcmeFailure, 'isJudged' | 'retryAt'>,
  reason: string,
  now: number,
): Setback {
  const count = before?.of === of ? before.count + 1 : 1;
  const { first, longest } = isJudged ? REFUSED : UNANSWERED;
  const pause = Math.min(first * 2 ** (count - 1), longest);
  const wish = retryAt === undefined ? 0 : retryAt - now;
  return { of, count, until: now + Math.min(Math.max(pause, wish), LONGEST), reason };
}

/** The setback of this folder; undefined when there is none, or it cannot be read. */
export async function readSetback(directory: string): Promise<Setback | undefined> {
  const text = await readKept(pathIn(directory));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    const { of, count, until, reason } = value;
    const isWhole = typeof of === 'string' && typeof count === 'number' && typeof until === 'number';
    return isWhole ? { of, count, until, reason: String(reason) } : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers a setback, or with undefined that there is none any more. */
export async function keepSetback(directory: string, setback: Setback | undefined): Promise<void> {
  const path = pathIn(directory);
  if (setback === undefined) await rm(path, { force: true });
  else await keepFile(path, `${JSON.stringify(setback, undefined, 2)}\n`, 'secret');
}

function pathIn(directory: string): string {
  return join(directory, 'acme-setback.json');
}
