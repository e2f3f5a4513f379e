import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CertificateError } from '../certificate-error.ts';

/**
 * How tools run where `root` stands for `/`: under another root than the machine's own they belong to that system, so
 * they run in it. Throws a CertificateError with what the tool said.
 */
export function toolRunner(root: string): (argv: readonly string[]) => Promise<void> {
  return async (argv) => {
    const [program = '', ...args] = root === '/' ? argv : ['chroot', root, ...argv];
    try {
      await promisify(execFile)(program, args, { timeout: 120_000 });
    } catch (cause) {
      const { stderr = '', message } = cause as Error & { stderr?: string };
      throw new CertificateError(`${argv.join(' ')} failed: ${stderr.trim() || message}`, { cause });
    }
  };
}
