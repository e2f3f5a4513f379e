import type { Finding, Path } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { isAddress } from '../targets.ts';
import { entriesOf } from './references.ts';

type HostOutline = NonNullable<NonNullable<Outline['hosts']>[string]>;

/** The keys that say how a registry is spoken to that somebody else runs. */
const backendKeys = ['login', 'username', 'password', 'ca', 'clientCert', 'clientKey'] as const;

/** That the login of a host and what its backends want fit together. */
export function* checkBackends({ hosts }: Outline): Iterable<Finding> {
  for (const [name, host] of entriesOf(hosts)) {
    const path = ['hosts', name];
    const targets = [host.read, host.write].flat().filter((each) => each !== undefined && each !== null);
    const isMixed = targets.some((each) => !isAddress(each));
    if (host.forward === undefined && !targets.some(isAddress)) yield* checkUnused(path, host);
    else if (host.forward !== undefined) yield* checkForward(path, host);
    else yield* checkLogin(path, host, isMixed);
    yield* checkPairs(path, host);
  }
}

function* checkUnused(path: Path, host: HostOutline): Iterable<Finding> {
  for (const key of backendKeys) {
    if (host[key] === undefined) continue;
    const message = 'is for addresses of other registries, and this host has none; take it out';
    yield { path: [...path, key], message };
  }
}

function* checkForward(path: Path, host: HostOutline): Iterable<Finding> {
  for (const key of ['login', 'username', 'password'] as const) {
    if (host[key] === undefined) continue;
    yield { path: [...path, key], message: 'goes with read and write; forward passes the login on as it is' };
  }
}

function* checkLogin(path: Path, host: HostOutline, isMixed: boolean): Iterable<Finding> {
  const { login, username } = host;
  if (isMixed && login === 'backend') {
    const message = 'must be gateway where one side is a repository of Dockgate, whose users only it knows';
    yield { path: [...path, 'login'], message };
  } else if (!isMixed && login !== 'gateway' && username !== undefined) {
    const message =
      'is only used with login: gateway; write that, or take it out, for now clients log in at the registry itself';
    yield { path: [...path, 'username'], message };
  }
}

function* checkPairs(path: Path, host: HostOutline): Iterable<Finding> {
  const pairs = [
    ['username', 'password', 'a username needs one'],
    ['password', 'username', 'a password needs one'],
    ['clientCert', 'clientKey', 'clientCert needs the PEM file of its key'],
    ['clientKey', 'clientCert', 'clientKey needs the PEM file of its certificate'],
  ] as const;
  for (const [given, missing, why] of pairs) {
    if (host[given] !== undefined && host[missing] === undefined) {
      yield { path: [...path, missing], message: `is missing; ${why}` };
    }
  }
}
