import { expect, test } from 'vitest';
import { errorTable, RegistryError } from '../../../registry/model/index.ts';

/** OCI distribution-spec 1.1, "Error Codes", code-1 to code-14. */
const specified = [
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

const rows = Object.entries(errorTable);

test.each(rows.filter(([, row]) => row.status < 500))('%s has a code of the specification', (_, { code }) => {
  expect(specified).toContain(code);
});

test('every code of the specification is used', () => {
  const used: string[] = rows.map(([, row]) => row.code);
  expect(specified.filter((code) => !used.includes(code))).toEqual([]);
});

test('every status is one of an error', () => {
  expect(rows.filter(([, row]) => !(row.status >= 400 && row.status < 600))).toEqual([]);
});

test('no two kinds say the same', () => {
  const said = rows.map(([, { code, status, message }]) => `${code} ${status} ${message}`);
  expect(new Set(said).size).toBe(rows.length);
});

test('clients that read the words find them', () => {
  expect(errorTable.manifestUnknown).toMatchObject({ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' });
  expect(errorTable.unauthorized).toMatchObject({ code: 'UNAUTHORIZED', message: 'authentication required' });
});

test('MANIFEST_INVALID has one meaning, since clients answer it with another manifest type', () => {
  expect(rows.filter(([, row]) => row.code === 'MANIFEST_INVALID').map(([kind]) => kind)).toEqual([
    'manifestInvalid',
  ]);
});

test('an error says what the table says unless it knows better', () => {
  expect(new RegistryError('denied').message).toBe(errorTable.denied.message);
  const cause = new Error('why');
  const told = new RegistryError('denied', {
    message: 'no',
    detail: [1],
    retryAfter: 3,
    allow: ['GET'],
    cause,
  });
  expect(told).toMatchObject({
    kind: 'denied',
    message: 'no',
    detail: [1],
    retryAfter: 3,
    allow: ['GET'],
    cause,
  });
});
