const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How far back every certificate begins, in milliseconds: a client whose clock is two days slow still accepts it. */
export const BACKDATED = 48 * HOUR;

/** The longest life of a server certificate in milliseconds; browsers and Apple's clients refuse more than 398 days. */
export const SERVER_LIFE = 397 * DAY;

/** The life of a root in milliseconds: ten years, two or three leap days included. */
export const AUTHORITY_LIFE = 3_652 * DAY;

/** How long clients are given two CAs before the next one signs, in milliseconds, unless it is set. */
export const OVERLAP = 30 * DAY;

/** The first and the last second in which a certificate holds. */
export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

/** The period of a certificate made at `now` that lives for `life` milliseconds, its backdating included. */
export function validityFrom(now: Date, life: number): Validity {
  const start = Math.floor((now.getTime() - BACKDATED) / 1000) * 1000;
  // Both ends belong to the period (RFC 5280, 4.1.2.5), hence one second less.
  return { notBefore: new Date(start), notAfter: new Date(start + life - 1000) };
}

/** A date as people read it in a message: `2026-11-21`. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
