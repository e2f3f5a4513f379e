import type { Finding } from '../errors.ts';
import type { Outline, RepositoryOutlines } from '../outline.ts';

/** Groups that contain themselves, directly or through others; each cycle is told once, at its first group. */
export function* checkCycles({ repositories = {} }: Outline): Iterable<Finding> {
  const search = new CycleSearch(repositories);
  for (const name of Object.keys(repositories)) search.visit(name, []);
  for (const cycle of search.cycles) {
    const [first = ''] = cycle;
    yield {
      path: ['repositories', first, 'members'],
      message: `the group contains itself: ${[...cycle, first].join(' → ')}; take one of them out of the other`,
    };
  }
}

/** Depth first; a group that is met again while it is open closes a cycle. */
class CycleSearch {
  readonly cycles: string[][] = [];
  readonly #repositories: RepositoryOutlines;
  readonly #done = new Set<string>();

  constructor(repositories: RepositoryOutlines) {
    this.#repositories = repositories;
  }

  visit(name: string, open: readonly string[]): void {
    if (open.includes(name)) {
      this.cycles.push(open.slice(open.indexOf(name)));
      return;
    }
    if (this.#done.has(name)) return;
    for (const member of this.#membersOf(name)) this.visit(member, [...open, name]);
    this.#done.add(name);
  }

  #membersOf(name: string): string[] {
    const group = Object.hasOwn(this.#repositories, name) ? this.#repositories[name] : undefined;
    const members = group?.type === 'group' ? (group.members ?? []) : [];
    return [...new Set(members)].filter((member) => member !== undefined);
  }
}
