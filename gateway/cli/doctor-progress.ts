import type { World } from './world.ts';

/** One line on a terminal that says what is being done; it is taken away before anything else is written. */
export interface DoctorProgress {
  show(what: string): void;
  clear(): void;
}

/** Back to the begin of the line, and all of it away. ECMA-48 8.3.41. */
const wiped = '\r\u001b[K';

/** Shows progress on `stderr` when that is a terminal. */
export function doctorProgress({ stderr }: Pick<World, 'stderr'>): DoctorProgress {
  const write = (text: string): void => {
    if (stderr.isTTY) stderr.write(text);
  };
  return {
    show(what) {
      write(`${wiped}${what} …`);
    },
    clear() {
      write(wiped);
    },
  };
}
