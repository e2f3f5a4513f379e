import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';
import { keepFolder } from './keep.ts';
import { keyId, keyPem, newKey, publicPem } from './key.ts';
import { whileLocked } from './lock.ts';
import { ensurePair } from './pair.ts';
import type { Issuer, KeptPair, Pair, Wish } from './pair.ts';
import { served } from './served.ts';
import type { ServedCertificates } from './served.ts';
import { isSignedBy } from './signed-by.ts';
import { keepTrust, refuseBesideCa } from './trust-copy.ts';
import { SERVER_LIFE, validityFrom } from './validity.ts';

/**
 * Profile `self-signed`: one certificate (server.crt, server.key) in `directory` as wished for, with a copy
 * as ca.crt for the clients. Throws a CertificateError when the folder holds a CA.
 */
export async function serveSelfSigned(directory: string, wish: Wish): Promise<ServedCertificates> {
  const warnings = await keepFolder(directory);
  return whileLocked(directory, async () => {
    await refuseBesideCa(directory, 'go back to tls.profile: ca');
    const issuer: Issuer = {
      vouchesFor: (certificate) => isSignedBy(certificate, certificate),
      sent: [],
      issue: (names) => issueSelfSigned(names, wish.now),
    };
    const pair = await ensurePair(directory, issuer, wish);
    const trust = await keepTrust(directory, pair.chain);
    const renewal = pair.issued === 'renewed' ? [renewalWarning(trust, pair)] : [];
    return served({
      ...pair,
      authority: pair.chain,
      takeover: undefined,
      warnings: [...warnings, ...pair.warnings, ...renewal],
    });
  });
}

function renewalWarning(trust: string, { reason }: KeptPair): string {
  return `the self-signed certificate was replaced (${reason}): every client has to trust the new ${trust}; with tls.profile: ca they trust once`;
}

/**
 * One certificate that is server and trust anchor at once. It says CA:TRUE with keyCertSign, because trust stores
 * built by p11-kit (Fedora, RHEL) drop any other; pathlen 0, so that its key can make no further CA.
 */
async function issueSelfSigned(names: readonly string[], now: Date): Promise<Pair> {
  const key = await newKey(2048);
  const { notBefore, notAfter } = validityFrom(now, SERVER_LIFE);
  // Two certificates never share a subject: a client that has both as trust anchors would confuse them.
  const subject = [
    { name: 'organizationName', value: 'Dockgate' },
    { name: 'commonName', value: `Dockgate self-signed ${keyId(key)}` },
  ];
  const { cert } = await generate(subject, {
    algorithm: 'sha256',
    keyPair: { privateKey: keyPem(key), publicKey: publicPem(key) },
    notBeforeDate: notBefore,
    notAfterDate: notAfter,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { chain: [new X509Certificate(cert)], key };
}
