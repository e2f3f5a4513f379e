import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';

/** A certificate from files needs both files; the other profiles make their own, and only one of them has a CA. */
export function* checkTls({ tls }: Outline): Iterable<Finding> {
  const ownFiles = tls.profile === 'files';
  const made = [undefined, 'ca', 'self-signed', 'acme'].some((profile) => tls.profile === profile);
  for (const key of ['cert', 'key'] as const) {
    const path = ['tls', key];
    if (ownFiles && tls[key] === undefined) {
      yield { path, message: 'is missing; profile: files needs cert and key, the PEM files to serve' };
    } else if (made && tls[key] !== undefined) {
      yield { path, message: 'is only used with profile: files; write that, or take this key out' };
    }
  }
  yield* checkCa(tls);
}

function* checkCa(tls: Outline['tls']): Iterable<Finding> {
  const withoutCa = ['self-signed', 'files', 'acme'].some((profile) => tls.profile === profile);
  const ownCa = tls.caCert !== undefined || tls.caKey !== undefined;
  for (const key of ['caCert', 'caKey', 'constrainNames', 'overlap'] as const) {
    const path = ['tls', key];
    if (withoutCa && tls[key] !== undefined) {
      yield { path, message: 'is only used with profile: ca; write that, or take this key out' };
    } else if (ownCa && !withoutCa && !key.startsWith('ca') && tls[key] !== undefined) {
      yield {
        path,
        message: 'is about the CA that Dockgate makes; take it out, or caCert and caKey',
      };
    }
  }
  if (withoutCa || !ownCa) return;
  for (const key of ['caCert', 'caKey'] as const) {
    if (tls[key] !== undefined) continue;
    yield { path: ['tls', key], message: 'is missing; caCert and caKey go together' };
  }
}
