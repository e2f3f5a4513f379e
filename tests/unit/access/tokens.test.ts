import { SignJWT, UnsecuredJWT, decodeProtectedHeader, decodeJwt, type JWTHeaderParameters } from 'jose';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeyRing } from '../../../registry/access/signing-keys.ts';
import { createTokens, type Tokens } from '../../../registry/access/tokens.ts';
import { clock, keysInMemory } from './stores.ts';

const access = [{ type: 'repository', name: 'team/x', actions: ['pull', 'push'] }] as const;

interface Bench {
  readonly tokens: Tokens;
  readonly keys: ReturnType<typeof keysInMemory>;
  readonly now: () => number;
  readonly move: (ms: number) => void;
}

function bench(keys = keysInMemory(), { now, move } = clock()): Bench {
  return { tokens: createTokens(createKeyRing(keys, now), now), keys, now, move };
}

function storedKey({ keys }: Bench): { id: string; key: KeyObject } {
  const [stored] = keys.stored;
  if (!stored) throw new Error('no key was stored');
  const key = createPrivateKey({ key: JSON.parse(stored.jwk) as JsonWebKey, format: 'jwk' });
  return { id: stored.id, key };
}

/** A token as ours, but for what is changed. */
async function forge(
  on: Bench,
  changed: {
    readonly header?: { alg?: string; typ?: string; kid?: string | undefined };
    readonly claims?: (token: SignJWT) => SignJWT;
    readonly key?: KeyObject | Uint8Array;
  } = {},
): Promise<string> {
  const { id, key } = storedKey(on);
  const iat = Math.floor(on.now() / 1000);
  const token = new SignJWT({ access })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: id, ...changed.header } as JWTHeaderParameters)
    .setIssuer('dockgate')
    .setAudience('dockgate')
    .setSubject('alice')
    .setIssuedAt(iat)
    .setNotBefore(iat)
    .setExpirationTime(iat + 300);
  return await (changed.claims?.(token) ?? token).sign(changed.key ?? key);
}

test('a token says who and what, in the claims of the token specification', async () => {
  const { tokens, keys } = bench();
  const issued = await tokens.issue({ user: 'alice', access });
  expect(issued).toMatchObject({ expiresIn: 300, issuedAt: '2026-11-01T00:00:00.000Z' });
  const iat = Date.UTC(2026, 10, 1) / 1000;
  expect(decodeProtectedHeader(issued.token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: keys.stored[0]?.id });
  expect(decodeJwt(issued.token)).toEqual({
    iss: 'dockgate',
    aud: 'dockgate',
    sub: 'alice',
    iat,
    nbf: iat,
    exp: iat + 300,
    jti: expect.any(String) as string,
    access,
  });
  expect(await tokens.verify(issued.token)).toEqual({ user: 'alice', access });
});

test('two tokens differ', async () => {
  const { tokens } = bench();
  const [a, b] = await Promise.all([
    tokens.issue({ user: 'a', access }),
    tokens.issue({ user: 'a', access }),
  ]);
  expect(a.token).not.toBe(b.token);
});

test('an anonymous token has no user', async () => {
  const { tokens } = bench();
  const { token } = await tokens.issue({ user: undefined, access: [] });
  expect(await tokens.verify(token)).toEqual({ user: undefined, access: [] });
});

test('the key is made once, kept in the metadata, and every gateway uses it', async () => {
  const keys = keysInMemory();
  const [a, b] = [bench(keys), bench(keys)];
  const [first, second] = await Promise.all([
    a.tokens.issue({ user: 'alice', access }),
    b.tokens.issue({ user: 'alice', access }),
  ]);
  expect(keys.stored).toHaveLength(1);
  expect(await b.tokens.verify(first.token)).toMatchObject({ user: 'alice' });
  expect(await a.tokens.verify(second.token)).toMatchObject({ user: 'alice' });
  expect(await bench(keys).tokens.verify(first.token)).toMatchObject({ user: 'alice' });
});

test('a token is good for its five minutes and the skew, remembered or not', async () => {
  const on = bench();
  const { token } = await on.tokens.issue({ user: 'alice', access });
  await on.tokens.verify(token);
  on.move(299_000);
  expect(await on.tokens.verify(token)).toMatchObject({ user: 'alice' });
  on.move(31_000);
  expect(await on.tokens.verify(token)).toEqual({ invalid: 'the token has expired' });
});

test('a gateway whose clock is a little slow takes the token', async () => {
  const on = bench();
  const { token } = await on.tokens.issue({ user: 'alice', access });
  on.move(-20_000);
  expect(await on.tokens.verify(token)).toMatchObject({ user: 'alice' });
  on.move(-20_000);
  expect(await bench(on.keys, on).tokens.verify(token)).toHaveProperty('invalid');
});

test('a verified token is not verified again', async () => {
  const on = bench();
  const { token } = await on.tokens.issue({ user: 'alice', access });
  const first = await on.tokens.verify(token);
  expect(await on.tokens.verify(token)).toBe(first);
});

