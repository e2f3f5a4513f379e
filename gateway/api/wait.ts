import { setTimeout as sleep } from 'node:timers/promises';
import { BadRequest } from './bad-request.ts';
import type { Route } from './route.ts';

/** In seconds: beyond any timeout that a proxy in front should have cut by. */
const longest = 600;

/** Answers after a while, so that the doctor sees whether a proxy in front waits that long. */
export function waitRoute(): Route {
  return {
    method: 'GET',
    path: '/api/v1/wait',
    need: 'credentials',
    async answer({ query, signal }) {
      const text = query.get('seconds') ?? '';
      const seconds = Number(text);
      if (!/^\d{1,3}$/.test(text) || seconds > longest)
        throw new BadRequest(`say how long with ?seconds=N, at most ${longest}`);
      // Whoever has left reads nothing, and when the gateway stops an early answer is better than none.
      await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
      return { json: { seconds } };
    },
  };
}
