import { setTimeout as sleep } from 'node:timers/promises';

/** Fulfils once the condition holds; throws after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error('it did not come to that in 10 s');
}
