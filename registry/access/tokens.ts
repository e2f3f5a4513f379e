import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { randomUUID } from 'node:crypto';
import { service } from './service.ts';
import { ShortMemory } from './short-memory.ts';
import type { KeyRing } from './signing-keys.ts';

/** One thing that a token allows. Docker registry token specification, "JWT", claim `access`. */
export interface AccessEntry {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/** A token as it is handed out; `expiresIn` in seconds, `issuedAt` in RFC 3339. */
interface IssuedToken {
  readonly token: string;
  readonly expiresIn: number;
  readonly issuedAt: string;
}

/** What a good token says; `user` is undefined for an anonymous caller. */
export interface TokenContent {
  readonly user: string | undefined;
  readonly access: readonly AccessEntry[];
}

/** Makes and reads the bearer tokens of the token service: ES256, RFC 7519, valid for five minutes. */
export interface Tokens {
  issue(content: TokenContent): Promise<IssuedToken>;
  /** What `token` says, or why it is not to be believed. Throws when the metadata store fails. */
  verify(token: string): Promise<TokenContent | { readonly invalid: string }>;
}

/** Seconds; a role that was taken away, or a user who was removed, is out after this at the latest. */
const lifetime = 300;
/** Seconds by which the clocks of two gateways on the same data may differ. */
const skew = 30;
const rememberedTokens = 5000;

/** Makes the token maker over a ring of keys. */
export function createTokens(ring: KeyRing, now: () => number = Date.now): Tokens {
  const known = new ShortMemory<TokenContent>(rememberedTokens);

  async function read(token: string): Promise<TokenContent> {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await ring.find(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      {
        algorithms: ['ES256'],
        typ: 'JWT',
        issuer: service,
        audience: service,
        requiredClaims: ['exp', 'nbf', 'sub'],
        clockTolerance: skew,
        currentDate: new Date(now()),
      },
    );
    const content = contentOf(payload);
    known.remember(token, content, (payload.exp ?? 0) * 1000);
    return content;
  }

  return {
    issue: async ({ user, access }) => {
      const { id, key } = await ring.current();
      const iat = Math.floor(now() / 1000);
      const token = await new SignJWT({ access })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: id })
        .setIssuer(service)
        .setAudience(service)
        .setSubject(user ?? '')
        .setIssuedAt(iat)
        .setNotBefore(iat)
        .setExpirationTime(iat + lifetime)
        .setJti(randomUUID())
        .sign(key);
      return { token, expiresIn: lifetime, issuedAt: new Date(iat * 1000).toISOString() };
    },
    verify: async (token) => {
      try {
        return known.recall(token, now()) ?? (await read(token));
      } catch (error) {
        if (error instanceof errors.JOSEError) return { invalid: reasonOf(error) };
        throw error;
      }
    },
  };
}

/** Only what we signed comes here, so `access` has the form in which we wrote it. */
function contentOf(payload: JWTPayload): TokenContent {
  const user = payload.sub === '' ? undefined : payload.sub;
  return { user, access: payload.access as readonly AccessEntry[] };
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'the token was signed with a key that is not known here';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature of the token is wrong';
  if (error instanceof errors.JWTClaimValidationFailed)
    return 'the token is not for this service at this time';
  return 'this is not a token of this service';
}
