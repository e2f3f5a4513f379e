import { ensureOn } from './ensure.ts';
import type { ServedCertificates } from './served.ts';
import type { CertificateSettings } from './settings.ts';

export { findKeyAuthorization } from './acme/challenges.ts';
export { canBeOrdered } from './acme/due.ts';
export { CertificateError } from './certificate-error.ts';
export { exportCertificates } from './export.ts';
export { keepCertificates } from './live.ts';
export type { LiveCertificates } from './live.ts';
export { readKept } from './keep.ts';
export { machineNames } from './names.ts';
export { certificatesIn, privateKeyIn } from './pem.ts';
export { startOrdering } from './ordering.ts';
export type { Ordering } from './ordering.ts';
export { renewServer, rotateAuthority } from './renew.ts';
export { reportCertificates, reportServed } from './report.ts';
export type { CertificateReport } from './report.ts';
export type { ServedCertificates } from './served.ts';
export type { CertificateSettings } from './settings.ts';
export * from './trust/index.ts';

/**
 * The certificates to serve at this start: read, made or renewed as the profile says. Processes that start at once in
 * one folder take turns. Throws a CertificateError when a person has to act.
 */
export async function ensureCertificates(settings: CertificateSettings): Promise<ServedCertificates> {
  return ensureOn('start', settings);
}
