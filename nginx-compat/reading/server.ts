import type { Directive, Position, Word } from '../parse.ts';
import { readListen, standardListen, type Listen } from './listen.ts';
import { readLocations, type Location } from './location.ts';
import type { NginxMap } from './map.ts';
import { patternOf, type Pattern } from './pattern.ts';
import { nearestAll, own, scopeOf, type Scope } from './scope.ts';
import type { Upstream } from './upstream.ts';

/** What all servers share. */
export interface Http {
  readonly scope: Scope;
  /** By name. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** By variable, without `$`. */
  readonly maps: ReadonlyMap<string, NginxMap>;
  /** Variables of `geo`, `split_clients` and of modules: their values are not known here. */
  readonly foreign: ReadonlyMap<string, Position>;
  /** Variables that some `set` gives a value: empty where it is not reached. */
  readonly assigned: ReadonlySet<string>;
}

/** A name of a server; `pattern` when it begins with `~`. */
export interface ServerName {
  readonly text: string;
  readonly pattern?: Pattern;
  readonly at: Position;
}

/** A certificate that a server shows, as named; the paths may have variables. */
export interface CertificateFiles {
  readonly certificate: Word;
  readonly key: Word | undefined;
}

/** A `server` block. */
export interface Server {
  readonly http: Http;
  readonly scope: Scope;
  readonly listens: readonly Listen[];
  readonly names: readonly ServerName[];
  readonly certificates: readonly CertificateFiles[];
  readonly locations: readonly Location[];
  readonly at: Position;
}

/** Reads the inside of a `server` block. */
export function readServer(directives: readonly Directive[], http: Http, at: Position): Server {
  const scope = scopeOf('server', directives, at, http.scope);
  return {
    http,
    scope,
    listens: listensOf(scope),
    names: own(scope, 'server_name').flatMap(({ args }) => args.map(nameOf)),
    certificates: certificatesOf(scope),
    locations: readLocations(scope),
    at,
  };
}

/** Whether a connection to this place is TLS; `ssl on`, of nginx before 1.25, makes every port so. */
function listensOf(scope: Scope): readonly Listen[] {
  const listens = own(scope, 'listen')
    .map(readListen)
    .filter((each) => each !== undefined);
  const all = listens.length === 0 ? [standardListen(scope.at)] : listens;
  const everywhere = nearestAll(scope, 'ssl').at(-1)?.args[0]?.text === 'on';
  return everywhere ? all.map((each) => ({ ...each, ssl: true })) : all;
}

function nameOf({ text, at }: Word): ServerName {
  return text.startsWith('~') ? { text, pattern: patternOf(text.slice(1), true), at } : { text, at };
}

function certificatesOf(scope: Scope): readonly CertificateFiles[] {
  const keys = words(scope, 'ssl_certificate_key');
  return words(scope, 'ssl_certificate').map((certificate, index) => ({ certificate, key: keys[index] }));
}

function words(scope: Scope, name: string): readonly Word[] {
  return nearestAll(scope, name).flatMap(({ args }) => args.slice(0, 1));
}
