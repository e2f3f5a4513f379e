import { parseArgs } from 'node:util';

/** What is measured at both servers in turn. */
export const MATCHES = ['pull', 'push', 'manifest'] as const;
export type Match = (typeof MATCHES)[number];

/** What can be measured. */
export const TASKS = [...MATCHES, 'fetch', 'forward'] as const;
export type Task = (typeof TASKS)[number];

/** What a run of the benchmark does. */
export interface Options {
  readonly tasks: readonly Task[];
  /** Of the blob that is pulled and pushed, in bytes. */
  readonly blobSize: number;
  /** Of the blob that a hundred clients pull through Dockgate, in bytes. */
  readonly fetchedSize: number;
  /** How often each server is measured at each task; the median counts. */
  readonly rounds: number;
  /** How long manifests are asked for in a round, in seconds. */
  readonly manifestSeconds: number;
  /** JSON instead of the table. */
  readonly json: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [--quick] [--only pull|push|manifest|fetch|forward]... [--json]

Measures Dockgate beside Debian's docker-registry and, at forwarding, nginx, see docs/benchmarks.md.

  --quick   256 MiB instead of 1 GiB (fetch: 64 of 200), three rounds instead of five: for a look, not for the record
  --only T  only this task; may be repeated
  --json    every sample as JSON instead of the table

Exit code: 0, 1 when a floor is missed or the run failed, 2 for wrong usage.`;

const MIB = 1024 * 1024;

/** Reads the command line; throws a TypeError with what is wrong. */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only ?? TASKS;
  const unknown = only.find((each) => !TASKS.some((task) => task === each));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: it is one of ${TASKS.join(', ')}`);
  const extent = values.quick
    ? { blobSize: 256 * MIB, fetchedSize: 64 * MIB, rounds: 3, manifestSeconds: 3 }
    : { blobSize: 1024 * MIB, fetchedSize: 200 * MIB, rounds: 5, manifestSeconds: 10 };
  return {
    ...extent,
    tasks: TASKS.filter((task) => only.includes(task)),
    json: values.json,
    help: values.help,
  };
}
