import { isIP } from 'node:net';
import type { Authority } from './authority.ts';
import { CertificateError } from './certificate-error.ts';
import { newKey } from './key.ts';
import type { Pair } from './pair.ts';
import { sign } from './sign.ts';
import { isSignedBy } from './signed-by.ts';
import { SERVER_LIFE, validityFrom } from './validity.ts';

// ub-common-name, RFC 5280 appendix A.1.
const LONGEST_COMMON_NAME = 64;

/**
 * A new server certificate for `names` (canonical) with a new key, signed by `authority` and followed by what it sends. Its life
 * is not cut to the CA's: the CA's end is told as a warning, and a shorter life would only reissue at every start.
 */
export async function issueLeaf(authority: Authority, names: readonly string[], now: Date): Promise<Pair> {
  const key = await newKey(2048);
  const [signer] = authority.chain;
  const leaf = sign(
    {
      // Never an address: OpenSSL takes a common name for a domain, which a CA kept to addresses may not certify.
      subject: names.find((name) => !isIP(name) && name.length <= LONGEST_COMMON_NAME),
      key,
      validity: validityFrom(now, SERVER_LIFE),
      extensions: [
        { name: 'basicConstraints', critical: true, cA: false },
        { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: names.map(alternativeName) },
      ],
    },
    { certificate: signer, key: authority.key },
  );
  if (!isSignedBy(leaf, signer)) {
    // Only an operator's CA comes here; node-forge cannot write a subject with several values in one part, for one.
    throw new CertificateError(
      `Dockgate cannot sign with this CA, because it cannot repeat the subject (${signer.subject}): have that CA sign a server certificate elsewhere and set tls.profile: files`,
    );
  }
  return { chain: [leaf, ...authority.sent], key };
}

/** A GeneralName (RFC 5280, 4.2.1.6): 2 is dNSName, 7 is iPAddress. */
function alternativeName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(name) ? { type: 7, ip: name } : { type: 2, value: name };
}
