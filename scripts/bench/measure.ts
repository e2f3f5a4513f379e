import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { cpuSeconds } from './process-cost.ts';

/** What one round took: processor time of the server, time on the clock, and how many requests were answered. */
export interface Sample {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly requests: number;
}

/** Long enough for a server to do what it left for after its answer, in ms. */
const settle = 300;

/** Measures a server while `work` runs; `work` answers the number of requests. */
export async function measure({ pid }: Contender, work: () => Promise<number>): Promise<Sample> {
  await sleep(settle);
  const before = cpuSeconds(pid);
  const started = performance.now();
  const requests = await work();
  const seconds = (performance.now() - started) / 1000;
  await sleep(settle);
  return { cpuSeconds: cpuSeconds(pid) - before, seconds, requests };
}

/** The middle value, for an even number of them the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const half = (sorted.length - 1) / 2;
  return (at(Math.floor(half)) + at(Math.ceil(half))) / 2;
}
