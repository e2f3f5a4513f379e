import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccess, type Access, type GrantSettings } from '../../../registry/access/index.ts';
import { openSqlite } from '../../../registry/metadata/index.ts';
import { parseName, RegistryError, type Caller } from '../../../registry/model/index.ts';
import { keysInMemory, usersInMemory } from './stores.ts';
import { hashAs } from './hash-as.ts';

const plain: GrantSettings = { anonymous: 'none', roles: {}, assign: {} };
const x = parseName('team/x');
const y = parseName('y');
const quick = (password: string): Promise<string> => hashAs('2y', password, 4);
const users = usersInMemory(
  { name: 'alice', passwordHash: await quick('s3cret'), roles: [], createdAt: 0 },
  { name: 'both', passwordHash: await quick('own'), roles: [], createdAt: 0 },
);
const lines = `carol:${await quick('filed')}\nboth:${await quick('filed')}\n`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dg-'));
  await writeFile(join(folder, 'htpasswd'), lines);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function open(settings: Partial<GrantSettings> = {}, from = users): Promise<Access> {
  return await createAccess({
    users: from,
    keys: keysInMemory(),
    settings: { ...plain, ...settings },
    htpasswd: join(folder, 'htpasswd'),
    report: (message) => {
      throw new Error(message);
    },
  });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Asks for a token with the GET form. */
async function get(
  access: Access,
  authorization: string | undefined,
  query = '',
): ReturnType<Access['tokenService']> {
  const parameters = new URLSearchParams(query);
  return await access.tokenService({ method: 'GET', authorization, parameters, host: 'idocker.io' });
}

async function post(access: Access, form: Record<string, string>): ReturnType<Access['tokenService']> {
  const parameters = new URLSearchParams(form);
  return await access.tokenService({
    method: 'POST',
    authorization: undefined,
    parameters,
    host: 'idocker.io',
  });
}

async function callerWith(access: Access, authorization: string | undefined): Promise<Caller> {
  const caller = await access.authenticate(authorization);
  if ('rejected' in caller) throw new Error(caller.reason);
  return caller;
}

async function callerByToken(
  access: Access,
  authorization: string | undefined,
  query: string,
): Promise<Caller> {
  const answer = await get(access, authorization, query);
  if (!('ok' in answer)) throw new Error('no token');
  return await callerWith(access, `Bearer ${answer.ok.token}`);
}

async function refusal(of: Promise<unknown>): Promise<string> {
  const error = await of.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RegistryError)) throw new Error('not refused', { cause: error });
  return `${error.kind}: ${error.message}`;
}

describe('login', () => {
  test.each<[string, string, string, boolean]>([
    ['a user of our own', 'alice', 's3cret', true],
    ['wrong password', 'alice', 'filed', false],
    ['a user of the file', 'carol', 'filed', true],
    ['wrong password for the file', 'carol', 's3cret', false],
    ['our own user hides the one of the file', 'both', 'own', true],
    ['whose password there is void', 'both', 'filed', false],
    ['nobody', 'eve', 's3cret', false],
    ['no name', '', '', false],
  ])('%s', async (_, user, password, good) => {
    const identity = await (await open()).login(user, password);
    expect(identity).toEqual(good ? { user, roles: [] } : undefined);
  });

  test('users of the file have the roles that are assigned', async () => {
    const access = await open({ assign: { carol: ['admin'] } });
    expect(await access.login('carol', 'filed')).toEqual({ user: 'carol', roles: ['admin'] });
  });
});

