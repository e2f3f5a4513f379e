import { day } from './validity.ts';
import type { Validity } from './validity.ts';

/** What is to be known of a server certificate on disk before it is served again. */
export interface CertificateFacts extends Validity {
  /** Canonical names that it holds for. */
  names: readonly string[];
  /** The key on disk is the certificate's. */
  keyMatches: boolean;
  /** It comes from the CA (or, self-signed, from itself) that clients are given today. */
  vouchedFor: boolean;
}

/**
 * Why a certificate has to be issued again, or undefined when it is kept. The names are compared as sets: any name too
 * few or too many counts (a removed host must not stay certified), their order does not (interfaces come up in any).
 */
export function reasonToReissue(
  facts: CertificateFacts,
  wanted: readonly string[],
  now: Date,
): string | undefined {
  const { notBefore, notAfter } = facts;
  const life = notAfter.getTime() - notBefore.getTime();
  if (!facts.keyMatches) return 'the key does not belong to the certificate';
  if (!facts.vouchedFor) return 'the certificate is not from the present CA';
  if (now < notBefore) return `the certificate is valid only from ${day(notBefore)}`;
  if (now > notAfter) return `the certificate expired on ${day(notAfter)}`;
  if (now.getTime() - notBefore.getTime() > (life * 2) / 3) {
    return `the certificate is past two thirds of its life, which ends on ${day(notAfter)}`;
  }
  return reasonInNames(new Set(facts.names), new Set(wanted));
}

function reasonInNames(present: ReadonlySet<string>, wanted: ReadonlySet<string>): string | undefined {
  const added = [...wanted].filter((name) => !present.has(name));
  const removed = [...present].filter((name) => !wanted.has(name));
  const changes = [
    ...(added.length > 0 ? [`${added.join(', ')} added`] : []),
    ...(removed.length > 0 ? [`${removed.join(', ')} removed`] : []),
  ];
  return changes.length > 0 ? `the names changed: ${changes.join('; ')}` : undefined;
}