test('the forge of the next tests makes good tokens when nothing is changed', async () => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  expect(await on.tokens.verify(await forge(on))).toMatchObject({ user: 'alice' });
});

test.each<[string, Parameters<typeof forge>[1], RegExp]>([
  ['another issuer', { claims: (token) => token.setIssuer('other') }, /not for this service/],
  ['another audience', { claims: (token) => token.setAudience('other') }, /not for this service/],
  ['not yet', { claims: (token) => token.setNotBefore(new Date(Date.UTC(2026, 10, 2))) }, /at this time/],
  ['expired', { claims: (token) => token.setExpirationTime(new Date(Date.UTC(2026, 9, 31))) }, /expired/],
  ['no kid', { header: { kid: undefined } }, /not known here/],
  ['an unknown kid', { header: { kid: 'other' } }, /not known here/],
  ['another typ', { header: { typ: 'at+jwt' } }, /not for this service/],
  ['a secret', { header: { alg: 'HS256' }, key: new Uint8Array(32) }, /not a token of this service/],
])('refuses a token: %s', async (_, changed, reason) => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  const token = await forge(on, changed);
  expect(await on.tokens.verify(token)).toEqual({ invalid: expect.stringMatching(reason) as string });
});

test('refuses a token without an end', async () => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  const { id, key } = storedKey(on);
  const token = await new SignJWT({ access })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: id })
    .setIssuer('dockgate')
    .setAudience('dockgate')
    .setSubject('alice')
    .setNotBefore(0)
    .sign(key);
  expect(await on.tokens.verify(token)).toHaveProperty('invalid');
});

test('refuses a token of another key under our kid', async () => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const token = await forge(on, { key: privateKey });
  expect(await on.tokens.verify(token)).toEqual({ invalid: 'the signature of the token is wrong' });
});

test('refuses alg none', async () => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  const iat = on.now() / 1000;
  const claims = { iss: 'dockgate', aud: 'dockgate', sub: 'alice', iat, nbf: iat, exp: iat + 300, access };
  expect(await on.tokens.verify(new UnsecuredJWT(claims).encode())).toHaveProperty('invalid');
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { alg: 'none', typ: 'JWT', kid: storedKey(on).id };
  for (const signature of ['', 'AAAA'])
    expect(await on.tokens.verify(`${encode(header)}.${encode(claims)}.${signature}`)).toHaveProperty(
      'invalid',
    );
});

test('refuses HS256 with the public key as the secret', async () => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  const pem = createPublicKey(storedKey(on).key).export({ format: 'pem', type: 'spki' });
  const token = await forge(on, { header: { alg: 'HS256' }, key: new Uint8Array(Buffer.from(pem)) });
  expect(await on.tokens.verify(token)).toHaveProperty('invalid');
});

test('refuses a token in which one character is changed, wherever it is', async () => {
  const on = bench();
  const { token } = await on.tokens.issue({ user: 'alice', access });
  // The last character of the signature carries four bits that do not count.
  for (let at = 0; at < token.length - 1; at += 7) {
    const other = token[at] === 'A' ? 'B' : 'A';
    const altered = token.slice(0, at) + other + token.slice(at + 1);
    expect(await on.tokens.verify(altered), `at ${at}`).toHaveProperty('invalid');
  }
});

test.each(['', 'x', 'a.b', 'a.b.c', 'a.b.c.d.e', '..', 'e30.e30.', 'é', 'null.null.null'])(
  'refuses %j without a fault',
  async (token) => {
    expect(await bench().tokens.verify(token)).toHaveProperty('invalid');
  },
);

test('a key that another gateway added is found, looking at most every ten seconds', async () => {
  const on = bench();
  await on.tokens.issue({ user: undefined, access: [] });
  const other = bench(keysInMemory(), on);
  const { token } = await other.tokens.issue({ user: 'bob', access: [] });
  on.keys.stored.unshift(...other.keys.stored);
  for (let tries = 0; tries < 5; tries += 1) expect(await on.tokens.verify(token)).toHaveProperty('invalid');
  expect(on.keys.lists()).toBe(1);
  on.move(10_000);
  const together = await Promise.all([on.tokens.verify(token), on.tokens.verify(token)]);
  expect(together).toMatchObject([{ user: 'bob' }, { user: 'bob' }]);
  expect(on.keys.lists()).toBe(2);
});

test('a fault of the metadata store is a fault, and the next request tries again', async () => {
  const keys = keysInMemory();
  let broken = true;
  const list = (): ReturnType<typeof keys.list> => (broken ? Promise.reject(new Error('disk')) : keys.list());
  const tokens = createTokens(createKeyRing({ ...keys, list }));
  await expect(tokens.issue({ user: 'a', access })).rejects.toThrow('disk');
  const other = await bench().tokens.issue({ user: 'a', access });
  await expect(tokens.verify(other.token)).rejects.toThrow('disk');
  broken = false;
  expect(await tokens.issue({ user: 'a', access })).toHaveProperty('token');
});
