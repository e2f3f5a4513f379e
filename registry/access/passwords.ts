import { hash, verify } from '@node-rs/bcrypt';
import { createHmac, randomBytes } from 'node:crypto';
import { ShortMemory } from './short-memory.ts';

/** About 60 ms a check on a current machine, in a thread of its own. */
const cost = 10;
/** bcrypt reads no more of a password than this, in bytes of UTF-8. */
export const longestPassword = 72;
/** How long a good check is remembered, in ms: a client sends Basic with every request of a pull. */
const rememberedFor = 5 * 60_000;
const rememberedChecks = 10_000;

/** Checks passwords against bcrypt hashes; `check` rejects with RangeError when `stored` is none. */
export interface Passwords {
  /**
   * True when `password` is the one that `stored` (`$2a$`, `$2b$`, `$2y$`) was made of.
   * Without `stored` (there is no such user) it takes as long as a wrong password, for no password is right.
   * Bytes after the 72nd do not count, as with `htpasswd -B`: a user whose long password was stored by that tool
   * gets in. Our own commands refuse such a password when it is set, so that nobody trusts bytes that do not count.
   */
  check(user: string, password: string, stored: string | undefined): Promise<boolean>;
}

/** A bcrypt hash of `password` (`$2b$…`), made off the event loop. */
export async function hashPassword(password: string): Promise<string> {
  return await hash(password, cost);
}

/** Version, cost (4 to 31), 22 characters of salt, of which the last has two bits only, and 31 of the hash. */
const hashForm = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}$/;

/** True when a password can be checked against `stored`: a well-formed `$2a$`, `$2b$` or `$2y$` hash. */
export function isPasswordHash(stored: string): boolean {
  return hashForm.test(stored);
}

function costOf(stored: string): number {
  return Number(hashForm.exec(stored)?.[1]);
}

/** Makes the checker; it remembers good checks for five minutes by a key that dies with the process. */
export async function createPasswords(now: () => number = Date.now): Promise<Passwords> {
  const secret = randomBytes(32);
  const nobody = await hashPassword(randomBytes(16).toString('hex'));
  const good = new ShortMemory<true>(rememberedChecks);
  const running = new Map<string, Promise<boolean>>();

  async function run(key: string, password: string, stored: string): Promise<boolean> {
    const matches = await verify(password, stored);
    if (matches) good.remember(key, true, now() + rememberedFor);
    // `htpasswd -B` uses cost 5: a quick refusal would tell that this user exists.
    else if (costOf(stored) < cost) await verify(password, nobody);
    return matches;
  }

  return {
    check: async (user, password, stored) => {
      const key = fingerprint(secret, [user, stored ?? nobody, password]);
      if (good.recall(key, now()) === true) return true;
      let check = running.get(key);
      if (check === undefined) {
        check = run(key, password, stored ?? nobody).finally(() => running.delete(key));
        running.set(key, check);
      }
      return await check;
    },
  };
}

/** The stored hash is a part, so a changed password is another key and what is remembered of the old one is void. */
function fingerprint(secret: Buffer, parts: readonly string[]): string {
  return createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64');
}
