export { examine, type Examination } from './examine.ts';
export type { Finding } from './finding.ts';
export { readCertificates } from './pem.ts';
export type { Credentials } from './visit.ts';
