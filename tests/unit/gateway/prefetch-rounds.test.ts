import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PrefetchEvent } from '../../../registry/index.ts';
import type { Log } from '../../../gateway/log.ts';
import { startPrefetchRounds, type Claims, type PrefetchRounds } from '../../../gateway/prefetch-rounds.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Claims in memory, which end when their time is over. */
function claims(): Claims & { readonly holder: () => string | undefined } {
  let held: { by: string; until: number } | undefined;
  const live = (): typeof held => (held && held.until > Date.now() ? held : undefined);
  return {
    claim: (_key, by, until) => {
      const ours = (live()?.by ?? by) === by;
      if (ours) held = { by, until };
      return Promise.resolve(ours);
    },
    release: (_key, by) => {
      if (held?.by === by) held = undefined;
      return Promise.resolve();
    },
    holder: () => live()?.by,
  };
}

/** A gateway that prefetches; a round lasts until `end` is called. */
function gateway(shared: Claims, interval: number) {
  const lines: string[] = [];
  const note = (message: string, facts = {}): void => void lines.push(`${message} ${JSON.stringify(facts)}`);
  const log: Log = { error: note, warn: note, info: note, debug: note };
  const running: (() => void)[] = [];
  let rounds = 0;
  async function* fetch(signal: AbortSignal): AsyncIterable<PrefetchEvent> {
    rounds += 1;
    yield { image: 'x:1', kind: 'failed', reason: 'not there' };
    await new Promise<void>((resolve) => {
      running.push(resolve);
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    if (signal.aborted) yield { image: 'y:1', kind: 'failed', reason: 'the gateway stops' };
    else yield { image: 'y:1', kind: 'done', blobs: 2, bytes: 10, held: 1 };
  }
  const started: PrefetchRounds = startPrefetchRounds({ fetch, interval, claims: shared, log });
  return { ...started, lines, rounds: () => rounds, end: () => running.pop()?.() };
}

test('begins soon, goes on after the interval, and never twice at one time', async () => {
  const one = gateway(claims(), 60_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(one.rounds()).toBe(1);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(one.rounds()).toBe(1);
  one.end();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(one.rounds()).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(one.rounds()).toBe(2);
  expect(one.lines.slice(0, 2)).toEqual([
    'prefetch failed {"image":"x:1","reason":"not there"}',
    'prefetched {"image":"y:1","blobs":2,"bytes":10,"held":1}',
  ]);
  await one.stop();
});

test('one of two gateways does it, the other when that stops or is gone', async () => {
  const shared = claims();
  const [one, other] = [gateway(shared, 60_000), gateway(shared, 60_000)];
  await vi.advanceTimersByTimeAsync(300_000);
  expect([one.rounds(), other.rounds()]).toEqual([1, 0]);
  await one.stop();
  expect(shared.holder()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(30_000);
  expect([one.rounds(), other.rounds()]).toEqual([1, 1]);
  await other.stop();
});

test('stopping ends the round, without a word of failure', async () => {
  const one = gateway(claims(), 60_000);
  await vi.advanceTimersByTimeAsync(5_000);
  await one.stop();
  expect(one.lines).toEqual(['prefetch failed {"image":"x:1","reason":"not there"}']);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(one.rounds()).toBe(1);
});

test('a store that fails is told of, and asked again', async () => {
  const shared = claims();
  let broken = true;
  const claim: Claims['claim'] = (...args) =>
    broken ? Promise.reject(new Error('disk')) : shared.claim(...args);
  const one = gateway({ ...shared, claim }, 60_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(one.lines).toEqual(['prefetch cannot be claimed {"fault":"disk"}']);
  broken = false;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(one.rounds()).toBe(1);
  await one.stop();
});
