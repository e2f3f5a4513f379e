import type { Place, Referrer } from '../metadata/index.ts';
import type { Digest, Name, Page, PageOf, Reference, Tag } from '../model/index.ts';
import { UpstreamFailure } from '../upstream/index.ts';
import { uniqueReferrers } from './local-content.ts';
import { mergePages } from './merge-pages.ts';
import { noAnswer } from './no-answer.ts';
import { ProxyRepository } from './proxy.ts';
import type { FoundBlob, FoundManifest, OpenedBlob, Reach, ReadableRepository } from './repository.ts';
import type { GroupSettings } from './settings.ts';

/** A member, and the name by which it is asked. */
interface Asked {
  readonly member: ReadableRepository;
  readonly name: Name;
}

/** An ordered list of repositories behind one address. */
export class GroupRepository implements ReadableRepository {
  readonly repository: string;
  readonly settings: GroupSettings;
  readonly #members: readonly ReadableRepository[];

  constructor(repository: string, settings: GroupSettings, members: readonly ReadableRepository[]) {
    this.repository = repository;
    this.settings = settings;
    this.#members = members;
  }

  get holders(): readonly string[] {
    return [...new Set(this.#members.flatMap((member) => member.holders))];
  }

  placesOf(name: Name): readonly Place[] {
    return this.#asked(name).flatMap((each) => each.member.placesOf(each.name));
  }

  findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined> {
    const ask = ({ member, name: known }: Asked, far: Reach) => member.findManifest(known, reference, far);
    // A tag belongs to the first member that knows it; a digest is the same wherever it is, so the nearest serves.
    return 'tag' in reference ? this.#firstOf(name, [reach], ask) : this.#nearest(name, reach, ask);
  }

  findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined> {
    return this.#nearest(name, reach, ({ member, name: known }, far) => member.findBlob(known, digest, far));
  }

  openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined> {
    return this.#nearest(name, reach, ({ member, name: known }, far) => member.openBlob(known, digest, far));
  }

  async listTags(name: Name, page: Page): Promise<PageOf<Tag> | undefined> {
    const pages = await Promise.all(this.#asked(name).map((each) => each.member.listTags(each.name, page)));
    const found = pages.filter((each) => each !== undefined);
    return found.length > 0 ? mergePages(found, page) : undefined;
  }

  async listNames(page: Page): Promise<PageOf<Name>> {
    return mergePages(await Promise.all(this.#members.map((member) => member.listNames(page))), page);
  }

  async listReferrers(name: Name, subject: Digest): Promise<readonly Referrer[]> {
    const lists = this.#asked(name).map((each) => each.member.listReferrers(each.name, subject));
    return uniqueReferrers((await Promise.all(lists)).flat());
  }

  /**
   * Who is asked for a name, in order. A name that begins with a proxy's prefix, `quay.io/coreos/etcd`, is asked of
   * that proxy without it, and of no other; repositories that store what is pushed know it as it is.
   */
  #asked(name: Name): readonly Asked[] {
    const owner = this.#members.find(
      (member) => member instanceof ProxyRepository && hasPrefix(name, member),
    );
    return this.#members.flatMap((member) => {
      if (!(member instanceof ProxyRepository)) return [{ member, name }];
      if (!owner) return [{ member, name }];
      if (member !== owner) return [];
      return [{ member, name: name.slice(member.settings.prefix.length + 1) as Name }];
    });
  }

  #nearest<T>(name: Name, reach: Reach, ask: Ask<T>): Promise<T | undefined> {
    return this.#firstOf(name, reach === 'local' ? ['local'] : ['local', 'anywhere'], ask);
  }

  /** The first member that has it; one that could not be asked does not hide the others (trap T13). */
  async #firstOf<T>(name: Name, reaches: readonly Reach[], ask: Ask<T>): Promise<T | undefined> {
    const failures: UpstreamFailure[] = [];
    for (const reach of reaches) {
      for (const asked of this.#asked(name)) {
        try {
          const found = await ask(asked, reach);
          if (found !== undefined) return found;
        } catch (fault) {
          if (!(fault instanceof UpstreamFailure)) throw fault;
          failures.push(fault);
        }
      }
    }
    const [first, ...others] = failures;
    if (first) throw noAnswer([first, ...others]);
    return undefined;
  }
}

type Ask<T> = (asked: Asked, reach: Reach) => Promise<T | undefined>;

function hasPrefix(name: Name, proxy: ProxyRepository): boolean {
  return name.startsWith(`${proxy.settings.prefix}/`);
}
