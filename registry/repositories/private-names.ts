import type { Images } from '../metadata/index.ts';
import { isName, namePatterns, readNames, type Name } from '../model/index.ts';
import type { RepositorySettings } from './settings.ts';

const everything = { size: undefined, last: undefined };

/** Names that no upstream may hear of, by whichever hosted repository says so. */
export class PrivateNames {
  readonly #images: Pick<Images, 'listNames'>;
  readonly #patterns: readonly string[];
  readonly #fits: (name: Name) => boolean;
  /** Whose content is known here. */
  readonly #holders: readonly string[];

  constructor(settings: ReadonlyMap<string, RepositorySettings>, images: Pick<Images, 'listNames'>) {
    const all = [...settings];
    this.#images = images;
    this.#patterns = all.flatMap(([, own]) => (own.type === 'hosted' ? own.private : []));
    this.#fits = namePatterns(this.#patterns);
    this.#holders = all.filter(([, own]) => own.type !== 'group').map(([repository]) => repository);
  }

  /** True for a private name, in each form under which it is read, and under the name of a registry before it. */
  has(name: Name): boolean {
    return endsOf(name).some((end) => readNames(end).some((form) => this.#fits(form)));
  }

  /**
   * True when a search for these words would tell an index of a private name: one of them is such a name or the
   * beginning of one, or occurs in no other names that are known here.
   */
  async areIn(query: string): Promise<boolean> {
    if (this.#patterns.length === 0) return false;
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
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
    // What people paste has a host before it, a tag behind it, or a slash at its end.
    const bare = word
      .replace(/^[^/]*\.[^/]*\//, '')
      .replace(/[:@].*$/, '')
      .replace(/^\/+|\/+$/g, '');
    if (bare === '') return false;
    if (isName(bare) && this.has(bare)) return true;
    return this.#patterns.some((pattern) => {
      const literal = pattern.replace(/[*?].*$/, '');
      return literal !== '' && (literal.startsWith(bare) || bare.startsWith(literal));
    });
  }
}

/** A name, and what is left of it without the registries and the `library/` that clients put before names. */
function endsOf(name: Name): readonly Name[] {
  const slash = name.indexOf('/');
  if (slash < 0 || !/\.|^localhost$|^library$/.test(name.slice(0, slash))) return [name];
  return [name, ...endsOf(name.slice(slash + 1) as Name)];
}
