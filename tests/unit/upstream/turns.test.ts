import { expect, test } from 'vitest';
import { Turns } from '../../../registry/upstream/turns.ts';

const never = new AbortController().signal;

/** Lets every promise that can be fulfilled now be so. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('so many go at once, the others in the order of their coming', async () => {
  const turns = new Turns(2);
  const order: number[] = [];
  const leaves = new Map<number, () => void>();
  for (const each of [1, 2, 3, 4]) {
    void turns.take('a', never).then((leave) => {
      order.push(each);
      leaves.set(each, leave);
    });
  }
  await settled();
  expect([order, turns.running, turns.waiting]).toEqual([[1, 2], 2, 2]);
  leaves.get(2)?.();
  leaves.get(2)?.();
  await settled();
  expect([order, turns.running, turns.waiting]).toEqual([[1, 2, 3], 2, 1]);
  for (const each of [1, 3]) leaves.get(each)?.();
  await settled();
  leaves.get(4)?.();
  expect([order, turns.running, turns.waiting]).toEqual([[1, 2, 3, 4], 0, 0]);
});

test('who waits for one host does not hold up another', async () => {
  const turns = new Turns(1);
  await turns.take('a', never);
  void turns.take('a', never);
  await turns.take('b', never);
  expect([turns.running, turns.waiting]).toEqual([2, 1]);
});

test('who gives up leaves the line, and his turn goes to the next', async () => {
  const turns = new Turns(1);
  const leave = await turns.take('a', never);
  const abort = new AbortController();
  const given = turns.take('a', abort.signal);
  const next = turns.take('a', never);
  const reason = new Error('the client left');
  abort.abort(reason);
  await expect(given).rejects.toBe(reason);
  expect(turns.waiting).toBe(1);
  leave();
  (await next)();
  expect([turns.running, turns.waiting]).toEqual([0, 0]);
});

test('who comes after his signal has fired takes no turn', async () => {
  const turns = new Turns(1);
  const reason = new Error('too late');
  await expect(turns.take('a', AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(turns.running).toBe(0);
});
