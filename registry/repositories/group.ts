import type { Place } from '../metadata/index.ts';
import {
  RegistryError,
  type Digest,
  type Name,
  type Page,
  type PageOf,
  type Reference,
  type Referrer,
} from '../model/index.ts';
import { UpstreamFailure, type SearchHit } from '../upstream/index.ts';
import { inOrder } from './in-order.ts';
import { uniqueReferrers } from './local-content.ts';
import { mergePages } from './merge-pages.ts';
import { noAnswer } from './no-answer.ts';
import { AddressedProxy } from './addressed-proxy.ts';
import type { MemberAnswer } from './explain.ts';
import { ProxyRepository } from './proxy.ts';
import type {
  FoundBlob,
  FoundManifest,
  ListedTags,
  OpenedBlob,
  Reach,
  ReadableRepository,
  Source,
} from './repository.ts';
import type { GroupSettings } from './settings.ts';

type Ask<T> = (member: ReadableRepository, reach: Reach) => Promise<T | undefined>;

/** What is said when nobody has what was asked for. */
type Absent = 'manifestUnknown' | 'blobUnknown' | 'nameUnknown';

/** An ordered list of repositories behind one address. */
export class GroupRepository implements ReadableRepository {
  readonly repository: string;
  readonly settings: GroupSettings;
  readonly #members: readonly ReadableRepository[];

