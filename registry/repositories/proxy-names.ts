import type { Place } from '../metadata/index.ts';
import { libraryName, namePatterns, readNames, type Name } from '../model/index.ts';
import type { ProxySettings } from './settings.ts';

/** Whether an upstream may be asked for a name, and the rule that says so, as a sentence for people. */
export interface Admission {
  readonly mayAsk: boolean;
  readonly rule: string;
}

/** Which names of the outside mean what at one upstream, and which of them it may be asked for. */
export class ProxyNames {
  readonly #repository: string;
  readonly #settings: ProxySettings;
  readonly #isPrivate: (name: Name) => boolean;
  readonly #isRouted: (name: Name) => boolean;

  constructor(repository: string, settings: ProxySettings, isPrivate: (name: Name) => boolean) {
    this.#repository = repository;
    this.#settings = settings;
    this.#isPrivate = isPrivate;
    this.#isRouted = settings.routes ? namePatterns(settings.routes) : () => true;
  }

  /** True for a name that begins with the prefix of this upstream and is therefore its own. */
  isNamedBy(name: Name): boolean {
    return name.startsWith(`${this.#settings.prefix}/`);
  }

  /** `etcd` of the upstream with the prefix `quay.io` as everybody may write it: `quay.io/etcd`. */
  prefixed(name: Name): Name {
    return `${this.#settings.prefix}/${name}` as Name;
  }

  /** Where content of this name can be held. */
  placesOf(name: Name): readonly Place[] {
    const own = this.#ownName(name);
    // With one form upstream there is one form in the cache.
    const names = this.#settings.library ? [libraryName(own)] : readNames(own);
    return names.map((each) => ({ repository: this.#repository, name: each }));
  }

  /** The place where what the upstream answers for `name` is kept; its name is the upstream's. */
  placeOf(name: Name): Place {
    const own = this.#ownName(name);
    return { repository: this.#repository, name: this.#settings.library ? libraryName(own) : own };
  }

  /** Whether the upstream may be asked for `name`. */
  admit(name: Name): Admission {
    const { offline, prefix, routes } = this.#settings;
    if (offline) return { mayAsk: false, rule: 'it is offline, its configuration says so' };
    if (this.#isPrivate(name) || this.#isPrivate(this.#ownName(name)))
      return { mayAsk: false, rule: 'the name is private, and no upstream is asked for it' };
    if (this.isNamedBy(name)) return { mayAsk: true, rule: `the name begins with ${prefix}/, its prefix` };
    // Routes sort out names that could be anybody's; a prefix says whose it is.
    const isRouted = readNames(name).some((form) => this.#isRouted(form));
    if (!isRouted) return { mayAsk: false, rule: 'the name fits none of its routes' };
    return {
      mayAsk: true,
      rule: routes ? 'the name fits its routes' : 'it has no routes: any name may be asked',
    };
  }

  /** `quay.io/coreos/etcd` is `coreos/etcd` to the upstream with the prefix `quay.io`. */
  #ownName(name: Name): Name {
    return this.isNamedBy(name) ? (name.slice(this.#settings.prefix.length + 1) as Name) : name;
  }
}
