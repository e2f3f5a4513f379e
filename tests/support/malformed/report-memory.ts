/*
 * Loaded into the gateway before it starts, with --expose-gc: on SIGUSR2 it collects garbage and prints what is left,
 * `memory <turn> <heap> <resident>`, in bytes.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

let turn = 0;

async function report(): Promise<void> {
  // What closes connections and files takes a moment, and finalizers run after a collection.
  for (let round = 0; round < 3; round += 1) {
    await sleep(200);
    globalThis.gc?.();
  }
  const { heapUsed, rss } = process.memoryUsage();
  turn += 1;
  process.stdout.write(`memory ${turn} ${heapUsed} ${rss}\n`);
}

process.on('SIGUSR2', () => void report());
