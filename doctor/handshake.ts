import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls, { type DetailedPeerCertificate, type SecureVersion } from 'node:tls';
import { hostOf } from './address.ts';
import type { Handshake, Visit } from './visit.ts';

/** Shakes hands with whoever answers, in one version of TLS when one is named. Throws what the connection throws. */
export function shakeHands(
  { base, trust, signal }: Pick<Visit, 'base' | 'trust' | 'signal'>,
  version?: SecureVersion,
): Promise<Handshake> {
  const host = hostOf(base);
  const only = version && { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' };
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: Number(base.port || 443),
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
      // Names are judged by their own check.
      checkServerIdentity: () => undefined,
      ...(only ?? { secureContext: trust }),
    });
    const abort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort);
    socket.once('error', reject).once('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('the connection was closed during the handshake'));
    });
    socket.once('secureConnect', () => {
      const fault = socket.authorized ? undefined : codeOf(socket.authorizationError);
      const protocol = socket.getProtocol() ?? 'unknown';
      resolve({ chain: chainOf(socket.getPeerCertificate(true)), fault, protocol });
      socket.destroy();
    });
  });
}

/** The types say Error, the library gives the code. */
function codeOf(fault: unknown): string {
  return fault instanceof Error ? ((fault as NodeJS.ErrnoException).code ?? fault.message) : String(fault);
}

function chainOf(leaf: DetailedPeerCertificate): Handshake['chain'] {
  const chain: [X509Certificate, ...X509Certificate[]] = [new X509Certificate(leaf.raw)];
  let last = leaf;
  // A root is its own issuer.
  for (let next = parentOf(last); next && next !== last && chain.length < 10; next = parentOf(next)) {
    if (next.fingerprint256 === last.fingerprint256) break;
    chain.push(new X509Certificate(next.raw));
    last = next;
  }
  return chain;
}

/** Undefined at the end of an incomplete chain, whatever the types say. */
function parentOf({ issuerCertificate }: DetailedPeerCertificate): DetailedPeerCertificate | undefined {
  return issuerCertificate;
}
