import type { Place } from '../metadata/index.ts';
import {
  RegistryError,
  type Digest,
  type Name,
  type Page,
  type PageOf,
  type Reference,
  type Referrer,
  type Tag,
} from '../model/index.ts';
import { UpstreamFailure } from '../upstream/index.ts';
import { uniqueReferrers } from './local-content.ts';
import { mergePages } from './merge-pages.ts';
import { noAnswer } from './no-answer.ts';
import { ProxyRepository } from './proxy.ts';
import type {
  FoundBlob,
  FoundManifest,
  OpenedBlob,
  Reach,
  ReadableRepository,
  Source,
} from './repository.ts';
import type { GroupSettings } from './settings.ts';

type Ask<T> = (member: ReadableRepository, reach: Reach) => Promise<T | undefined>;

/** What is said when nobody has what was asked for. */
type Absent = 'manifestUnknown' | 'blobUnknown';

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

  async listTags(name: Name, page: Page): Promise<PageOf<Tag> | undefined> {
    const pages = await Promise.all(this.#asked(name).map((member) => member.listTags(name, page)));
    const found = pages.filter((each) => each !== undefined);
    return found.length > 0 ? mergePages(found, page) : undefined;
  }

  async listNames(page: Page): Promise<PageOf<Name>> {
    return mergePages(await Promise.all(this.#members.map((member) => member.listNames(page))), page);
  }

  async listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]> {
    const lists = this.#asked(name).map((member) => member.listReferrers(name, subject, reach));
    return uniqueReferrers((await Promise.all(lists)).flat());
  }

  /**
   * Who is asked for a name, in order. A name that begins with a proxy's prefix, `quay.io/coreos/etcd`, is asked of no
   * other upstream; repositories that store what is pushed know it as it is.
   */
  #asked(name: Name): readonly ReadableRepository[] {
    const isNamed = (member: ReadableRepository) =>
      member instanceof ProxyRepository && member.isNamedBy(name);
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
    let old: T | undefined;
    for (const reach of reaches) {
      for (const member of this.#asked(name)) {
        try {
          const found = await ask(member, reach);
          if (found !== undefined && found.stale === undefined) return found;
          old ??= found;
        } catch (fault) {
          if (!(fault instanceof UpstreamFailure)) throw fault;
          failures.push(fault);
        }
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
