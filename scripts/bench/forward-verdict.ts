import type { ForwardResults } from './forward.ts';
import { median, type Sample } from './measure.ts';
import type { Options } from './options.ts';
import type { Line } from './verdict.ts';

/** Dockgate beside nginx, both passing the same on to the same servers. */
export function judgeForward({ large, small }: ForwardResults, { blobSize }: Options): readonly Line[] {
  const size = `${blobSize / 1024 ** 2} MiB`;
  const pulls = large.pull ?? [];
  const pushes = large.push ?? [];
  return [
    line(`forwarded pull of ${size}, CPU-seconds, beside nginx`, pulls, 2, ({ cpuSeconds }) => cpuSeconds),
    line(`forwarded pull of ${size}, seconds on the clock, beside nginx`, pulls, 2, ({ seconds }) => seconds),
    line(`forwarded push of ${size}, CPU-seconds, beside nginx`, pushes, 2, ({ cpuSeconds }) => cpuSeconds),
    line(
      `forwarded push of ${size}, seconds on the clock, beside nginx`,
      pushes,
      2,
      ({ seconds }) => seconds,
    ),
    line('small forwarded requests/s, beside nginx', small, 0, (each) => each.requests / each.seconds),
    line(
      'small forwarded requests per CPU-second, beside nginx',
      small,
      0,
      (each) => each.requests / each.cpuSeconds,
    ),
  ];
}

function line(
  quantity: string,
  samples: readonly (readonly Sample[])[],
  digits: number,
  of: (sample: Sample) => number,
): Line {
  const values = samples.map((each) => median(each.map(of)));
  const [ours = Number.NaN, theirs = Number.NaN] = values;
  return { quantity, values, digits, ratio: ours / theirs };
}
