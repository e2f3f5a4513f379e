import { isIP } from 'node:net';
import { namesIn } from '../names.ts';
import { namesToIssue, reasonToReissue } from '../renewal.ts';
import type { Occasion } from '../renewal.ts';
import type { AcmeSettings } from './settings.ts';
import type { StoredPair } from './stored.ts';

/** An order that is to be made. */
export interface Due {
  /** Canonical, sorted. */
  names: string[];
  /** Why, for the log. */
  reason: string;
}

/**
 * Whether a certificate can be had for a host over HTTP-01: not for addresses, wildcards and the machine itself, and
 * from a public authority only for names with a dot.
 */
export function canBeOrdered(name: string, { isPrivate }: { isPrivate: boolean }): boolean {
  if (isIP(name) !== 0 || name.startsWith('*.') || /(^|\.)localhost$/.test(name)) return false;
  return isPrivate || name.includes('.');
}

/** The order that is to be made; undefined when what is stored will do. */
export function orderDue(
  stored: StoredPair | { fault: string } | undefined,
  wanted: readonly string[],
  { server, ca }: AcmeSettings,
  { occasion, now }: { occasion: Occasion; now: Date },
): Due | undefined {
  const mine = wanted.filter((name) => canBeOrdered(name, { isPrivate: ca !== undefined }));
  if (mine.length === 0) return undefined;
  if (stored === undefined) return { names: mine.toSorted(), reason: 'there was no certificate yet' };
  if ('fault' in stored) return { names: mine.toSorted(), reason: stored.fault };
  const [leaf] = stored.chain;
  const present = namesIn(leaf);
  const facts = {
    names: present,
    notBefore: leaf.validFromDate,
    notAfter: leaf.validToDate,
    keyMatches: true,
    vouchedFor: true,
  };
  const reason =
    stored.server === server.href
      ? reasonToReissue(facts, mine, now, occasion)
      : 'tls.acme.directory is another one';
  if (reason === undefined) return undefined;
  // On demand the names may be outdated too, and an order is for those that are wanted now.
  const names = namesToIssue(present, mine, occasion === 'demand' ? 'start' : occasion);
  return { names: names.toSorted(), reason };
}
