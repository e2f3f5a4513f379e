import type { SigningKey, SigningKeys, User, Users } from '../../../registry/metadata/metadata.ts';

/** Users in a map, with the promises that the interface makes. */
export function usersInMemory(...first: readonly User[]): Users {
  const users = new Map(first.map((user) => [user.name, user]));
  return {
    find: (name) => Promise.resolve(users.get(name)),
    add: (user) => {
      if (users.has(user.name)) return Promise.resolve(false);
      users.set(user.name, user);
      return Promise.resolve(true);
    },
    setPassword: (name, passwordHash) => {
      const user = users.get(name);
      if (user) users.set(name, { ...user, passwordHash });
      return Promise.resolve(user !== undefined);
    },
    remove: (name) => Promise.resolve(users.delete(name)),
    list: () => Promise.resolve([...users.values()].sort((a, b) => (a.name < b.name ? -1 : 1))),
  };
}

/** Signing keys in a list, which a test may add to as another gateway would; `lists` counts the reads. */
export function keysInMemory(): SigningKeys & {
  readonly stored: SigningKey[];
  readonly lists: () => number;
} {
  const stored: SigningKey[] = [];
  let lists = 0;
  return {
    stored,
    lists: () => lists,
    list: () => {
      lists += 1;
      return Promise.resolve([...stored]);
    },
    addFirst: (key) => {
      const [newest = key] = stored;
      if (stored.length === 0) stored.push(key);
      return Promise.resolve(newest);
    },
  };
}

/** A clock that stands still until it is moved, in ms since 1970. */
export function clock(start = Date.UTC(2026, 10, 1)): { now: () => number; move: (ms: number) => void } {
  let time = start;
  return {
    now: () => time,
    move: (ms) => {
      time += ms;
    },
  };
}