describe('authenticate', () => {
  test('no header is nobody, who may nothing even where anonymous may pull', async () => {
    const caller = await callerWith(await open({ anonymous: 'pull' }), undefined);
    expect(caller).toMatchObject({ user: undefined, by: 'none', mayList: false });
    expect(caller.may('pull', y)).toBe(false);
    expect(caller.maySee(y)).toBe(false);
  });

  test('Basic has what the user is granted', async () => {
    const roles = { dev: [{ names: ['team/**'], actions: ['pull', 'push'] }] } as const;
    const access = await open({ roles, assign: { alice: ['dev'] } });
    const caller = await callerWith(access, basic('alice', 's3cret'));
    expect(caller).toMatchObject({ user: 'alice', by: 'basic', mayList: true });
    expect([caller.may('push', x), caller.may('delete', x), caller.may('pull', y)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([caller.maySee(x), caller.maySee(y)]).toEqual([true, false]);
  });

  test.each([
    ['wrong password', basic('alice', 'wrong'), 'basic'],
    ['no such user', basic('eve', 's3cret'), 'basic'],
    ['a token that is none', 'Bearer abc', 'bearer'],
    ['malformed', 'Basic !', 'malformed'],
  ])('%s is rejected, never anonymous', async (_, header, rejected) => {
    const sender = await (await open({ anonymous: 'pull' })).authenticate(header);
    expect(sender).toMatchObject({ rejected });
  });

  test('what is said of a wrong password and of no such user is the same', async () => {
    const access = await open();
    const [wrong, nobody] = [basic('alice', 'wrong'), basic('eve', 'wrong')];
    expect(await access.authenticate(wrong)).toEqual(await access.authenticate(nobody));
  });

  test('a token has what it was granted and no more, whatever its user may', async () => {
    const access = await open({ anonymous: 'pull' });
    const caller = await callerByToken(access, basic('alice', 's3cret'), 'scope=repository:team/x:pull');
    expect(caller).toMatchObject({ user: 'alice', by: 'bearer', mayList: false });
    const allowed = [caller.may('pull', x), caller.may('push', x), caller.may('pull', y)];
    expect(allowed).toEqual([true, false, false]);
    expect([caller.maySee(x), caller.maySee(y)]).toEqual([false, false]);
  });

  test('a token for library/x pulls x too, and does not push it', async () => {
    const query = 'scope=repository:library/y:pull,push';
    const caller = await callerByToken(await open(), basic('alice', 's3cret'), query);
    expect([caller.may('pull', y), caller.may('push', y)]).toEqual([true, false]);
  });

  test('a token for administration is one as long as its user has the role', async () => {
    const roles = { dev: [{ names: ['team/**'], actions: ['pull'] }] } as const;
    const asked = 'scope=registry:admin:*';
    const before = await open({ roles, assign: { alice: ['admin'] } });
    const caller = await callerByToken(before, basic('alice', 's3cret'), asked);
    expect([caller.isAdmin, caller.mayList, caller.may('pull', x)]).toEqual([true, false, false]);
    const one = await callerByToken(before, basic('alice', 's3cret'), 'scope=registry:catalog:*');
    expect(one.isAdmin).toBe(false);
    const other = await callerByToken(await open({ roles, assign: {} }), basic('carol', 'filed'), asked);
    expect(other.isAdmin).toBe(false);
  });

  test('a token for the catalog sees what its user may pull, and pulls nothing', async () => {
    const roles = { dev: [{ names: ['team/**'], actions: ['pull'] }] } as const;
    const access = await open({ roles, assign: { carol: ['dev'] } });
    const caller = await callerByToken(access, basic('carol', 'filed'), 'scope=registry:catalog:*');
    expect(caller.mayList).toBe(true);
    expect([caller.maySee(x), caller.maySee(y), caller.may('pull', x)]).toEqual([true, false, false]);
  });

  test('and of a user who was removed since, nothing', async () => {
    const [alice] = await users.list();
    const some = usersInMemory(...(alice ? [alice] : []));
    const access = await open({}, some);
    const answer = await get(access, basic('alice', 's3cret'), 'scope=registry:catalog:*');
    await access.accounts.removeUser('alice');
    const caller = await callerWith(access, `Bearer ${'ok' in answer ? answer.ok.token : ''}`);
    expect(caller.maySee(x)).toBe(false);
  });

  test('a token of another installation is rejected', async () => {
    const answer = await get(await open(), basic('alice', 's3cret'));
    const sender = await (await open()).authenticate(`Bearer ${'ok' in answer ? answer.ok.token : ''}`);
    expect(sender).toMatchObject({ rejected: 'bearer' });
  });
});

describe('token service', () => {
  test('docker login: no scope, offline_token, no refresh token in the answer', async () => {
    const access = await open();
    const query = 'account=alice&client_id=docker&offline_token=true&service=dockgate';
    const answer = await get(access, basic('alice', 's3cret'), query);
    const token = expect.any(String) as string;
    expect(answer).toEqual({
      ok: {
        token,
        access_token: token,
        expires_in: 300,
        issued_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
    });
    expect('ok' in answer && answer.ok.token === answer.ok.access_token).toBe(true);
  });

  test('containerd: a form, several scopes in one, and the granted ones in the answer', async () => {
    const scope = 'repository:team/x:pull repository:team/x:pull,push repository:BAD:pull';
    const form = {
      grant_type: 'password',
      username: 'alice',
      password: 's3cret',
      service: 'dockgate',
      scope,
    };
    const answer = await post(await open(), form);
    expect(answer).toMatchObject({ ok: { scope: 'repository:team/x:pull,push', expires_in: 300 } });
    expect(answer).not.toHaveProperty('ok.refresh_token');
  });

  test('scopes that are not allowed give a token without them', async () => {
    const access = await open({ assign: { alice: ['admin'] } });
    const caller = await callerByToken(access, basic('carol', 'filed'), 'scope=repository:y:pull');
    expect(caller).toMatchObject({ user: 'carol', by: 'bearer' });
    expect(caller.may('pull', y)).toBe(false);
  });

  test('an anonymous token is for pulling', async () => {
    const caller = await callerByToken(
      await open({ anonymous: 'pull' }),
      undefined,
      'scope=repository:y:pull,push',
    );
    expect(caller.user).toBeUndefined();
    expect([caller.may('pull', y), caller.may('push', y)]).toEqual([true, false]);
  });

  test('without credentials where they are needed: told to log in (story A3)', async () => {
    expect(await refusal(get(await open(), undefined))).toBe(
      'unauthorized: authentication required: log in first: docker login idocker.io or podman login idocker.io',
    );
  });

  test.each([
    ['wrong password', basic('alice', 'wrong'), /the user name or the password is wrong$/],
    ['no such user', basic('eve', 's3cret'), /the user name or the password is wrong$/],
    ['malformed', 'Basic !', /Authorization header/],
    ['a token', 'Bearer abc', /not a token/],
  ])('%s: refused, also where anonymous may pull', async (_, header, message) => {
    const said = await refusal(get(await open({ anonymous: 'pull' }), header, 'scope=repository:y:pull'));
    expect(said).toMatch(/^unauthorized: authentication required: /);
    expect(said).toMatch(message);
  });

  test('wrong credentials in a form: refused', async () => {
    const form = { grant_type: 'password', username: 'alice', password: 'wrong' };
    expect(await refusal(post(await open(), form))).toMatch(/^unauthorized: authentication required: /);
  });

  test.each([
    [{ grant_type: 'refresh_token', refresh_token: 'abc' }, 'unsupported_grant_type'],
    [{ grant_type: 'authorization_code' }, 'unsupported_grant_type'],
    [{}, 'invalid_request'],
    [{ grant_type: 'password', username: 'alice' }, 'invalid_request'],
    [{ grant_type: 'password', password: 's3cret' }, 'invalid_request'],
    [{ username: 'alice', password: 's3cret' }, 'invalid_request'],
  ])('the form %j is bad: %s', async (form, error) => {
    expect(await post(await open({ anonymous: 'pull' }), form)).toMatchObject({ bad: { error } });
  });

  test('a password in the query of a GET is not looked at', async () => {
    const query = 'grant_type=password&username=alice&password=s3cret';
    expect(await refusal(get(await open(), undefined, query))).toMatch(/log in first/);
  });
});

test("two gateways on one database know the same users and believe each other's tokens", async () => {
  const file = join(folder, 'metadata.db');
  const stores = [await openSqlite(file), await openSqlite(file)];
  try {
    const [one, two] = await Promise.all(
      stores.map((store) =>
        createAccess({
          users: store.users,
          keys: store.keys,
          settings: plain,
          htpasswd: undefined,
          report: () => undefined,
        }),
      ),
    );
    if (!one || !two) throw new Error('two were made');
    await one.accounts.ensureAdmin({ password: 'given' });
    const admin = basic('admin', 'given');
    const answers = await Promise.all([get(one, admin), get(two, admin)]);
    const [first, second] = answers.map((answer) => ('ok' in answer ? answer.ok.token : ''));
    expect(await callerWith(two, `Bearer ${first ?? ''}`)).toMatchObject({ user: 'admin' });
    expect(await callerWith(one, `Bearer ${second ?? ''}`)).toMatchObject({ user: 'admin' });
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
});
