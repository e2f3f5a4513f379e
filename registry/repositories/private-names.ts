import type { Images } from '../metadata/index.ts';
import { isName, namePatterns, readNames, type Name } from '../model/index.ts';
import { Flights } from './flights.ts';
import type { RepositorySettings } from './settings.ts';

const everything = { size: undefined, last: undefined };

/** Names that no upstream may hear of, by whichever hosted repository says so. */
export class PrivateNames {
  readonly #images: Pick<Images, 'listNames'>;
  readonly #patterns: readonly string[];
  /** How each part of the patterns begins. */
  readonly #said: readonly string[];
  readonly #fits: (name: Name) => boolean;
  /** What clients put before the names of upstreams here. */
  readonly #prefixes: ReadonlySet<string>;
  /** Whose content is known here. */
  readonly #holders: readonly string[];
  /** Each proxy of a group asks for the same words at the same time. */
  readonly #asked = new Flights<boolean>();

  constructor(settings: ReadonlyMap<string, RepositorySettings>, images: Pick<Images, 'listNames'>) {
    const all = [...settings];
    this.#images = images;
    this.#patterns = all.flatMap(([, own]) => (own.type === 'hosted' ? own.private : []));
    const said = this.#patterns
      .flatMap((pattern) => pattern.split('/'))
      .map((part) => part.split(/[*?]/)[0] ?? '');
    this.#said = said.filter((text) => text !== '' && text !== 'library');
    this.#fits = namePatterns(this.#patterns);
    this.#prefixes = new Set(all.flatMap(([, own]) => (own.type === 'proxy' ? [own.prefix] : [])));
    this.#holders = all.filter(([, own]) => own.type !== 'group').map(([repository]) => repository);
  }

  /** True for a private name, in each form under which it is read, and under the name of a registry before it. */
  has(name: Name): boolean {
    return this.#endsOf(name).some((end) => readNames(end as Name).some((form) => this.#fits(form)));
  }

  /**
   * True when a search for these words would tell an index of a private name: one of them is such a name or the
   * beginning of one, or occurs in no other names that are known here.
   */
  async areIn(query: string): Promise<boolean> {
    if (this.#patterns.length === 0) return false;
    return this.#asked.share(query, () => this.#tells(query));
  }

  async #tells(query: string): Promise<boolean> {
    const words = query.toLowerCase().split(notInNames).map(trimmed).filter(Boolean);
    if (words.some((word) => this.#begins(word))) return true;
    const names = (
      await Promise.all(this.#holders.map((each) => this.#images.listNames(each, everything)))
    ).flatMap(({ entries }) => entries);
    return words.some((word) => {
      const having = names.filter((name) => name.includes(word));
      return having.length > 0 && having.every((name) => this.has(name));
    });
  }

  #begins(word: string): boolean {
    const parts = word.split('/').filter(Boolean);
    if (parts.some((part) => this.#said.some((text) => text.startsWith(part)))) return true;
    return this.#endsOf(word).some(
      (end) =>
        (isName(end) && this.has(end)) ||
        this.#patterns.some((pattern) => {
          const literal = pattern.replace(/[*?].*$/, '');
          const short = literal.replace(/^library\//, '');
          return (
            short !== '' && (literal.startsWith(end) || short.startsWith(end) || end.startsWith(literal))
          );
        }),
    );
  }

  /** A name, and what is left of it without the registries and the `library/` that clients put before names. */
  #endsOf(name: string): readonly string[] {
    const slash = name.indexOf('/');
    const first = name.slice(0, Math.max(0, slash));
    if (!/\.|^localhost$|^library$/.test(first) && !this.#prefixes.has(first)) return [name];
    return [name, ...this.#endsOf(name.slice(slash + 1))];
  }
}

/** What people paste has a scheme before it, quotes around it, a tag behind it, or a slash at its end. */
const notInNames = /[^a-z0-9._/-]+/;

function trimmed(word: string): string {
  return word.replace(/^[._/-]+|[._/-]+$/g, '');
}
