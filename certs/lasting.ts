import type { X509Certificate } from 'node:crypto';
import { day, SERVER_LIFE } from './validity.ts';

/** What is to be said of how long a CA lasts; `wayOut` is what gives another one. */
export function warningsOfLife(signer: X509Certificate, path: string, now: Date, wayOut: string): string[] {
  const left = signer.validToDate.getTime() - now.getTime();
  if (now < signer.validFromDate) {
    return [`the CA in ${path} is valid only from ${day(signer.validFromDate)}: check this machine's clock`];
  }
  if (left > SERVER_LIFE) return [];
  const end = day(signer.validToDate);
  return left < 0
    ? [`the CA in ${path} expired on ${end}, no client can connect: ${wayOut}`]
    : [
        `the CA in ${path} ends on ${end}, and no certificate signed by it works after that; before then, ${wayOut}`,
      ];
}
