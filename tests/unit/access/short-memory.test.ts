import { expect, test } from 'vitest';
import { ShortMemory } from '../../../registry/access/short-memory.ts';

test('remembers until the time is over', () => {
  const memory = new ShortMemory<number>(10);
  memory.remember('a', 1, 100);
  expect(memory.recall('a', 99)).toBe(1);
  expect(memory.recall('a', 100)).toBeUndefined();
  expect(memory.recall('a', 99)).toBeUndefined();
  expect(memory.recall('b', 0)).toBeUndefined();
});

test('when it is full the oldest makes room', () => {
  const memory = new ShortMemory<number>(2);
  memory.remember('a', 1, 100);
  memory.remember('b', 2, 100);
  memory.remember('b', 3, 100);
  expect(memory.recall('a', 0)).toBe(1);
  memory.remember('c', 4, 100);
  expect(['a', 'b', 'c'].map((key) => memory.recall(key, 0))).toEqual([undefined, 3, 4]);
});
