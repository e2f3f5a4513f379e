import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto';

/** A schema 1 manifest as a client of old reads it. */
export interface Schema1 {
  readonly schemaVersion: number;
  readonly name: string;
  readonly tag: string;
  readonly architecture: string;
  readonly fsLayers: readonly { readonly blobSum: string }[];
  readonly history: readonly { readonly v1Compatibility: string }[];
}

interface Signature {
  readonly header: { readonly jwk: JsonWebKey & { readonly kid: string }; readonly alg: string };
  readonly signature: string;
  readonly protected: string;
}

/** A manifest whose signature holds: what it says, and the signed bytes. */
export interface Verified {
  readonly manifest: Schema1;
  readonly payload: Buffer;
}

/** Checks a manifest as libtrust does, its key against the key's id too; throws when anything does not fit. */
export function verifySchema1(bytes: Buffer): Verified {
  const { signatures } = JSON.parse(bytes.toString()) as { signatures: readonly Signature[] };
  const [only, ...others] = signatures;
  if (only === undefined || others.length > 0) throw new Error('expected one signature');
  const { formatLength, formatTail, time } = JSON.parse(
    Buffer.from(only.protected, 'base64url').toString(),
  ) as { formatLength: number; formatTail: string; time: string };
  const payload = Buffer.concat([bytes.subarray(0, formatLength), Buffer.from(formatTail, 'base64url')]);
  const key = createPublicKey({ key: only.header.jwk, format: 'jwk' });
  const text = `${only.protected}.${payload.toString('base64url')}`;
  const signature = Buffer.from(only.signature, 'base64url');
  const holds = verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (!holds) throw new Error('the signature does not hold');
  if (only.header.alg !== 'ES256' || Number.isNaN(Date.parse(time))) throw new Error('wrong header');
  if (keyIdBytes(only.header.jwk.kid) !== hashOf(key.export({ format: 'der', type: 'spki' })))
    throw new Error('the id is not that of the key');
  return { manifest: JSON.parse(payload.toString()) as Schema1, payload };
}

function hashOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex').slice(0, 60);
}

/** The hex of an id such as `ABCD:…`, twelve groups of base 32. */
function keyIdBytes(id: string): string {
  if (!/^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$/.test(id)) throw new Error(`${id} is not a key id`);
  const letters = id.match(/[A-Z2-7]/g) ?? [];
  const number = letters.reduce(
    (sum, letter) => sum * 32n + BigInt('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)),
    0n,
  );
  return number.toString(16).padStart(60, '0');
}
