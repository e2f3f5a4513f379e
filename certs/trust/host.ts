import { isIPv6 } from 'node:net';
import { CertificateError } from '../certificate-error.ts';

const FORM = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)(?::(\d{1,5}))?$/;

/**
 * A registry as clients type it: `idocker.io`, `10.0.0.5:8443`, `[fd00::1]`; lower case. Clients look for their trust
 * under exactly this, so a port stays where one is typed and is never added. An IPv6 address may come without brackets
 * when it has no port. Throws a CertificateError for anything else.
 */
export function trustHost(text: string): string {
  const bracketed = isIPv6(text) && !text.includes('%') ? `[${text}]` : text;
  const match = FORM.exec(bracketed);
  if (match === null || bracketed.includes('..') || !URL.canParse(`https://${bracketed}`)) {
    throw new CertificateError(
      `'${text}' is no registry: give it as in docker login, such as idocker.io, idocker.io:8443, 10.0.0.5 or [fd00::1]:8443, without https:// and path`,
    );
  }
  return bracketed.toLowerCase();
}

/** A host in the name of a file: no colon and no bracket, which tools of certificate stores and of Windows dislike. */
export function inFileName(host: string): string {
  return host.replaceAll(/[^a-z0-9._-]/g, '_');
}
