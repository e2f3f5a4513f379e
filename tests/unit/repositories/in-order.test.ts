import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inOrder } from '../../../registry/repositories/in-order.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Members that answer their own name after some time, in ms; a negative time is that of a failure. */
function members(times: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const ask = (who: string): Promise<string> => {
    asked.push(who);
    const time = times[who] ?? 0;
    return new Promise((resolve, reject) =>
      setTimeout(() => {
        if (time < 0) reject(new Error(who));
        else resolve(who);
      }, Math.abs(time)),
    );
  };
  return { asked, ask, all: Object.keys(times) };
}

async function collect(
  { all, ask }: ReturnType<typeof members>,
  most: number,
  discard: (unused: string) => void = () => undefined,
): Promise<string[]> {
  const got: string[] = [];
  for await (const { who, answer } of inOrder(all, ask, discard)) {
    got.push(`${who} ${answer.status}`);
    if (got.length === most) break;
  }
  return got;
}

test('who answers soon is asked alone', async () => {
  const some = members({ a: 10, b: 10, c: 10 });
  const got = collect(some, 1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await got).toEqual(['a fulfilled']);
  expect(some.asked).toEqual(['a']);
  expect(vi.getTimerCount()).toBe(0);
});

test('answers come in the order of asking, failures among them', async () => {
  const some = members({ a: 10, b: -10, c: 10 });
  const got = collect(some, 3);
  await vi.advanceTimersByTimeAsync(100);
  expect(await got).toEqual(['a fulfilled', 'b rejected', 'c fulfilled']);
});

test('several who hang cost hardly more time than one', async () => {
  const some = members({ a: -25_000, b: -25_000, c: -25_000, d: 10 });
  const got = collect(some, 4);
  await vi.advanceTimersByTimeAsync(31_100);
  expect(await got).toEqual(['a rejected', 'b rejected', 'c rejected', 'd fulfilled']);
});

test('the first still wins when it answers after the others', async () => {
  const some = members({ a: 20_000, b: 10, c: 10 });
  const unused: string[] = [];
  const got = collect(some, 1, (each) => unused.push(each));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await got).toEqual(['a fulfilled']);
  expect(some.asked).toEqual(['a', 'b', 'c']);
  expect(unused).toEqual(['b', 'c']);
});

test('what comes when nobody takes any more is given back', async () => {
  const some = members({ a: 4000, b: 60_000 });
  const unused: string[] = [];
  const got = collect(some, 1, (each) => unused.push(each));
  await vi.advanceTimersByTimeAsync(5000);
  expect(await got).toEqual(['a fulfilled']);
  expect(unused).toEqual([]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(unused).toEqual(['b']);
});
