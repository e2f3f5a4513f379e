/** What is said to who has waited long enough. */
export type OnImpatience = () => Error;

/**
 * Runs `work` with a signal that fires after `limit` ms with `says` as its reason, so that a client is answered before
 * it gives up; whatever has begun by then and does not look at the signal goes on.
 */
export async function withPatience<T>(
  limit: number,
  says: OnImpatience,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(says());
  }, limit);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
