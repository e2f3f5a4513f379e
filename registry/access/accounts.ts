import { randomInt } from 'node:crypto';
import type { User, Users } from '../metadata/metadata.ts';
import { controlCharacter } from './credentials.ts';
import { hashPassword, longestPassword } from './passwords.ts';

/** A wish about an account that cannot be fulfilled; the message is for the person who gave the command. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
}

/** An account without its password; `createdAt` in ms since 1970. */
type Account = Omit<User, 'passwordHash'>;

/** What the commands do with the registry's own users. All throw {@link AccountError} with what is wrong. */
export interface Accounts {
  /**
   * Makes the user `admin` with the role `admin`, unless some user has that role or `admin` exists already.
   * Answers the password when it was generated: this is the only time that it can be shown.
   */
  ensureAdmin(wish: { readonly password: string | undefined }): Promise<{
    readonly created: boolean;
    readonly generated: string | undefined;
  }>;
  addUser(wish: {
    readonly name: string;
    readonly password: string;
    readonly roles: readonly string[];
  }): Promise<void>;
  setPassword(name: string, password: string): Promise<void>;
  removeUser(name: string): Promise<void>;
  /** By name. */
  listUsers(): Promise<readonly Account[]>;
}

const longestName = 128;
/** Without letters and digits that look alike: the password is read from a screen. */
const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const generatedLength = 24;

/** Makes the account keeper; `roles` are those that may be given. */
export function createAccounts(
  users: Users,
  roles: readonly string[],
  now: () => number = Date.now,
): Accounts {
  async function add(name: string, password: string, given: readonly string[]): Promise<boolean> {
    checkPassword(password);
    return await users.add({
      name,
      passwordHash: await hashPassword(password),
      roles: [...new Set(given)],
      createdAt: now(),
    });
  }

  return {
    ensureAdmin: async ({ password }) => {
      const known = await users.list();
      if (known.some((user) => user.roles.includes('admin'))) return { created: false, generated: undefined };
      const chosen = password ?? generatePassword();
      // False when the name is taken, perhaps by another gateway that has just started on the same data.
      const created = await add('admin', chosen, ['admin']);
      return { created, generated: created && password === undefined ? chosen : undefined };
    },
    addUser: async ({ name, password, roles: given }) => {
      checkName(name);
      const unknown = given.find((role) => !roles.includes(role));
      if (unknown !== undefined)
        throw new AccountError(`There is no role ${quote(unknown)}. Known roles: ${roles.join(', ')}.`);
      if (!(await add(name, password, given)))
        throw new AccountError(
          `There is a user ${quote(name)} already. "dockgate user passwd" changes the password.`,
        );
    },
    setPassword: async (name, password) => {
      checkPassword(password);
      if (!(await users.setPassword(name, await hashPassword(password)))) throw noSuchUser(name);
    },
    removeUser: async (name) => {
      if (!(await users.remove(name))) throw noSuchUser(name);
    },
    listUsers: async () =>
      (await users.list()).map(({ name, roles: given, createdAt }) => ({ name, roles: given, createdAt })),
  };
}

function checkName(name: string): void {
  if (name === '') throw new AccountError('The user name is empty.');
  if (name.length > longestName)
    throw new AccountError(`The user name is longer than ${longestName} characters.`);
  if (name.includes(':'))
    throw new AccountError('The user name has a colon, which ends the name in a login: leave it out.');
  if (controlCharacter.test(name) || name.trim() !== name)
    throw new AccountError(
      'The user name has a control character, or begins or ends with a space: leave it out.',
    );
}

function checkPassword(password: string): void {
  if (password === '') throw new AccountError('The password is empty.');
  if (controlCharacter.test(password))
    throw new AccountError(
      'The password has a control character, such as a tab or a line break: leave it out.',
    );
  if (Buffer.byteLength(password) > longestPassword)
    throw new AccountError(
      `The password is longer than ${longestPassword} bytes, and bcrypt ignores the rest: take a shorter one.`,
    );
}

function noSuchUser(name: string): AccountError {
  return new AccountError(
    `There is no user ${quote(name)} here; "dockgate user list" shows them. Users of an htpasswd file are changed in that file.`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function generatePassword(): string {
  return Array.from({ length: generatedLength }, () => alphabet[randomInt(alphabet.length)]).join('');
}
