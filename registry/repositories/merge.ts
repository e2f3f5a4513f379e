/** Work that gives values until its signal ends it. */
type Work<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

/**
 * The values of several pieces of work as they come, of which `most` run at one time. The first that throws, and a
 * caller who leaves, end all of them.
 */
export async function* merge<T>(
  work: readonly Work<T>[],
  most: number,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const waiting = work.values();
  const running = new Map<AsyncGenerator<T, void, undefined>, ReturnType<typeof step<T>>>();
  const begin = (): void => {
    const next = waiting.next();
    if (next.done) return;
    const each = next.value(either);
    running.set(each, step(each));
  };
  try {
    for (let begun = 0; begun < most; begun += 1) begin();
    while (running.size > 0) {
      const { each, result } = await Promise.race(running.values());
      if (result.done) {
        running.delete(each);
        begin();
      } else {
        yield result.value;
        running.set(each, step(each));
      }
    }
  } finally {
    ending.abort(new Error('nobody waits for it any more'));
    await Promise.all([...running.keys()].map((each) => each.return()));
  }
}

async function step<T>(each: AsyncGenerator<T, void, undefined>) {
  return { each, result: await each.next() };
}