  constructor(repository: string, settings: GroupSettings, members: readonly ReadableRepository[]) {
    this.repository = repository;
    this.settings = settings;
    // Groups within groups are one order of hosted and proxy repositories, each of them asked once.
    const leaves = members.flatMap((each) => (each instanceof GroupRepository ? each.#members : [each]));
    this.#members = [...new Set(leaves)];
  }

  get holders(): readonly string[] {
    return this.#members.flatMap((member) => member.holders);
  }

  placesOf(name: Name): readonly Place[] {
    return this.#asked(name).flatMap((member) => member.placesOf(name));
  }

  findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined> {
    const ask: Ask<FoundManifest> = (member, far) => member.findManifest(name, reference, far);
    // A tag belongs to the first member that knows it; a digest is the same wherever it is, so the nearest serves.
    return 'tag' in reference
      ? this.#firstOf(name, [reach], ask, 'manifestUnknown')
      : this.#nearest(name, reach, ask, 'manifestUnknown');
  }

  findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined> {
    return this.#nearest(name, reach, (member, far) => member.findBlob(name, digest, far), 'blobUnknown');
  }

  openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined> {
    return this.#nearest(name, reach, (member, far) => member.openBlob(name, digest, far), 'blobUnknown');
  }

  async listTags(name: Name, page: Page, reach: Reach): Promise<ListedTags | undefined> {
    const failures: UpstreamFailure[] = [];
    const pages = await Promise.all(
      this.#asked(name).map((member) =>
        member.listTags(name, page, reach).catch((fault: unknown) => {
          if (!(fault instanceof UpstreamFailure)) throw fault;
          failures.push(fault);
        }),
      ),
    );
    const found = pages.filter((each) => each !== undefined);
    if (found.length === 0) throwUnlessAbsent(failures, 'nameUnknown');
    if (found.length === 0) return undefined;
    const said = [...found.map((each) => each.incomplete), ...failures.map((each) => each.message)];
    const incomplete = said.filter((each) => each !== undefined).join('; ');
    return { ...mergePages(found, page), ...(incomplete !== '' && { incomplete }) };
  }

  async listNames(page: Page): Promise<PageOf<Name>> {
    return mergePages(await Promise.all(this.#members.map((member) => member.listNames(page))), page);
  }

  async listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]> {
    const lists = this.#asked(name).map((member) => member.listReferrers(name, subject, reach));
    return uniqueReferrers((await Promise.all(lists)).flat());
  }

  async searchUpstreams(query: string, size: number): Promise<readonly SearchHit[]> {
    const lists = await Promise.all(this.#members.map((member) => member.searchUpstreams(query, size)));
    const first = this.#members.findIndex((member) => isCache(member));
    // A plain name is asked of the first upstream first; what another one has is found for sure by its prefix.
    return lists.flatMap((hits, at) => {
      const member = this.#members[at];
      if (at === first || !(member instanceof ProxyRepository)) return hits;
      const { names } = member;
      return hits.map((hit) =>
        names.isNamedBy(hit.name) ? hit : { ...hit, name: names.prefixed(hit.name) },
      );
    });
  }

  async explain(name: Name, reference: Reference): Promise<readonly MemberAnswer[]> {
    const asked = new Set(this.#asked(name));
    const answers = this.#members.map((member) =>
      asked.has(member) ? member.explain(name, reference) : Promise.resolve([named(member)]),
    );
    return (await Promise.all(answers)).flat();
  }

  within(namespace: string): ReadableRepository | undefined {
    const members = this.#members.map((member) => ({ member, view: member.within(namespace) }));
    const isKnown = members.some(({ member, view }) => isCache(member) && view !== undefined);
    // Without an upstream there is nothing to choose from, and what was pushed here is all that there is.
    if (!isKnown && this.#members.some(isCache)) return undefined;
    const views = members.flatMap(({ view }) => (view === undefined ? [] : [view]));
    return new GroupRepository(this.repository, this.settings, views);
  }

  /**
   * Who is asked for a name, in order. A name that begins with a proxy's prefix, `quay.io/coreos/etcd`, is asked of no
   * other upstream; repositories that store what is pushed know it as it is.
   */
  #asked(name: Name): readonly ReadableRepository[] {
    const isNamed = (member: ReadableRepository) =>
      member instanceof ProxyRepository && member.names.isNamedBy(name);
    if (!this.#members.some(isNamed)) return this.#members;
    return this.#members.filter((member) => isNamed(member) || !(member instanceof ProxyRepository));
  }

  #nearest<T extends Source>(name: Name, reach: Reach, ask: Ask<T>, absent: Absent): Promise<T | undefined> {
    return this.#firstOf(name, reach === 'local' ? ['local'] : ['local', 'anywhere'], ask, absent);
  }

  /**
   * The first member that has it; one that could not be asked does not hide the others, and its old copy is served
   * when they do not have it either (trap T13).
   */
  async #firstOf<T extends Source>(
    name: Name,
    reaches: readonly Reach[],
    ask: Ask<T>,
    absent: Absent,
  ): Promise<T | undefined> {
    const failures: UpstreamFailure[] = [];
    const passed: string[] = [];
    let old: T | undefined;
    for (const reach of reaches) {
      passed.length = 0;
      const asked = this.#asked(name);
      // What was pushed here needs no company: it is read first in most groups, and pulled most.
      const own = asked.findIndex(isCache);
      const before = own < 0 ? asked : asked.slice(0, own);
      for (const member of before) {
        const found = await ask(member, reach);
        if (found !== undefined) return passed.length === 0 ? found : { ...found, passed };
        passed.push(member.repository);
      }
      for await (const { who, answer } of inOrder(
        asked.slice(before.length),
        (each) => ask(each, reach),
        discard,
      )) {
        if (answer.status === 'fulfilled') {
          const found = answer.value;
          if (found !== undefined && found.stale === undefined)
            return passed.length === 0 ? found : { ...found, passed };
          old ??= found;
        } else if (answer.reason instanceof UpstreamFailure) failures.push(answer.reason);
        else throw answer.reason;
        passed.push(who.repository);
      }
    }
    if (old === undefined) throwUnlessAbsent(failures, absent);
    return old;
  }
}

/**
 * To hide is how an upstream says "not here" to strangers: beside a failure it is no news, and alone it is as good as
 * a 404, except that the detail tells what to do if the image does exist.
 */
function throwUnlessAbsent(failures: readonly UpstreamFailure[], absent: Absent): void {
  const [first, ...others] = failures.filter(({ kind }) => kind !== 'hidden');
  if (first) throw noAnswer([first, ...others]);
  if (failures.length === 0) return;
  throw new RegistryError(absent, {
    detail: failures.map(({ upstream, message }) => ({ member: upstream, reason: message })),
  });
}

function isCache(member: ReadableRepository): boolean {
  return member instanceof ProxyRepository || member instanceof AddressedProxy;
}

/** The answer of a proxy for a name that another one's prefix begins. */
function named(member: ReadableRepository): MemberAnswer {
  const rule = 'the name begins with the prefix of another upstream';
  return { member: member.repository, type: 'proxy', rule, asked: false, answer: 'not-asked' };
}

/** What nobody will read must be closed all the same. */
function discard(unused: object | undefined): void {
  if (unused && 'reader' in unused) void (unused as OpenedBlob).reader.close();
}
