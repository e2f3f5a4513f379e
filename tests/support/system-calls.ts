import { readFile } from 'node:fs/promises';

/** One system call of a traced process; `began` and `ended` are lines of the trace. */
export interface SystemCall {
  readonly name: string;
  /** As strace writes them, with the path of each file descriptor. */
  readonly text: string;
  readonly began: number;
  readonly ended: number;
}

/**
 * What a program is started with, so that its system calls are written to `file`. The tracer is the child and not the
 * parent: signals reach the program.
 */
export function tracing(file: string, calls: readonly string[]): string[] {
  return ['strace', '-D', '-f', '-y', '-s', '16', '-e', `trace=${calls.join(',')}`, '-o', file];
}

/** Reads a trace: calls of several threads overlap, and strace then writes their ends on lines of their own. */
export async function readTrace(file: string): Promise<SystemCall[]> {
  const calls: SystemCall[] = [];
  const open = new Map<string, { text: string; began: number }>();
  for (const [at, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (unfinished !== undefined) open.set(thread, { text: unfinished, began: at });
    else if (resumed !== undefined) {
      const { text = '', began = at } = open.get(thread) ?? {};
      calls.push({ name: nameOf(text), text: text + resumed, began, ended: at });
    } else calls.push({ name: nameOf(rest), text: rest, began: at, ended: at });
  }
  return calls.filter((call) => call.name !== '').sort((a, b) => a.began - b.began);
}

function nameOf(text: string): string {
  return /^(\w+)\(/.exec(text)?.[1] ?? '';
}

/** The first call of which `is` is true and that began after `after` had ended. */
export function firstAfter(
  calls: readonly SystemCall[],
  after: SystemCall | undefined,
  is: (call: SystemCall) => boolean,
): SystemCall | undefined {
  return calls.find((call) => call.began > (after?.ended ?? -1) && is(call));
}
