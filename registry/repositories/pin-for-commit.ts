import type { Pins } from '../metadata/index.ts';
import type { Digest } from '../model/index.ts';

/** How long eviction leaves a blob alone that is being committed, in ms. */
const commitTime = 60_000;

/** Keeps eviction, which has perhaps just found these bytes without a name, from taking them before they get one. */
export async function pinForCommit(pins: Pick<Pins, 'pin'>, digest: Digest): Promise<void> {
  await pins.pin([digest], Date.now() + commitTime);
}
