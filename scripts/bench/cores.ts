import { readFileSync } from 'node:fs';

/** Which processor core runs the server that is measured, and which the client. */
export interface Cores {
  readonly server: number;
  readonly client: number;
}

/** Two cores that this process may use; the same one twice when there is only one. */
export function chooseCores(): Cores {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const allowed = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const [server = 0, client = server] = allowed;
  return { server, client };
}

/** The command that runs on one core only. taskset becomes the program, so their process id is the same. */
export function onCore(core: number, argv: readonly string[]): readonly [string, ...string[]] {
  return ['taskset', '-c', String(core), ...argv];
}
