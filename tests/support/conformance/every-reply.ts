import { expect } from 'vitest';
import type { Got, Sent } from './door.ts';

/** OCI distribution-spec 1.1, "Error Codes". */
const codes = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
];

/** Holds every reply to what the specification says of all of them: error bodies, relative links, warnings. */
export function checkEveryReply({ method, path }: Sent, { status, headers, body }: Got): void {
  const where = `${method} ${path}`;
  const values = (name: string): string[] =>
    headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  expect(status, where).toBeLessThan(500);
  if (status >= 400) {
    expect(values('content-type'), where).toEqual(['application/json']);
    if (method !== 'HEAD') checkErrors(body, where);
  }
  expect(values('www-authenticate').length, `${where}: a challenge, with 401 only`).toBe(
    status === 401 ? 1 : 0,
  );
  // A proxy in front would be passed by (trap T9).
  for (const address of values('location')) expect(address, where).toMatch(/^\/v2\//);
  for (const link of values('link')) expect(link, where).toMatch(/^<\/v2\/[^>]+>; rel="next"$/);
  // "Warnings": code 299, agent -, no date, at most 4096 bytes.
  for (const warning of values('warning')) expect(warning, where).toMatch(/^299 - "[^"]*"$/);
  expect(values('warning').join('').length, where).toBeLessThanOrEqual(4096);
}

function checkErrors(body: Buffer, where: string): void {
  const { errors, ...more } = JSON.parse(body.toString('utf8')) as {
    errors: { code: string; message?: unknown }[];
  };
  expect(more, where).toEqual({});
  expect(errors.length, where).toBeGreaterThan(0);
  for (const { code, message } of errors) {
    expect(codes, where).toContain(code);
    expect(message, where).toBeTypeOf('string');
  }
}
