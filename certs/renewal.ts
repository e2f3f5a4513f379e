import { day } from './validity.ts';
import type { Validity } from './validity.ts';

/**
 * When a certificate is looked at. At a `start` its names have to be exactly the wanted ones: a removed host must not
 * stay certified. While `running`, names that it has besides stay, since another gateway on the same folder may want
 * them. On `demand` it is issued again in any case, for the names that it has.
 */
export type Occasion = 'start' | 'running' | 'demand';

/** What is to be known of a server certificate on disk before it is served again. */
export interface CertificateFacts extends Validity {
  /** Canonical names that it holds for. */
  names: readonly string[];
  /** The key on disk is the certificate's. */
  keyMatches: boolean;
  /** It comes from the CA (or, self-signed, from itself) that clients are given today. */
  vouchedFor: boolean;
}

/** The instant from which a certificate is issued again: two thirds of its life are over. */
export function renewalOf({ notBefore, notAfter }: Validity): Date {
  return new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3);
}

/**
 * Why a certificate has to be issued again, or undefined when it is kept. The names are compared as sets: their order
 * does not count, since interfaces come up in any.
 */
export function reasonToReissue(
  facts: CertificateFacts,
  wanted: readonly string[],
  now: Date,
  occasion: Occasion,
): string | undefined {
  const { notBefore, notAfter } = facts;
  if (!facts.keyMatches) return 'the key does not belong to the certificate';
  if (!facts.vouchedFor) return 'the certificate is not from the present CA';
  if (now < notBefore) return `the certificate is valid only from ${day(notBefore)}`;
  if (now > notAfter) return `the certificate expired on ${day(notAfter)}`;
  if (now > renewalOf(facts)) {
    return `the certificate is past two thirds of its life, which ends on ${day(notAfter)}`;
  }
  if (occasion === 'demand') return 'it was asked for';
  return reasonInNames(new Set(facts.names), new Set(wanted), occasion);
}

/** The names to issue for, of those that are wanted and those that the present certificate has. */
export function namesToIssue(
  present: readonly string[],
  wanted: readonly string[],
  occasion: Occasion,
): string[] {
  switch (occasion) {
    case 'start':
      return [...wanted];
    case 'running':
      return [...new Set([...wanted, ...present])];
    case 'demand':
      return [...present];
  }
}

function reasonInNames(
  present: ReadonlySet<string>,
  wanted: ReadonlySet<string>,
  occasion: Occasion,
): string | undefined {
  const added = [...wanted].filter((name) => !present.has(name));
  const removed = occasion === 'start' ? [...present].filter((name) => !wanted.has(name)) : [];
  const changes = [
    ...(added.length > 0 ? [`${added.join(', ')} added`] : []),
    ...(removed.length > 0 ? [`${removed.join(', ')} removed`] : []),
  ];
  return changes.length > 0 ? `the names changed: ${changes.join('; ')}` : undefined;
}
