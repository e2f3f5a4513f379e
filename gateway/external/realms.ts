import type { Authorizer } from '../../registry/index.ts';
import { basePath } from '../forward/backend-path.ts';
import { leadsHere } from '../forward/locations.ts';

/** A registry whose token service clients are led to through us. */
export interface RealmBackend {
  /** What stands for it in a URL: `read`, `write`, or `read/1` for the second address. */
  readonly key: string;
  readonly address: Readonly<URL>;
  readonly authorizer: Authorizer;
}

/** No image can have such a name. */
const prefix = '/v2/_token/';

/**
 * The token services of the registries behind one host. A registry names its own in each challenge, in a form that
 * clients often cannot reach: with the address behind us, the wrong scheme or port, or a path that leads nowhere here.
 * Clients are given one address for each of them, and nothing of that one comes from what they ask: so no other path of
 * those servers is opened by it.
 */
export class Realms {
  readonly #backends: readonly RealmBackend[];
  readonly #known = new Map<string, URL>();

  constructor(backends: readonly RealmBackend[]) {
    this.#backends = backends;
  }

  /** The address for clients that see us as `origin`; undefined for a realm that is at neither of the registries. */
  publicRealm(realm: string, asked: Readonly<URL>, origin: string): string | undefined {
    const leading = this.#backends.filter(({ address }) => leadsHere(realm, { address, origin }));
    // Our own name leads to whoever said it.
    const backend = leading.find(({ address }) => address === asked) ?? leading[0];
    const url = URL.parse(realm);
    if (!backend || !url) return undefined;
    this.#known.set(backend.key, url);
    return `${origin}${prefix}${backend.key}`;
  }

  /** Where a request to the address that clients were given goes; undefined for every other path. Throws UpstreamFailure. */
  async find(
    target: string,
  ): Promise<{ readonly address: Readonly<URL>; readonly target: string } | undefined> {
    const [path = '', query = ''] = target.split(/\?(.*)/s, 2);
    const backend = this.#backends.find(({ key }) => path === `${prefix}${key}`);
    if (!backend) return undefined;
    const { key, address, authorizer } = backend;
    // After a restart, or when the challenge came from another process.
    const realm = this.#known.get(key) ?? (await authorizer.realm(undefined));
    if (!realm) return undefined;
    const own = realm.search.slice(1);
    const search = [own, query].filter((part) => part !== '').join('&');
    return { address, target: `${pathAt(realm, address)}${search === '' ? '' : `?${search}`}` };
  }
}

/** A registry that lies under a path may not know of it. */
function pathAt({ pathname }: URL, address: Readonly<URL>): string {
  const base = basePath(address);
  return pathname.startsWith('/v2/') ? base + pathname : pathname;
}
