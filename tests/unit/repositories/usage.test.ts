import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Place, Usage } from '../../../registry/metadata/index.ts';
import { parseName, type Digest } from '../../../registry/model/index.ts';
import { PullNotes } from '../../../registry/repositories/usage.ts';
import { digestOf } from '../upstream/scripted.ts';

const place = { repository: 'hub', name: parseName('team/app') };
const [one, other] = [digestOf('one'), digestOf('other')];

interface Write {
  readonly entries: readonly { readonly place: Place; readonly digest: Digest }[];
  readonly at: number;
}

/** Notes over a store that remembers its writes, and fails while it is told to. */
function start() {
  const writes: Write[] = [];
  const faults: unknown[] = [];
  const state = { fails: false };
  const usage: Usage = {
    pulled(entries, at) {
      if (state.fails) return Promise.reject(new Error('full'));
      writes.push({ entries, at });
      return Promise.resolve();
    },
  };
  return { notes: new PullNotes(usage, (fault) => faults.push(fault)), writes, faults, state };
}

describe('pulls', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('are written together and later', async () => {
    const { notes, writes } = start();
    notes.pulled(place, one);
    notes.pulled(place, other);
    notes.pulled(place, one);
    expect(writes).toEqual([]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(writes).toEqual([
      {
        entries: [
          { place, digest: one },
          { place, digest: other },
        ],
        at: Date.now(),
      },
    ]);
  });

  test('of the same are news once a minute; another name is another', async () => {
    const { notes, writes } = start();
    const counts: number[] = [];
    for (let second = 0; second < 120; second += 1) {
      notes.pulled(place, one);
      await vi.advanceTimersByTimeAsync(1000);
    }
    counts.push(writes.length);
    notes.pulled({ ...place, name: parseName('x') }, one);
    await notes.close();
    counts.push(writes.length);
    expect(counts).toEqual([2, 3]);
    expect(writes.map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  });

  test('that were gathered are written at the end, and none after it', async () => {
    const { notes, writes } = start();
    notes.pulled(place, one);
    await notes.close();
    expect(writes).toHaveLength(1);
    notes.pulled(place, other);
    await vi.advanceTimersByTimeAsync(60_000);
    await notes.close();
    expect(writes).toHaveLength(1);
  });

  test('in great number are written in several transactions', async () => {
    const { notes, writes } = start();
    for (let each = 0; each < 1200; each += 1) notes.pulled(place, digestOf(String(each)));
    await notes.close();
    expect(writes.map(({ entries }) => entries.length)).toEqual([500, 500, 200]);
  });

  test('that could not be written are reported, and are news the next time', async () => {
    const { notes, writes, faults, state } = start();
    state.fails = true;
    notes.pulled(place, one);
    await vi.advanceTimersByTimeAsync(5000);
    expect(faults).toEqual([new Error('full')]);
    state.fails = false;
    notes.pulled(place, one);
    await vi.advanceTimersByTimeAsync(5000);
    expect(writes).toHaveLength(1);
  });

  test('keep no process alive', () => {
    const { notes } = start();
    const set = vi.spyOn(globalThis, 'setTimeout');
    notes.pulled(place, one);
    const [timer] = set.mock.results;
    expect((timer?.value as NodeJS.Timeout).hasRef()).toBe(false);
  });
});
