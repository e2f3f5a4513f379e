import { expect, test } from 'vitest';
import { rows } from './rows/index.ts';
import { readOnly } from './rows/read-only.ts';

/** The headings of OCI distribution-spec 1.1 under which it asks something of a registry, and what it leans on. */
const headings = [
  'Pulling manifests',
  'Pulling blobs',
  'Pulling blobs: Range (RFC 9110 14)',
  'Checking if content exists in the registry',
  'Conditional requests (RFC 9110 13)',
  'Push',
  'POST then PUT',
  'Single POST',
  'Pushing a blob in chunks',
  'Cancel a blob upload',
  'Mounting a blob from another repository',
  'Pushing Manifests',
  'Pushing Manifests: tag parameters',
  'Pushing Manifests with Subject',
  'Listing Tags',
  'Listing Referrers',
  'Deleting tags',
  'Deleting Manifests',
  'Deleting Blobs',
  'Content Management where it is disabled',
  'Enabling the Referrers API',
  'Determining Support',
  'Endpoints',
  'Error Codes',
];

test('every heading has rows, and every row a sentence of its own', () => {
  const all = [...rows, ...readOnly];
  expect([...new Set(all.map((row) => row.paragraph))].sort()).toEqual([...headings].sort());
  const sentences = all.map(({ paragraph, says }) => `${paragraph}: ${says}`);
  expect(sentences.filter((each, at) => sentences.indexOf(each) !== at)).toEqual([]);
});
