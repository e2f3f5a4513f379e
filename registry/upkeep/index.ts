import type { UploadSessions } from '../repositories/index.ts';

export type { Evicted, LimitedCache } from './evict.ts';
export { startEviction } from './eviction.ts';

/** Uploads of which nothing was heard for this long are dropped, in ms. */
const uploadIdle = 24 * 60 * 60 * 1000;
const interval = 60 * 60 * 1000;

/** Work that is done now and then until it is stopped. */
export interface Upkeep {
  stop(): void;
}

/** Starts dropping stale uploads, at once and then every hour. */
export function startUpkeep(uploads: UploadSessions, onFault: (fault: unknown) => void): Upkeep {
  const run = (): void => {
    uploads.expire(uploadIdle).catch(onFault);
  };
  run();
  const timer = setInterval(run, interval);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
    },
  };
}
