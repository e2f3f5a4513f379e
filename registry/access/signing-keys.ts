import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningKey, SigningKeys } from '../metadata/metadata.ts';

/** A key that tokens are signed with. */
interface PrivateKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** The P-256 keys of this registry's tokens, shared through the metadata by all its gateways. */
export interface KeyRing {
  /** The key to sign with: the newest; made when there is none. */
  current(): Promise<PrivateKey>;
  /** The public key of that id. */
  find(id: string): Promise<KeyObject | undefined>;
}

/** How often, in ms, an unknown id makes the ring look for keys that another gateway has added. */
const reloadInterval = 10_000;

/** Makes the ring; the metadata is first read when a key is wanted. */
export function createKeyRing(keys: SigningKeys, now: () => number = Date.now): KeyRing {
  let loaded: Promise<readonly PrivateKey[]> | undefined;
  let loadedAt = 0;

  function load(): Promise<readonly PrivateKey[]> {
    loadedAt = now();
    const loading = readKeys(keys, now());
    loading.catch(() => {
      // The metadata may answer the next time.
      if (loaded === loading) loaded = undefined;
    });
    loaded = loading;
    return loading;
  }

  return {
    current: async () => {
      const [newest] = await (loaded ?? load());
      if (newest === undefined) throw new Error('the metadata store has neither a signing key nor took one');
      return newest;
    },
    find: async (id) => {
      const byId = (each: PrivateKey): boolean => each.id === id;
      const known = (await (loaded ?? load())).find(byId);
      // `loaded` may be a look at the store that another request has begun meanwhile.
      const due = now() - loadedAt >= reloadInterval;
      const found = known ?? (await (due ? load() : (loaded ?? load()))).find(byId);
      return found && createPublicKey(found.key);
    },
  };
}

async function readKeys(keys: SigningKeys, now: number): Promise<readonly PrivateKey[]> {
  const stored = await keys.list();
  const all = stored.length > 0 ? stored : [await keys.addFirst(await makeKey(now))];
  return all.map(({ id, jwk }) => ({
    id,
    key: createPrivateKey({ key: JSON.parse(jwk) as JsonWebKey, format: 'jwk' }),
  }));
}

async function makeKey(now: number): Promise<SigningKey> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return { id: randomUUID(), jwk: JSON.stringify(privateKey.export({ format: 'jwk' })), createdAt: now };
}
