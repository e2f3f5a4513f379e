import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Memory of a process in bytes: `resident` now, and the most that it ever was. */
export interface Memory {
  readonly resident: number;
  readonly peak: number;
}

/** How much memory a process has; the kernel itself keeps the peak, so none is missed. */
export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (row: string): number =>
    1024 * Number(new RegExp(`^${row}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Bytes in whole MiB, for messages. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

/** What each open file descriptor of a process leads to, in the order of their numbers. */
export async function openFiles(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => link !== '');
}

/** Asks again every 50 ms until the answer is yes or `timeout` ms have passed; answers the last answer. */
export async function eventually(ask: () => boolean | Promise<boolean>, timeout = 10_000): Promise<boolean> {
  const last = Date.now() + timeout;
  while (Date.now() < last) {
    if (await ask()) return true;
    await sleep(50);
  }
  return ask();
}
