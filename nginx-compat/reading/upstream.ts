import type { Directive, Position } from '../parse.ts';

/** One `server` of an `upstream`. */
export interface UpstreamServer {
  /** As written: `10.0.0.5:8082`, `nexus`, `unix:/run/x.sock`. */
  readonly address: string;
  readonly weight: number;
  readonly backup: boolean;
  readonly down: boolean;
  readonly at: Position;
}

/** An `upstream` block. */
export interface Upstream {
  readonly name: string;
  readonly servers: readonly UpstreamServer[];
  /** Idle connections that are kept, by each worker process. */
  readonly keepalive: number | undefined;
  /** How one of several servers is chosen: `round_robin`, or the name of the directive. */
  readonly balancing: string;
  readonly directives: readonly Directive[];
  readonly at: Position;
}

const balancers = new Set(['ip_hash', 'least_conn', 'hash', 'random', 'least_time', 'sticky']);

/** Reads an `upstream` block. */
export function readUpstream({ args, block = [], at }: Directive): Upstream {
  const keepalive = block.find(({ name }) => name === 'keepalive')?.args[0]?.text;
  return {
    name: args[0]?.text ?? '',
    servers: block.filter(({ name }) => name === 'server').map(readServer),
    keepalive: keepalive === undefined ? undefined : Number(keepalive),
    balancing: block.find(({ name }) => balancers.has(name))?.name ?? 'round_robin',
    directives: block,
    at,
  };
}

function readServer({ args, at }: Directive): UpstreamServer {
  const [address = '', ...options] = args.map(({ text }) => text);
  const weight = options.find((each) => each.startsWith('weight='))?.slice('weight='.length);
  return {
    address,
    weight: weight === undefined ? 1 : Number(weight),
    backup: options.includes('backup'),
    down: options.includes('down'),
    at,
  };
}
