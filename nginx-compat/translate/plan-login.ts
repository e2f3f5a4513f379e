import { nearest } from '../reading/index.ts';
import type { Decisions } from './decisions.ts';
import type { Login } from './login.ts';
import { loginsOf, type HostPlan } from './plan-host.ts';
import type { PlannedHost, Traced } from './plan.ts';

/** Who logs in where: keys of hosts, and those of `auth`. */
export interface LoginPlan {
  readonly login: ReadonlyMap<HostPlan, Pick<PlannedHost, 'login' | 'username' | 'password'>>;
  readonly anonymous?: Traced<'pull'>;
  readonly htpasswd?: Traced<string>;
}

/**
 * Where nginx asks for a password, Dockgate does, with the same file of users; where it does not, the registry behind
 * goes on doing so.
 */
export function planLogin(
  hosts: readonly HostPlan[],
  decisions: Decisions,
  absolute: (path: string) => string,
): LoginPlan {
  const login = new Map<HostPlan, Pick<PlannedHost, 'login' | 'username' | 'password'>>();
  const open: HostPlan[] = [];
  const closed: HostPlan[] = [];
  let htpasswd: Traced<string> | undefined;
  for (const each of hosts) {
    const { read, write } = loginsOf(each.routed);
    const asked = read ?? write;
    if (asked === undefined) {
      if (each.repository) open.push(each);
      continue;
    }
    if ('forward' in each.host.destination) {
      notePage(asked, each, decisions);
      continue;
    }
    (read ? closed : open).push(each);
    htpasswd = usersOf(asked, htpasswd, decisions, absolute);
    if (!each.repository) login.set(each, keysOf(asked));
    noteRealm(each, decisions);
  }
  const [first] = open;
  const isOpen = first !== undefined && closed.length === 0;
  if (first && !isOpen)
    decisions.note(
      first.host.name.from[0] ?? first.routed.site.server.at,
      'unsupported',
      'anonymous pulls are allowed for all hosts or for none (auth.anonymous), and another host wants a login: none are',
    );
  return {
    login,
    ...(isOpen && { anonymous: { value: 'pull' as const, from: first.host.name.from } }),
    ...(htpasswd && { htpasswd }),
  };
}

function usersOf(
  { users }: Login,
  before: Traced<string> | undefined,
  decisions: Decisions,
  absolute: (path: string) => string,
): Traced<string> | undefined {
  if (users === undefined) return before;
  const value = absolute(users.text);
  if (users.text.includes('$')) {
    decisions.note(
      users.at,
      'unsupported',
      'the name of the file has a variable; name one file as auth.htpasswd',
    );
    return before;
  }
  if (before !== undefined && before.value !== value) {
    const why = 'Dockgate has one file of users for all hosts; add those of this one to auth.htpasswd';
    decisions.note(users.at, 'unsupported', why);
    return before;
  }
  const why =
    'auth.htpasswd; only lines of htpasswd -B, which begin with $2, are read: others need a new password';
  decisions.note(users.at, 'mapped', why);
  return { value, from: [...(before?.from ?? []), users.at] };
}

function keysOf({ users, credentials }: Login): Pick<PlannedHost, 'login' | 'username' | 'password'> {
  const from = users ? [users.at] : [];
  return {
    login: { value: 'gateway', from },
    ...(credentials && {
      username: { value: credentials.username, from },
      password: { value: credentials.password, from },
    }),
  };
}

function noteRealm({ routed: { route }, host }: HostPlan, decisions: Decisions): void {
  if (route.kind !== 'split') return;
  for (const side of [route.read, route.write]) {
    const realm = side && nearest(side.outcome.scope, 'auth_basic');
    if (realm)
      decisions.note(
        realm.at,
        'mapped',
        `Dockgate asks for the password: hosts.${host.name.value}.login: gateway`,
      );
  }
}

function notePage({ users }: Login, { host, routed: { route } }: HostPlan, decisions: Decisions): void {
  const why = `${host.name.value} is passed on as it is, and Dockgate asks no password there: let the server behind ask for it, or keep nginx in front of it`;
  const realm = route.kind === 'forward' ? nearest(route.to.outcome.scope, 'auth_basic') : undefined;
  for (const at of [realm?.at, users?.at]) if (at) decisions.note(at, 'unsupported', why);
}
