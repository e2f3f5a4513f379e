import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second on every architecture. proc(5), sysconf(3). */
const ticksPerSecond = 100;

/** Processor time, user and system, that a process and everything it started have used so far, in seconds. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, each) => sum + ticksOf(each), 0) / ticksPerSecond;
}

/** The most memory that a process and everything it started had resident, each at its own peak, in bytes. */
export function peakMemory(pid: number): number {
  return family(pid).reduce((sum, each) => {
    const kib = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1];
    return sum + Number(kib ?? 0) * 1024;
  }, 0);
}

function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
    .filter((text) => text.trim() !== '');
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** Fields 14 to 17 of proc(5) "stat": its own time, and that of children that have ended. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in parentheses that may hold spaces; the third comes after the last ")".
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}
