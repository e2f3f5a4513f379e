import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';

/** A certificate from files needs both files; the other profiles make their own. */
export function* checkTls({ tls }: Outline): Iterable<Finding> {
  const ownFiles = tls.profile === 'files';
  const made = tls.profile === undefined || tls.profile === 'ca' || tls.profile === 'self-signed';
  for (const key of ['cert', 'key'] as const) {
    const path = ['tls', key];
    if (ownFiles && tls[key] === undefined) {
      yield { path, message: 'is missing; profile: files needs cert and key, the PEM files to serve' };
    } else if (made && tls[key] !== undefined) {
      yield { path, message: 'is only used with profile: files; write that, or take this key out' };
    }
  }
}
