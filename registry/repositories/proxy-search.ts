import type { Name } from '../model/index.ts';
import type { SearchHit, Upstream } from '../upstream/index.ts';
import type { ProxyNames } from './proxy-names.ts';
import { UpstreamLists, type ListParts } from './upstream-lists.ts';

/** Searches the index of one upstream. */
export class ProxySearch {
  readonly #lists: UpstreamLists<SearchHit>;
  readonly #upstream: Upstream;
  readonly #names: ProxyNames;

  constructor(lists: ListParts, { upstream }: { upstream: Upstream }, names: ProxyNames) {
    this.#lists = new UpstreamLists(lists);
    this.#upstream = upstream;
    this.#names = names;
  }

  /** What it finds, by names that this proxy may ask for. */
  async find(query: string, size: number): Promise<readonly SearchHit[]> {
    const { entries = [] } = await this.#lists.get(`${size} ${query}`, (signal) =>
      this.#upstream.search(query, size, signal),
    );
    return entries.flatMap((hit) => {
      const name = this.#nameOf(hit.name);
      return name === undefined ? [] : [{ ...hit, name }];
    });
  }

  /** A name that could be anybody's is given as it is; where routes keep it out, with the prefix that lets it in. */
  #nameOf(name: Name): Name | undefined {
    return [name, this.#names.prefixed(name)].find((each) => this.#names.admit(each).mayAsk);
  }
}
