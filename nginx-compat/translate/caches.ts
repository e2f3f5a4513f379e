import { bytesOf, nearestWord, own, secondsOf, type Proxied } from '../reading/index.ts';
import type { Directive } from '../parse.ts';

/** A `proxy_cache` that answers pulls. */
export interface Cache {
  /** What the repository is called that takes its place. */
  readonly name: string;
  /** As dockgate.yaml writes them, `32GiB` and `60d`. */
  readonly maxSize: string | undefined;
  readonly maxUnused: string | undefined;
  /** The `proxy_cache_path` of it. */
  readonly path: Directive | undefined;
}

/** The cache in front of a backend; undefined: none. */
export function cacheOf({ scope }: Proxied): Cache | undefined {
  const zone = nearestWord(scope, 'proxy_cache');
  if (zone === undefined || zone === 'off') return undefined;
  let http = scope;
  while (http.parent) http = http.parent;
  const path = own(http, 'proxy_cache_path').find(
    (each) => option(each, 'keys_zone')?.split(':')[0] === zone,
  );
  const size = path && option(path, 'max_size');
  const unused = path && option(path, 'inactive');
  return {
    name: /^[A-Za-z0-9][\w.-]*$/.test(zone) ? zone : 'cache',
    maxSize: size === undefined ? undefined : inBytes(bytesOf(size)),
    maxUnused: unused === undefined ? undefined : inTime(secondsOf(unused)),
    path,
  };
}

function option({ args }: Directive, name: string): string | undefined {
  return args.find(({ text }) => text.startsWith(`${name}=`))?.text.slice(name.length + 1);
}

const units = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

function inBytes(bytes: number | undefined): string | undefined {
  const [name, size] = units.find(([, each]) => bytes !== undefined && bytes > 0 && bytes % each === 0) ?? [];
  return bytes === undefined || size === undefined ? undefined : `${bytes / size}${name}`;
}

const periods = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

function inTime(seconds: number | undefined): string | undefined {
  const [name, length] = periods.find(([, each]) => seconds !== undefined && seconds % each === 0) ?? [];
  return seconds === undefined || length === undefined ? undefined : `${seconds / length}${name}`;
}
