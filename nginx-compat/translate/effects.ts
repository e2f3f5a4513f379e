import type { Directive, Parsed, Position } from '../parse.ts';
import { readNginx, type Outcome, type Server } from '../reading/index.ts';
import { readServer } from '../reading/server.ts';
import { pageProbes, registryProbes, type Probe } from './probes.ts';
import { ask, sitesOf, type Site } from './sites.ts';
import { without } from './without.ts';
import { Words } from './words.ts';

/** What would be different for clients if a directive were not there. */
export interface Effect {
  /** For a pull, and for a push. */
  readonly read: boolean;
  readonly write: boolean;
  /** For anything else that a client of a registry asks. */
  readonly registry: boolean;
  /** For a browser. */
  readonly page: boolean;
}

/** Beyond this many there would be no end of it; then nothing is known to be without effect. */
const mostTrials = 10_000;

const none: Effect = { read: false, write: false, registry: false, page: false };
const kinds = ['read', 'write', 'registry', 'page'] as const;

/** Finds out what a directive does by leaving it out: its place in the file says too little in nginx. */
export class Effects {
  readonly #parsed: Parsed;
  readonly #sites: ReadonlyMap<Server, readonly Site[]>;
  readonly #words: Words;
  readonly #before = new Map<Site, Answers>();
  readonly #known = new Map<Position, ReadonlyMap<Server, Effect> | undefined>();
  #trials = 0;

  constructor(parsed: Parsed, servers: readonly Server[]) {
    this.#parsed = parsed;
    this.#sites = Map.groupBy(sitesOf({ servers }), ({ server }) => server);
    this.#words = new Words(servers);
  }

  /** Of a directive within a server block. Undefined when too much has been asked. */
  within(server: Server, directive: Directive): Effect | undefined {
    const effects = this.#remember(directive, () => {
      const directives = without(server.scope.directives, directive);
      return new Map([[server, this.#compare(server, readServer(directives, server.http, server.at))]]);
    });
    return effects && (effects.get(server) ?? none);
  }

  /** Of a directive beside the server blocks: on one of them, or on any. */
  beside(directive: Directive, on?: Server): Effect | undefined {
    const effects = this.#remember(directive, () => this.#besideEach(directive));
    if (effects === undefined || on !== undefined) return effects && on && (effects.get(on) ?? none);
    return [...effects.values()].reduce((one, other) => either(one, other), none);
  }

  #besideEach(directive: Directive): ReadonlyMap<Server, Effect> {
    const concerned = this.#words.concerned(directive);
    const others = [...this.#sites.keys()].filter((each) => !concerned.has(each)).map(({ at }) => at);
    const directives = without(this.#parsed.directives, directive, ...others.map((at) => ({ at })));
    const { servers } = readNginx({ ...this.#parsed, directives });
    const changed = new Map(servers.map((each) => [each.at, each]));
    return new Map(
      [...concerned].flatMap((server) => {
        // The inside of a server has no block of its own: its place is that of the first line, which may be gone.
        const after = changed.get(server.at) ?? (this.#sites.size === 1 ? servers[0] : undefined);
        return after ? [[server, this.#compare(server, after)] as const] : [];
      }),
    );
  }

  #remember(
    { at }: Directive,
    find: () => ReadonlyMap<Server, Effect>,
  ): ReadonlyMap<Server, Effect> | undefined {
    if (!this.#known.has(at)) {
      this.#trials += 1;
      this.#known.set(at, this.#trials > mostTrials ? undefined : find());
    }
    return this.#known.get(at);
  }

  #compare(server: Server, changed: Server): Effect {
    return (this.#sites.get(server) ?? []).reduce((effect, site) => {
      const before = this.#before.get(site) ?? answersOf(site);
      this.#before.set(site, before);
      return either(effect, difference(before, answersOf({ ...site, server: changed })));
    }, none);
  }
}

function either(one: Effect, other: Effect): Effect {
  return {
    read: one.read || other.read,
    write: one.write || other.write,
    registry: one.registry || other.registry,
    page: one.page || other.page,
  };
}

type Answers = Readonly<Record<keyof Effect, string>>;

function difference(one: Answers, other: Answers): Effect {
  const [read, write, registry, page] = kinds.map((kind) => one[kind] !== other[kind]);
  return { read: read === true, write: write === true, registry: registry === true, page: page === true };
}

function answersOf(site: Site): Answers {
  const answer = (...probes: readonly Probe[]): string =>
    probes.map((probe) => inShort(ask(site, probe))).join('\n');
  return {
    read: answer(registryProbes.manifest),
    write: answer(registryProbes.push),
    registry: answer(...Object.values(registryProbes)),
    page: answer(...Object.values(pageProbes)),
  };
}

function inShort(outcome: Outcome): string {
  if (outcome.kind === 'proxy')
    return [outcome.scheme, ...outcome.addresses, outcome.method, outcome.uri].join(' ');
  if (outcome.kind === 'return') return `${outcome.status} ${outcome.location ?? ''}`;
  return outcome.kind === 'other' ? outcome.handler : outcome.why;
}
