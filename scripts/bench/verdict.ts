import { median, type Sample } from './measure.ts';
import type { Results } from './match.ts';
import type { Match, Options } from './options.ts';

/** One line of the table: the same quantity of both servers, and Dockgate's in parts of the other's. */
export interface Line {
  readonly quantity: string;
  readonly values: readonly number[];
  readonly digits: number;
  readonly ratio: number;
  /** What the ratio must be, where that is laid down. */
  readonly floor?: { readonly text: string; readonly held: boolean };
}

interface Quantity {
  readonly task: Match;
  readonly name: (options: Options) => string;
  readonly of: (sample: Sample) => number;
  readonly digits: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

const blob = ({ blobSize }: Options): string => `${blobSize / 1024 ** 2} MiB blob`;

const QUANTITIES: readonly Quantity[] = [
  {
    task: 'pull',
    name: (options) => `pull of a ${blob(options)}, CPU-seconds`,
    of: (sample) => sample.cpuSeconds,
    digits: 2,
    atMost: 0.9,
  },
  {
    task: 'pull',
    name: (options) => `pull of a ${blob(options)}, seconds on the clock`,
    of: (sample) => sample.seconds,
    digits: 2,
  },
  {
    task: 'push',
    name: (options) => `push of a ${blob(options)}, CPU-seconds`,
    of: (sample) => sample.cpuSeconds,
    digits: 2,
    atMost: 0.7,
  },
  {
    task: 'push',
    name: (options) => `push of a ${blob(options)}, seconds on the clock`,
    of: (sample) => sample.seconds,
    digits: 2,
  },
  {
    task: 'manifest',
    name: () => 'manifest GET by tag, requests/s',
    of: ({ requests, seconds }) => requests / seconds,
    digits: 0,
    atLeast: 8,
  },
  {
    task: 'manifest',
    name: () => 'manifest GET by tag, requests per CPU-second',
    of: (sample) => sample.requests / sample.cpuSeconds,
    digits: 0,
  },
  {
    task: 'manifest',
    name: () => 'manifest GET by tag, share of its core that the server used',
    of: (sample) => sample.cpuSeconds / sample.seconds,
    digits: 2,
  },
];

/** The medians side by side; `memory` is the peak of each server in bytes. */
export function judge(results: Results, memory: readonly number[], options: Options): readonly Line[] {
  const measured = QUANTITIES.flatMap((quantity) => {
    const samples = results[quantity.task];
    return samples
      ? [
          lineOf(
            quantity,
            samples.map((each) => median(each.map(quantity.of))),
            options,
          ),
        ]
      : [];
  });
  // Where nothing was measured at them, it is that of servers that did nothing.
  if (measured.length === 0) return [];
  const mib = memory.map((bytes) => bytes / 1024 ** 2);
  return [
    ...measured,
    { quantity: 'peak resident memory of the whole run, MiB', values: mib, digits: 0, ratio: ratioOf(mib) },
  ];
}

function lineOf(
  { name, digits, atMost, atLeast }: Quantity,
  values: readonly number[],
  options: Options,
): Line {
  const ratio = ratioOf(values);
  const line = { quantity: name(options), values, digits, ratio };
  if (atMost !== undefined) return { ...line, floor: { text: `≤ ${atMost}`, held: ratio <= atMost } };
  if (atLeast !== undefined) return { ...line, floor: { text: `≥ ${atLeast}`, held: ratio >= atLeast } };
  return line;
}

function ratioOf([ours = Number.NaN, theirs = Number.NaN]: readonly number[]): number {
  return ours / theirs;
}
