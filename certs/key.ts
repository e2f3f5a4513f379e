import { createHash, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/** A new private RSA key of `bits` bits, made off the event loop. RSA because node-forge signs with nothing else. */
export async function newKey(bits: 2048 | 3072): Promise<KeyObject> {
  const { privateKey } = await generate('rsa', { modulusLength: bits });
  return privateKey;
}

/** A new private ECDSA key on P-256, which every public CA signs and every client takes. */
export async function newEcKey(): Promise<KeyObject> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  return privateKey;
}

/** A private key as PKCS#8 PEM. */
export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A public key, or the public half of a private one, as SPKI PEM. */
export function publicPem(key: KeyObject): string {
  const half = key.type === 'public' ? key : createPublicKey(key);
  return half.export({ type: 'spki', format: 'pem' }).toString();
}

/** Eight hexadecimal digits that tell one key from another, for the subject of what it signs. */
export function keyId(key: KeyObject): string {
  return createHash('sha256').update(publicPem(key)).digest('hex').slice(0, 8).toUpperCase();
}
