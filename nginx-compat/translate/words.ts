import type { Directive } from '../parse.ts';
import type { Server } from '../reading/index.ts';

/** Knows which server blocks speak of what, so that not all of them are asked about everything. */
export class Words {
  readonly #servers: readonly (readonly [Server, string])[];
  /** Variables of maps, with all that their maps say. */
  readonly #maps: readonly (readonly [string, string])[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers.map((server) => [server, textOf(server.scope.directives)]);
    this.#maps = [...(servers[0]?.http.maps.values() ?? [])].map(
      ({ variable, source, entries, standard }) => [
        variable,
        [source, standard?.value, ...entries.map(({ value }) => value)].join(' '),
      ],
    );
  }

  /** The servers that a `map`, an `upstream` or the like may mean something to, through other maps as well. */
  concerned({ name, args }: Directive): ReadonlySet<Server> {
    const own = args[name === 'map' ? 1 : 0]?.text.replace(/^\$/, '');
    if (own === undefined || own === '') return new Set(this.#servers.map(([server]) => server));
    const words = new Set([own]);
    for (let before = 0; before < words.size;) {
      before = words.size;
      for (const [variable, text] of this.#maps) if (names(text, words)) words.add(variable);
    }
    return new Set(this.#servers.filter(([, text]) => names(text, words)).map(([server]) => server));
  }
}

function names(text: string, words: ReadonlySet<string>): boolean {
  return [...words].some((word) => text.includes(word));
}

function textOf(directives: readonly Directive[]): string {
  return directives
    .map(({ name, args, block = [] }) => [name, ...args.map(({ text }) => text), textOf(block)].join(' '))
    .join('\n');
}
