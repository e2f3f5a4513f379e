import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { schema1Indent } from '../model/index.ts';

/** Signs the text of a schema 1 manifest and gives the bytes with the signature in them. */
export type SignSchema1 = (payload: string) => Uint8Array;

const base64url = (text: string | Buffer): string => Buffer.from(text).toString('base64url');

/**
 * Makes a signer with a P-256 key of its own. The key travels in the signature, and clients check only that the
 * two fit, so none has to be kept. All its signatures of one text have the same length.
 * libtrust, "libtrust Signature"; RFC 7515.
 */
export function createSchema1Signer(now: () => number = Date.now): SignSchema1 {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  const header = { jwk: { crv, kid: keyId(publicKey), kty, x, y }, alg: 'ES256' };
  return (payload) => {
    const end = '\n}';
    const body = payload.slice(0, -end.length);
    const head = base64url(
      JSON.stringify({
        // The payload again is the first so many bytes, and then the tail.
        formatLength: Buffer.byteLength(body),
        formatTail: base64url(end),
        time: `${new Date(now()).toISOString().slice(0, 19)}Z`,
      }),
    );
    const signed = Buffer.from(`${head}.${base64url(payload)}`);
    const signature = sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const all = [{ header, signature: base64url(signature), protected: head }];
    const text = JSON.stringify(all, undefined, schema1Indent).replaceAll(
      '\n',
      `\n${' '.repeat(schema1Indent)}`,
    );
    return Buffer.from(`${body},\n${' '.repeat(schema1Indent)}"signatures": ${text}${end}`);
  };
}

/** The first 240 bits of the key's hash in base 32, by fours. libtrust, "Key ID". */
function keyId(key: KeyObject): string {
  const hash = createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest();
  const bits = [...hash.subarray(0, 30)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = bits.match(/.{5}/g)?.map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(five, 2)]);
  return (letters ?? []).join('').match(/.{4}/g)?.join(':') ?? '';
}
