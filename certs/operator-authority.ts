import type { Authority, AuthorityFiles } from './authority.ts';
import { CertificateError } from './certificate-error.ts';
import { readKept } from './keep.ts';
import { warningsOfLife } from './lasting.ts';
import { certificatesIn } from './pem.ts';
import type { Chain } from './pem.ts';
import { isSignedBy } from './signed-by.ts';
import { signingKeyIn } from './signing-key.ts';

/**
 * The operator's own CA, read from `tls.caCert` (the CA that signs, then those above it) and `tls.caKey`. Throws a
 * CertificateError when it cannot be used.
 */
export async function readOperatorAuthority(files: AuthorityFiles, now: Date): Promise<Authority> {
  const chain = certificatesIn(await present('caCert', files.crt), files.crt);
  const key = signingKeyIn(await present('caKey', files.key), files.key);
  const [signer] = chain;
  if (!signer.ca) {
    throw new CertificateError(
      `the first certificate in ${files.crt} is not a CA certificate: put the CA that signs there, and those above it after it`,
    );
  }
  if (!signer.checkPrivateKey(key)) {
    throw new CertificateError(
      `${files.key} does not belong to the first certificate in ${files.crt}: give the key of the CA that signs, and put that CA before those above it`,
    );
  }
  return {
    chain,
    key,
    sent: chain,
    trusted: anchorsOf(chain),
    takeover: undefined,
    warnings: warningsOfLife(signer, files.crt, now, 'put another one there'),
  };
}

/** The roots of a chain; without one, OpenSSL's clients cannot be given more than what is there. */
function anchorsOf(chain: Chain): Chain {
  const [root, ...others] = chain.filter((certificate) => isSignedBy(certificate, certificate));
  return root === undefined ? chain : [root, ...others];
}

async function present(option: 'caCert' | 'caKey', path: string): Promise<string> {
  const text = await readKept(path);
  if (text !== undefined) return text;
  throw new CertificateError(`${path} does not exist: put the file there or correct tls.${option}`);
}
