import type { Directive, Parsed } from '../parse.ts';
import { readNginx, type Outcome, type Server } from '../reading/index.ts';
import { readServer } from '../reading/server.ts';
import { pageProbes, registryProbes, type Probe } from './probes.ts';
import { ask, sitesOf, type Site } from './sites.ts';
import { without } from './without.ts';

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
const mostTrials = 3_000;

const kinds: readonly (readonly [keyof Effect, readonly Probe[]])[] = [
  ['read', [registryProbes.manifest]],
  ['write', [registryProbes.push]],
  ['registry', Object.values(registryProbes)],
  ['page', Object.values(pageProbes)],
];

/** Finds out what a directive does by leaving it out: its place in the file says too little in nginx. */
export class Effects {
  readonly #parsed: Parsed;
  readonly #sites: readonly Site[];
  readonly #before: readonly Readonly<Record<keyof Effect, string>>[];
  #trials = 0;

  constructor(parsed: Parsed, servers: readonly Server[]) {
    this.#parsed = parsed;
    this.#sites = sitesOf({ servers });
    this.#before = this.#sites.map(answersOf);
  }

  /** Of a directive within a server block. Undefined when too much has been asked. */
  within(server: Server, directive: Directive): Effect | undefined {
    const directives = without(server.scope.directives, directive);
    return this.#compare((site) =>
      site.server === server ? readServer(directives, server.http, server.at) : undefined,
    );
  }

  /** Of a directive beside the server blocks. */
  beside(directive: Directive): Effect | undefined {
    const directives = without(this.#parsed.directives, directive);
    const { servers } = readNginx({ ...this.#parsed, directives });
    const all = [...new Set(this.#sites.map(({ server }) => server))];
    return this.#compare((site) => servers[all.indexOf(site.server)]);
  }

  #compare(changed: (site: Site) => Server | undefined): Effect | undefined {
    this.#trials += 1;
    if (this.#trials > mostTrials) return undefined;
    const effect = { read: false, write: false, registry: false, page: false };
    for (const [index, site] of this.#sites.entries()) {
      const server = changed(site);
      if (server === undefined) continue;
      const after = answersOf({ ...site, server });
      for (const [kind] of kinds) effect[kind] ||= after[kind] !== this.#before[index]?.[kind];
    }
    return effect;
  }
}

function answersOf(site: Site): Record<keyof Effect, string> {
  const answer = (probes: readonly Probe[]): string =>
    probes.map((probe) => inShort(ask(site, probe))).join('\n');
  const [read, write, registry, page] = kinds.map(([, probes]) => answer(probes));
  return { read: read ?? '', write: write ?? '', registry: registry ?? '', page: page ?? '' };
}

function inShort(outcome: Outcome): string {
  if (outcome.kind === 'proxy')
    return [outcome.scheme, ...outcome.addresses, outcome.method, outcome.uri].join(' ');
  if (outcome.kind === 'return') return `${outcome.status} ${outcome.location ?? ''}`;
  return outcome.kind === 'other' ? outcome.handler : outcome.why;
}
