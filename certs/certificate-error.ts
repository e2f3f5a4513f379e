/** A fault of the certificates that a person has to mend; the message says which file, what is wrong and the way out. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}
