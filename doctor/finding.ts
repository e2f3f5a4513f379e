/** How bad it is: `warning` works yet hurts somebody, `error` stops clients, `skipped` was not looked at. */
export type Level = 'ok' | 'warning' | 'error' | 'skipped';

/** What a check says. */
export interface Remark {
  readonly level: Level;
  /** One sentence: what was seen. */
  readonly what: string;
  /** One sentence: what to change, and where; undefined when there is nothing to change. */
  readonly advice: string | undefined;
}

/** A remark with the check that made it. */
export interface Finding extends Remark {
  readonly check: string;
  /** How long that check took. */
  readonly ms: number;
}

/** Nothing is wrong. */
export function ok(what: string): Remark {
  return { level: 'ok', what, advice: undefined };
}

/** Somebody will be hurt by it. */
export function warning(what: string, advice: string): Remark {
  return { level: 'warning', what, advice };
}

/** Clients fail because of it. */
export function error(what: string, advice: string): Remark {
  return { level: 'error', what, advice };
}

/** It was not looked at; `what` says why. */
export function skipped(what: string, advice?: string): Remark {
  return { level: 'skipped', what, advice };
}

/** What is longer was made up to fill somebody's screen. */
const longestSentence = 2000;

/**
 * The same on one line that does nothing to a terminal. Much of what is said was said by a server, and that may be
 * anybody's.
 */
export function printable({ level, what, advice }: Remark): Remark {
  return { level, what: onOneLine(what), advice: advice && onOneLine(advice) };
}

function onOneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ').trim();
  return line.length > longestSentence ? `${line.slice(0, longestSentence)}…` : line;
}

/** Ends a check early with one remark, which counts as an error. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  readonly advice: string;

  constructor(what: string, advice: string) {
    super(what);
    this.advice = advice;
  }
}
