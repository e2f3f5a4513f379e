/** How long one who is slow is asked alone, in ms: clients wait for half a minute, and for all members together. */
const headStart = 3000;

/** What one of several said; a promise that is not taken is given back to `discard`. */
export interface Asked<A, T> {
  readonly who: A;
  readonly answer: PromiseSettledResult<T>;
}

/**
 * Asks one after the other and gives the answers in that order, until nobody takes more. While one does not answer, the
 * next are asked too, so that several who hang cost hardly more time than one; what they say is given only when it is
 * their turn, and to `discard` when that never comes.
 */
export async function* inOrder<A, T>(
  all: readonly A[],
  ask: (who: A) => Promise<T>,
  discard: (unused: T) => void,
): AsyncGenerator<Asked<A, T>, void, undefined> {
  const running: Promise<PromiseSettledResult<T>>[] = [];
  const start = (at: number): Promise<PromiseSettledResult<T>> =>
    (running[at] ??= Promise.allSettled([ask(all[at] as A)]).then(([only]) => only));
  let taken = 0;
  try {
    for (const who of all) {
      const answer = start(taken);
      const company = setInterval(() => {
        if (running.length < all.length) void start(running.length);
      }, headStart);
      const settled = await answer.finally(() => {
        clearInterval(company);
      });
      taken += 1;
      yield { who, answer: settled };
    }
  } finally {
    for (const unused of running.slice(taken))
      void unused.then((each) => {
        if (each.status === 'fulfilled') discard(each.value);
      });
  }
}
