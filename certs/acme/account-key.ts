import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, FlattenedSign } from 'jose';
import type { JWK } from 'jose';
import type { ExternalAccount } from './settings.ts';

/** The key of an ACME account, ECDSA P-256: it signs every request. */
export class AccountKey {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /**
   * The body of a request: `payload` as JSON, or nothing for POST-as-GET (RFC 8555, 6.2 and 6.3). `account` is its URL;
   * without one the key names itself.
   */
  async sign(
    { url, nonce, account }: { url: string; nonce: string; account: string | undefined },
    payload: unknown,
  ): Promise<string> {
    const who = account === undefined ? { jwk: await this.#jwk() } : { kid: account };
    return JSON.stringify(
      await new FlattenedSign(bytesOf(payload))
        .setProtectedHeader({ alg: 'ES256', nonce, url, ...who })
        .sign(this.#key),
    );
  }

  /** Says in the name of an account elsewhere that this key is its own (RFC 8555, 7.3.4). */
  async boundTo({ kid, hmacKey }: ExternalAccount, url: string): Promise<unknown> {
    return await new FlattenedSign(bytesOf(await this.#jwk()))
      .setProtectedHeader({ alg: 'HS256', kid, url })
      .sign(Buffer.from(hmacKey, 'base64url'));
  }

  /** What is to be found under a token (RFC 8555, 8.1). */
  async authorizationOf(token: string): Promise<string> {
    return `${token}.${await calculateJwkThumbprint(await this.#jwk())}`;
  }

  #jwk(): Promise<JWK> {
    return exportJWK(createPublicKey(this.#key));
  }
}

function bytesOf(payload: unknown): Uint8Array {
  return payload === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(payload));
}
