import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { CertificateError } from '../certificate-error.ts';

const PATIENCE = 60_000; // milliseconds

/**
 * Runs `work` while no other process (nor another call in this one) does so under this root, and no setup script. The
 * lock is one on the folder itself (flock(2)): there is no file to leave behind, and the system frees it whatever ends
 * the process. flock(1) sets it, since Node cannot and the scripts do; where that is missing nothing is locked. Throws a
 * CertificateError when the turn does not come within a minute.
 */
export async function oneAtATime<T>(root: string, work: () => Promise<T>): Promise<T> {
  const folder = await open(root, 'r');
  try {
    await lock(folder.fd);
    return await work();
  } finally {
    await folder.close();
  }
}

/** The lock belongs to the open folder, which flock shares with us, and stays when flock has ended. */
async function lock(folder: number): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    await once(spawn('flock', ['3'], { stdio: ['ignore', 'ignore', 'ignore', folder], signal }), 'exit');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new CertificateError(
      'another dockgate trust, or a setup script, is at work on this machine: wait until it is done',
      { cause },
    );
  }
}
