import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '../../doctor/index.ts';
import { openAccounts } from '../../registry/index.ts';
import type { Config } from '../config/index.ts';
import { grantSettings, openMetadata } from '../engine.ts';
import { Failure } from './failure.ts';
import { readPassword } from './password.ts';
import { storedLogin } from './stored-login.ts';
import type { World } from './world.ts';

/** How a user is named on the command line. */
export interface LoginOptions {
  readonly user?: string;
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** Who logs in, and how to take it back. */
export interface Login {
  readonly credentialsFor: (target: URL) => () => Promise<Credentials | undefined>;
  readonly forget: () => Promise<void>;
}

/**
 * Who is named on the command line, else a user of the gateway on this machine, else who has logged in to that host with
 * docker or podman. Throws Failure.
 */
export async function loginOf(
  { username, user = username, passwordStdin }: LoginOptions,
  config: Config | undefined,
  world: World,
): Promise<Login> {
  const forget = (): Promise<void> => Promise.resolve();
  if (user !== undefined) {
    const named = { user, password: await readPassword(world, passwordStdin) };
    return { credentialsFor: () => () => Promise.resolve(named), forget };
  }
  if (passwordStdin) throw new Failure('--password-stdin wants --user', 2);
  const own = config && temporaryUser(config);
  return {
    credentialsFor: (target) =>
      own && knowsOurUsers(config, target) ? own.credentials : () => storedLogin(target.host, world),
    forget: own?.forget ?? forget,
  };
}

/** False where somebody else's registry checks the credentials. */
function knowsOurUsers({ hosts }: Config, { hostname }: URL): boolean {
  const host = hosts.get(hostname.replace(/^\[(.*)\]$/, '$1'));
  if (host?.kind !== 'split') return host === undefined;
  if (host.backend?.login === 'gateway') return true;
  return 'repository' in host.read || (host.write !== undefined && 'repository' in host.write);
}

/** A user that is made when it is first asked for: whoever may open the data folder may do everything. */
function temporaryUser(config: Config): {
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly forget: () => Promise<void>;
} {
  const name = `doctor-${randomBytes(4).toString('hex')}`;
  const made = { user: name, password: randomBytes(24).toString('base64url') };
  let adding: Promise<Credentials | undefined> | undefined;
  const change = async (
    work: (accounts: ReturnType<typeof openAccounts>) => Promise<void>,
  ): Promise<void> => {
    const metadata = await openMetadata(config);
    try {
      await work(openAccounts(metadata, grantSettings(config)));
    } finally {
      await metadata.close();
    }
  };
  const add = async (): Promise<Credentials | undefined> => {
    // Opening would make it, in a folder where no gateway is.
    await access(join(config.data, 'metadata.db'));
    await change((accounts) => accounts.addUser({ name, password: made.password, roles: ['admin'] }));
    return made;
  };
  return {
    credentials: () => (adding ??= add()),
    async forget() {
      if (await adding?.catch(() => undefined)) await change((accounts) => accounts.removeUser(name));
    },
  };
}
